"""The tasks of a build that is shared out, whoever runs them.

A task of bins makes the tables of one chunk of bins from the chunk's raw layer, and holds them against the checks. What
it can't finish, because that takes what other chunks know, it leaves in folders: the lines of some items (`items-3`),
and rows of tables that aren't parted by bins (`rejects-0`). A second task finishes each of these folders.

They run the models and checks of every build, on a DuckDB of their own; a table that is made elsewhere is empty here.
"""

import platform
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import duckdb

from etl import rawlayer
from etl.checks import RECEIPT, list_checks, run_checks
from etl.embedded import connect
from etl.emptytables import RAW_LAYER, create_empty
from etl.engine import Files, Limits, Made, join_made
from etl.errors import UsageError
from etl.exchange import Frame, open_chunk
from etl.export import describe_tables, export_model, write_empty
from etl.globs import escape_glob, quote_text
from etl.itemlines import ItemLines
from etl.models import Model, define_macros, fingerprint_code, load_models, load_tables
from etl.receipt import Row, read_receipt, register_receipt
from etl.runner import run_model, take_models

_ITEMS, _LINES = "items", "observations"
_ITEM_KEY = "asin_kind"
_LEAVE_ROWS = "copy {table} to {file} (format parquet, compression lz4)"


@dataclass(frozen=True, slots=True)
class Order:
    """What all tasks of one build are told; `code` is the fingerprint of what makes the bytes of a release."""

    limits: Limits
    frame: Frame
    item_parts: int
    code: str

    def require_code(self) -> None:
        """Have this machine run the code that the release is named by.

        Raises:
            UsageError: it runs another.
        """
        if self.code != fingerprint_code():
            raise UsageError(
                f"{platform.node()} has another version of abid-warehouse, DuckDB or PyArrow than the machine that the "
                "build was started on: install the same everywhere"
            )


@dataclass(frozen=True, slots=True)
class Counted:
    """What is known of a chunk before anything is made of it.

    How many documents are listed, what they add to the release's id, and key and reason of each that is missing.
    """

    chunk: str
    listed: int
    hash: str
    missing: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Places:
    """Where a task finds its pieces, and where its tables, what it leaves to others, and what it spills go."""

    pieces: Path
    tables: Path
    left: Path
    spill: Path


Task = Callable[[Order, str, Places], Made]


def complete(parts: list[Made], folder: Path) -> Made:
    """What all tasks made, with a file below `folder` for each table that none of them had rows of.

    Raises:
        CheckError: the equations of the receipt don't hold for the whole.
    """
    made = join_made(parts)
    empty = {
        name: [write_empty(model, folder / name)] for name, model in load_tables().items() if name not in made.files
    }
    with duckdb.connect() as connection:
        register_receipt(connection, made.receipt)
        run_checks(connection, folder, empty, [RECEIPT])
    return replace(made, files=made.files | describe_tables(empty, folder))


def count_chunk(order: Order, chunk: str, pieces: Path, spill: Path) -> Counted:
    """Look at a chunk whose pieces may lack the documents' bytes."""
    raw = open_chunk(pieces, order.frame)
    with connect(order.limits.threads or 1, order.limits.choose_memory(0), spill) as connection:
        rawlayer.open_raw_layer(connection, raw)
        missing = rawlayer.list_missing(connection)
        return Counted(chunk, rawlayer.count_listed(raw), rawlayer.hash_documents(connection), missing)


def list_missing(counted: list[Counted]) -> list[tuple[str, str]]:
    """All that is missing, sorted by key."""
    return sorted((key, error) for chunk in counted for key, error in chunk.missing)


def list_left(order: Order, chunks: list[str]) -> list[str]:
    """The names under which tasks of these chunks may leave something."""
    parts = sorted({chunk.partition("-")[2] for chunk in chunks})
    gathered = [f"{model.name}-{part}" for model in load_tables().values() if _is_gathered(model) for part in parts]
    return [*(f"{_ITEMS}-{part}" for part in range(order.item_parts)), *gathered]


