"""The models of `sql/models/`: what they are called, what their columns mean, in which order they run.

A column that several tables share is described in the first model that has it; the others name it only, and so can't
drift from it. The order of the models follows from what each query reads.
"""

import hashlib
import re
from dataclasses import dataclass, replace
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

from etl import __version__
from etl.sqlfiles import SqlFile, read_folder

if TYPE_CHECKING:
    import duckdb

_NAMED = re.compile(r"(\w+)(\s+not null)?")
_COLUMN = re.compile(
    r"(\w+)\s+(varchar|integer|bigint|double|boolean|timestamp|lines|opened|texts|numbers)(\s+not null)?\s+(\S.*)"
)

_COMMENT = re.compile(r"--.*")
_CTE = re.compile(r"(\w+)\s+as\s+(?:not\s+)?(?:materialized\s+)?\(", re.IGNORECASE)
_READ = re.compile(r"\b(?:from|join)\s+(\w+)", re.IGNORECASE)


SCHEMA_VERSION = 1
"""Of the published tables, in every manifest. A change of their names, columns, types, keys or order is a new one."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column as its header describes it. `type` is DuckDB's, or a staging model's own."""

    name: str
    type: str
    nullable: bool
    description: str


@dataclass(frozen=True, slots=True)
class Model:
    """One model. `reads` names the models that its query refers to.

    `parts` is an expression: the number of the file, among those of its partition, that a row goes to.
    """

    name: str
    kind: str
    grain: str
    about: str
    partition: str
    parts: str
    order: str
    columns: tuple[Column, ...]
    query: str
    reads: frozenset[str]

    @property
    def is_table(self) -> bool:
        """Whether a release publishes it; a staging model is a table or a view of the build only."""
        return self.kind == "table"

    @property
    def column_names(self) -> list[str]:
        """In the order of the table."""
        return [column.name for column in self.columns]


@cache
def load_models() -> dict[str, Model]:
    """All models by name, each after those that it reads."""
    files = read_folder("models")
    reads = {name: find_reads(file.query) & files.keys() - {name} for name, file in files.items()}
    order = TopologicalSorter({name: sorted(reads[name]) for name in files}).static_order()
    models: dict[str, Model] = {}
    for name in order:
        models[name] = _load(files[name], reads[name], _described(models))
    return models


def find_needed(*names: str) -> list[Model]:
    """The models of these names and all that they read, each after what it reads."""
    models, needed = load_models(), set(names)
    for name in reversed(models):
        if name in needed:
            needed |= models[name].reads
    return [model for name, model in models.items() if name in needed]


def load_tables() -> dict[str, Model]:
    """The models that a release publishes."""
    return {name: model for name, model in load_models().items() if model.is_table}


@cache
def load_views() -> dict[str, Model]:
    """The views of `sql/views/` on those tables, for whoever reads a release: they hold no data."""
    described = _described(load_models())
    return {name: _load(file, frozenset(), described) for name, file in read_folder("views").items()}


@cache
def load_inferences() -> dict[str, Model]:
    """The models of `sql/models/inferred/`: what a release lets us infer. Asked with parameters, never published."""
    inferences: dict[str, Model] = {}
    for name, file in read_folder("models/inferred").items():
        described = _described(inferences | load_views() | load_models())
        inferences[name] = _load(file, frozenset(), described)
    return inferences


def load_readable() -> dict[str, Model]:
    """All that a release can be asked for: its tables, and the views on them."""
    return load_tables() | load_views()


def fingerprint_code() -> str:
    """A hash of everything that decides the bytes of a release besides the documents.

    That is this project's version, its macros, models, views and export, and the versions of the libraries that run and
    write.
    """
    from importlib.metadata import version  # noqa: PLC0415  (slow to import, and needed here only)

    digest = hashlib.sha256(f"{__version__} {version('duckdb')} {version('pyarrow')}".encode())
    digest.update((Path(__file__).parent / "export.py").read_bytes())
    for kind in ("macros", "models", "views"):
        for name, file in read_folder(kind).items():
            digest.update(f"\n{kind}/{name}\n".encode() + file.path.read_bytes())
    return digest.hexdigest()


def define_macros(connection: "duckdb.DuckDBPyConnection") -> None:
    """Make the macros that the models use known to `connection`."""
    for file in read_folder("macros").values():
        connection.execute(file.query)


def find_reads(query: str) -> frozenset[str]:
    """Every name after `from` or `join` that isn't that of a common table expression above it.

    (`get_table_names` of DuckDB binds joins, so wants tables.).
    """
    before, *rest = _CTE.split(_COMMENT.sub("", query))
    names, bodies = rest[::2], rest[1::2]
    reads = set(_READ.findall(before))
    for number, body in enumerate(bodies):
        reads.update(name for name in _READ.findall(body) if name not in names[:number])
    return frozenset(reads)


def _described(models: dict[str, Model]) -> dict[str, Column]:
    """The columns that needn't be described again: those of tables go before those of staging models."""
    in_turn = sorted(models.values(), key=lambda model: not model.is_table)
    return {column.name: column for model in reversed(in_turn) for column in reversed(model.columns)}


def _load(file: SqlFile, reads: frozenset[str], described: dict[str, Column]) -> Model:
    return Model(
        name=file.name,
        kind=file.text_of("kind"),
        grain=file.text_of("grain"),
        about=file.text_of("about"),
        partition=file.text_of("partition"),
        parts=file.text_of("parts"),
        order=file.text_of("order"),
        columns=tuple(_parse_column(row, file, described) for row in file.rows_of("columns")),
        query=file.query,
        reads=reads,
    )


def _parse_column(row: str, file: SqlFile, described: dict[str, Column]) -> Column:
    """`name type [not null] description`, or `name [not null]` for a column that a model above describes."""
    if named := _NAMED.fullmatch(row):
        name, not_null = named.groups()
        if name not in described:
            raise ValueError(f"{file.path}: no model above this one describes the column {name}")
        return replace(described[name], nullable=described[name].nullable and not not_null)
    if match := _COLUMN.fullmatch(row):
        name, type_, not_null, description = match.groups()
        return Column(name, type_, not not_null, description)
    raise ValueError(f"{file.path}: not a column: {row}")
