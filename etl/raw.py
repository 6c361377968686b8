"""Where the raw layer is: a folder, or a prefix of a bucket. Everything in it is a Parquet file that appears whole.

- `documents/<hash>.parquet`: shards of whole documents
- `listings/<id>.parquet`: what the source held when it was listed; the latest one counts
- `images/<id>.parquet`: the pictures that it held, when they were listed
- `not_fetched/<id>.parquet`: what that fetch could not get, and why

No two files of different content have the same name, so raw layers merge by putting their files together. The id of a
listing begins with its time, so the latest sorts last.
"""

import datetime as dt
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from etl.atomic import remove_leftovers, replace_file
from etl.errors import explain_damage

DOCUMENTS, LISTINGS, IMAGES, NOT_FETCHED = FOLDERS = ("documents", "listings", "images", "not_fetched")
REMEDY = "Delete the damaged file and run `abid-etl fetch` again: it gets what is missing."


class Raw(Protocol):
    """A raw layer. Picklable. Names are relative to it: `documents/0123456789abcdef01234567.parquet`."""

    @property
    def uri(self) -> str:
        """Its name in messages."""

    def list_files(self, folder: str) -> list[str]:
        """The names of the complete files in one of `FOLDERS`, sorted."""

    def open_file(self, name: str) -> Any:
        """A file to read from, for PyArrow."""

    def copy_file(self, name: str, path: Path) -> None:
        """Copy a file, as it is, to a path of this machine."""

    def write_file(self, name: str, table: pa.Table, **options: Any) -> None:
        """Write a Parquet file, which appears whole or not at all."""

    def remove_file(self, name: str) -> None:
        """Remove a file, if it is there."""

    def prepare(self) -> None:
        """Make it ready to be written to: what killed runs left is removed."""

    def localize(self, scratch: Path) -> Any:
        """A context: the same raw layer as a folder; what has to be copied for that goes into `scratch`."""


@dataclass(frozen=True, slots=True)
class RawFolder:
    """A raw layer in a folder."""

    root: Path

    @property
    def uri(self) -> str:
        """See `Raw`."""
        return str(self.root)

    def list_files(self, folder: str) -> list[str]:
        """See `Raw`. Temporary files have another ending."""
        return sorted(f"{folder}/{path.name}" for path in (self.root / folder).glob("*.parquet"))

    def list_paths(self, folder: str) -> list[str]:
        """The same as paths, for DuckDB."""
        return [str(self.root / name) for name in self.list_files(folder)]

    def open_file(self, name: str) -> Path:
        """See `Raw`."""
        return self.root / name

    def copy_file(self, name: str, path: Path) -> None:
        """See `Raw`."""
        shutil.copyfile(self.root / name, path)

    def write_file(self, name: str, table: pa.Table, **options: Any) -> None:
        """See `Raw`."""
        with replace_file(self.root / name) as temporary:
            pq.write_table(table, temporary, compression="zstd", **options)

    def remove_file(self, name: str) -> None:
        """See `Raw`."""
        (self.root / name).unlink(missing_ok=True)

    def prepare(self) -> None:
        """See `Raw`."""
        for folder in FOLDERS:
            (self.root / folder).mkdir(parents=True, exist_ok=True)
            remove_leftovers(self.root / folder)

    @contextmanager
    def localize(self, scratch: Path) -> Iterator["RawFolder"]:  # noqa: ARG002  nothing has to be copied
        """See `Raw`."""
        yield self


def read_files(raw: Raw, names: list[str], schema: pa.Schema) -> pa.Table:
    """The columns of `schema` of several files, one after the other."""
    tables = [schema.empty_table()]
    for name in names:
        with explain_damage(f"{name} in {raw.uri}", REMEDY):
            tables.append(pq.read_table(raw.open_file(name), columns=schema.names).cast(schema))
    return pa.concat_tables(tables)


def name_listing(worker: str) -> str:
    """A new id for a listing: when, by which worker (`3of8`), and what tells two of one moment apart."""
    return f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S.%fZ}-{worker}-{secrets.token_hex(4)}"


def find_superseded(raw: Raw, worker: str) -> list[str]:
    """The files of former listings that a new one of this worker replaces: its own, or all if it works alone."""
    names = [name for folder in (LISTINGS, IMAGES, NOT_FETCHED) for name in raw.list_files(folder)]
    return [name for name in names if worker in ("1of1", name.split("-")[-2])]
