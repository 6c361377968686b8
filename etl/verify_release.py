"""Is a release what its manifest says? First the manifest itself, then every byte, then what the tables say.

What comes later relies on what comes before, so it isn't asked where something is broken already.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from etl.catalog import CATALOG, find_astray
from etl.checks import run_check
from etl.datadir import DataDir
from etl.emptytables import RAW_LAYER, create_empty
from etl.errors import UsageError
from etl.filechecks import RULES, check_files
from etl.findings import Finding
from etl.globs import quote_text
from etl.lock import hold_folder
from etl.manifest import MANIFEST, describe_file, list_files, read_manifest, seal_manifest
from etl.models import SCHEMA_VERSION, define_macros, find_reads, load_models, load_tables
from etl.progress import UNWATCHED, Progress, Step
from etl.receipt import register_receipt
from etl.release import CURRENT, describe_absence, find_id, table_glob
from etl.sqlfiles import read_folder

_VIEWS = "select view_name from duckdb_views() where not internal"
_INPUTS = {"raw_documents", "listing", "listed_images", "listing_facts", "missing"}
# Terms of the receipt that only the raw layer can tell; its tables are empty here, for the others to be computed.
_TOLD_BY_RAW_LAYER = ("listed", "seen", "not_fetched")


def verify_release(data: DataDir, wanted: str | None = None, *, progress: Progress = UNWATCHED) -> list[Finding]:
    """Read a whole release and hold it to its promises. Memory: some row groups, and what DuckDB needs for the checks.

    `wanted` is its id, or as much of it as no other begins with; None and `current` stand for the current one.

    Raises:
        UsageError: there is no such release.
    """
    path = _find(data, wanted)
    with _holding(path):
        return _Verification(path, is_current=path.name == data.current.resolve().name).run(progress)


def _find(data: DataDir, wanted: str | None) -> Path:
    """The folder of a release, be it damaged or not there at all any more."""
    if wanted in (None, CURRENT):
        if not data.current.is_symlink():
            raise UsageError(describe_absence(data))
        return data.releases / data.current.resolve().name
    return data.releases / find_id(str(wanted), [path.name for path in data.releases.glob("*")])


@contextmanager
def _holding(path: Path) -> Iterator[None]:
    held = hold_folder(path)
    try:
        yield
    finally:
        if held is not None:
            os.close(held)


@dataclass
class _Verification:
    path: Path
    is_current: bool
    manifest: dict[str, Any] = field(default_factory=dict)
    false: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    read: int = 0

    def run(self, progress: Progress) -> list[Finding]:
        findings = [self._verify_manifest()]
        if not findings[0].broken:
            findings += self._verify_files(progress)
        if not any(finding.broken for finding in findings):
            with progress.step("checking"):
                findings += self._verify_tables()
        return findings

    @property
    def _remedy(self) -> str:
        if self.is_current:
            return (
                "`abid-etl build` makes it again, if neither the raw layer nor the version of the program has changed "
                "since; else it makes another. `abid-etl rollback` goes back to a former one."
            )
        return (
            "it can be made again only of the documents that it was made of, by the version that made it. "
            f"Get {self.path} back from a copy, or remove it."
        )

    def _verify_manifest(self) -> Finding:
        return Finding("the manifest is as it was written", 1, self._find_faults_of_manifest(), self._remedy)

    def _find_faults_of_manifest(self) -> list[str]:
        try:
            self.manifest = read_manifest(self.path)
            if seal_manifest(self.manifest) != (self.path / MANIFEST).read_bytes():
                return [f"{MANIFEST} of {self.path.name} was changed: its seal is another"]
        except OSError as error:
            return [f"{MANIFEST} of {self.path.name} can't be read: {error.strerror}"]
        except (ValueError, AttributeError) as error:  # no JSON, or no object
            return [f"{MANIFEST} of {self.path.name} can't be read: {error}"]
        if self.manifest["release"] != self.path.name:
            return [f"{MANIFEST} of {self.path.name} is that of {self.manifest['release']}"]
        return []

    def _verify_files(self, progress: Progress) -> list[Finding]:
        described = {file["path"]: file for file in list_files(self.manifest)}
        there = {str(path.relative_to(self.path)) for path in self.path.rglob("*") if not _is_folder(path)}
        with progress.step("reading the release", len(described), "files") as step:
            for file in described.values():
                self._verify_file(file, step)
        unknown = sorted(there - described.keys() - {MANIFEST})
        true = "every file has the size and the SHA-256 recorded for it"
        readable = "every file of a table can be read, with the rows and columns recorded for it"
        return [
            Finding(true, len(described), self.false, self._remedy),
            Finding("every file is one that the manifest names", len(there), unknown, f"delete it from {self.path}."),
            Finding(readable, self.read, self.unreadable, self._remedy),
        ]

    def _verify_file(self, file: dict[str, Any], step: Step) -> None:
        try:
            found = describe_file(self.path / file["path"], self.path)
        except OSError as error:
            self.false.append(f"{file['path']}: {error.strerror}")
        else:
            if found["bytes"] != file["bytes"]:
                self.false.append(f"{file['path']} has {found['bytes']:,} bytes instead of {file['bytes']:,}")
            elif found["sha256"] != file["sha256"]:
                self.false.append(f"{file['path']} has another SHA-256")
            elif "rows" in file:
                self._read_rows(file)
        step.advance(1, file["bytes"])

    def _read_rows(self, file: dict[str, Any]) -> None:
        self.read += 1
        columns = [column["name"] for column in self.manifest["tables"][Path(file["path"]).parts[0]]["columns"]]
        try:
            with pq.ParquetFile(self.path / file["path"]) as parquet:
                rows = sum(batch.num_rows for batch in parquet.iter_batches())
                if (rows, parquet.schema_arrow.names) != (file["rows"], columns):
                    self.unreadable.append(
                        f"{file['path']} has {rows:,} rows of {', '.join(parquet.schema_arrow.names)}"
                    )
        except (OSError, ValueError) as error:  # PyArrow's errors are ValueErrors
            self.unreadable.append(f"{file['path']}: {error}")

    def _verify_tables(self) -> list[Finding]:
        with duckdb.connect() as connection:
            define_macros(connection)
            for name in self.manifest["tables"]:
                files = quote_text(table_glob(self.path, name))
                connection.execute(f"create view {name} as from read_parquet({files}, hive_partitioning = false)")
            register_receipt(connection, self.manifest["receipt"])
            checks = self._run_checks(connection)
            terms = _count_terms(connection)
        receipt = {(row["equation"], row["term"]): row["amount"] for row in self.manifest["receipt"]}
        false = [
            f"{equation} {term}: {receipt.get((equation, term))} recorded, {amount} found"
            for equation, term, amount in terms
            if receipt.get((equation, term)) != amount
        ]
        return [
            self._verify_views(),
            Finding("the tables hold what the receipt says", len(terms), false, self._remedy),
            checks,
        ]

    def _run_checks(self, connection: duckdb.DuckDBPyConnection) -> Finding:
        """Those that can be run on a release alone; those of this version know nothing of other tables."""
        promise = "every check that needs no raw layer holds"
        if self.manifest["schema_version"] != SCHEMA_VERSION:
            other = f"{promise} (none was asked: the tables are of schema version {self.manifest['schema_version']})"
            return Finding(other, 0, [], self._remedy)
        tables = load_tables()
        only_in_a_build = load_models().keys() - tables.keys() - {"receipt"} | _INPUTS
        names = [name for name, check in read_folder("checks").items() if not find_reads(check.query) & only_in_a_build]
        said = [failure for model in tables.values() for failure in check_files(self.path, model)]
        said += [failure for name in names if (failure := run_check(connection, name))]
        return Finding(promise, len(names) + len(RULES), [str(failure).strip() for failure in said], self._remedy)

    def _verify_views(self) -> Finding:
        promise, remedy = f"every view of {CATALOG} answers", "`abid-etl build` writes it anew."
        tables = self.manifest["tables"]
        try:
            broken = dict.fromkeys(find_astray(self.path), "leads to another folder")
        except duckdb.Error as error:
            return Finding(promise, len(tables), [f"{CATALOG} can't be opened: {error}"], self._remedy)
        with duckdb.connect(str(self.path / CATALOG), read_only=True) as connection:
            views = {name for (name,) in connection.execute(_VIEWS).fetchall()} | tables.keys()
            for name in sorted(views - broken.keys()):
                try:
                    [(rows,)] = connection.execute(f"select count(*) from {name}").fetchall()
                except duckdb.Error as error:
                    broken[name] = str(error).partition("\n")[0]
                else:
                    if name in tables and rows != tables[name]["rows"]:
                        broken[name] = f"shows {rows:,} rows instead of {tables[name]['rows']:,}"
        said = [f"{CATALOG}: {name} {what}" for name, what in broken.items()]
        return Finding(promise, len(views), said, remedy)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _count_terms(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str, int]]:
    """Equation, term and amount of what the receipt says of the tables."""
    create_empty(connection, [*RAW_LAYER, "documents"])
    terms = connection.sql(f"select equation, term, amount from ({load_models()['receipt'].query})")
    return [row for row in terms.fetchall() if row[1] not in _TOLD_BY_RAW_LAYER]