def make_bins(order: Order, chunk: str, places: Places) -> Made:
    """Make the tables of one chunk of bins."""
    raw = open_chunk(places.pieces, order.frame)
    memory = order.limits.choose_memory(rawlayer.find_largest(raw))
    with connect(order.limits.threads or 1, memory, places.spill) as connection:
        rawlayer.open_raw_layer(connection, raw)
        _prepare(connection, order)
        made: dict[str, list[Path]] = {}
        for model in take_models(connection):
            if _is_of_items(model):
                create_empty(connection, [model.name])
            elif _is_gathered(model):
                connection.execute(f"create table {model.name} as {model.query}")
            elif model.name == _LINES:
                with ItemLines(places.left, chunk) as lines:
                    made[model.name] = run_model(connection, model, places.tables, lines)
            elif files := run_model(connection, model, places.tables):
                made[model.name] = files
        run_checks(connection, places.tables, made, list_checks(of_items=False))
        _leave(connection, chunk, places.left)
        receipt, rejects = read_receipt(connection), rawlayer.count_rejects(connection)
    return Made(_keep_rows(made, places.tables), receipt, rejects)


def finish(order: Order, name: str, places: Places) -> Made:
    """Finish what tasks of bins left under this name."""
    table = name.partition("-")[0]
    rows = f"select * from read_parquet({quote_text(f'{escape_glob(places.pieces)}/*.parquet')})"
    with connect(order.limits.threads or 1, order.limits.choose_memory(0), places.spill) as connection:
        _prepare(connection, order)
        make = _make_items if table == _ITEMS else _make_gathered
        made = make(connection, replace(load_tables()[table], query=rows), places.tables)
        receipt = _read_receipt(connection) if table == _ITEMS else []
    return Made(_keep_rows(made, places.tables), receipt, {})


def _keep_rows(made: dict[str, list[Path]], folder: Path) -> Files:
    """Remove files without rows, since other tasks make some with them; returns what the manifest says of the rest."""
    described = describe_tables(made, folder)
    for file in chain.from_iterable(described.values()):
        if not file["rows"]:
            (folder / file["path"]).unlink()
    kept = {table: [file for file in files if file["rows"]] for table, files in described.items()}
    return {table: files for table, files in kept.items() if files}


def _prepare(connection: duckdb.DuckDBPyConnection, order: Order) -> None:
    define_macros(connection)
    connection.execute(f"set variable item_parts = {order.item_parts}")


def _is_of_items(model: Model) -> bool:
    return model.partition == _ITEM_KEY


def _is_gathered(model: Model) -> bool:
    """Whether a table's files aren't those of chunks of bins."""
    return model.is_table and not model.partition


def _leave(connection: duckdb.DuckDBPyConnection, chunk: str, left: Path) -> None:
    """Write what others finish, each to its folder, under a name that no other task uses."""
    for model in filter(_is_gathered, load_tables().values()):
        if connection.sql(f"select 1 from {model.name} limit 1").fetchall():
            path = left / f"{model.name}-{chunk.partition('-')[2]}" / f"{chunk}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            connection.execute(_LEAVE_ROWS.format(table=model.name, file=quote_text(str(path))))


def _make_gathered(connection: duckdb.DuckDBPyConnection, model: Model, folder: Path) -> dict[str, list[Path]]:
    made = {model.name: export_model(connection, model, folder / model.name)}
    run_checks(connection, folder, made, [])
    return made


def _make_items(connection: duckdb.DuckDBPyConnection, lines: Model, folder: Path) -> dict[str, list[Path]]:
    connection.execute(f"create view observations as {lines.query}")
    connection.execute(f"create view quantities as {load_tables()['quantities'].query}")
    made = {model.name: run_model(connection, model, folder) for model in load_models().values() if _is_of_items(model)}
    run_checks(connection, folder, made, list_checks(of_items=True))
    return made


def _read_receipt(connection: duckdb.DuckDBPyConnection) -> list[Row]:
    """What items add to the receipt; their lines were counted where the bins are."""
    connection.execute("drop view quantities")
    connection.execute("drop view observations")
    receipt = load_models()["receipt"]
    create_empty(connection, [*RAW_LAYER, *receipt.reads])
    connection.execute(f"create view {receipt.name} as {receipt.query}")
    return read_receipt(connection)
