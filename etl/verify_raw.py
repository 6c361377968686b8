"""Is the raw layer what it says it is? Each promise is held against every byte, and what breaks it is named."""

from dataclasses import dataclass, field

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from etl import rawlayer
from etl.datadir import DataDir
from etl.errors import UsageError, explain_damage, explain_full_disk
from etl.fetch import NOT_FETCHED_SCHEMA
from etl.findings import Finding
from etl.lock import lock_writing
from etl.progress import UNWATCHED, Progress, Step
from etl.raw import DOCUMENTS, FOLDERS, IMAGES, LISTINGS, NOT_FETCHED, REMEDY, Raw, RawFolder
from etl.shards import SHARD_SCHEMA, hash_documents
from etl.sources.base import LISTING_SCHEMA

_SCHEMAS = {
    DOCUMENTS: SHARD_SCHEMA,
    LISTINGS: LISTING_SCHEMA,
    IMAGES: LISTING_SCHEMA,
    NOT_FETCHED: NOT_FETCHED_SCHEMA,
}
_FALSE = """
select key
from documents
where md5(body) <> md5 or octet_length(body) <> size
order by key
"""
_TWICE = """
select key || ' in ' || string_agg(file, ', ' order by file)
from contents
group by key, etag
having count(*) > 1
order by key
"""


def verify_raw(data: DataDir, *, raw: Raw | None = None, progress: Progress = UNWATCHED) -> list[Finding]:
    """Read the whole raw layer and hold it to its promises. Memory: one shard, and the keys of all.

    Raises:
        StorageError: no space is left in `data` for the copy of a raw layer that is kept in a bucket.
        UsageError: nothing has been fetched yet, the latest listing can't be read, or another process writes to `data`.
    """
    with (
        explain_full_disk(data.root),
        lock_writing(data),  # a fetch removes what it has replaced
        (raw or RawFolder(data.raw)).localize(data.raw_copy) as local,
        duckdb.connect() as connection,
    ):
        return _Verification(local, connection).run(progress)


@dataclass(frozen=True, slots=True)
class _Readable(RawFolder):
    """A raw layer without some files."""

    unreadable: frozenset[str]

    def list_files(self, folder: str) -> list[str]:
        return [name for name in RawFolder.list_files(self, folder) if name not in self.unreadable]


@dataclass
class _Verification:
    raw: RawFolder
    connection: duckdb.DuckDBPyConnection
    documents: int = 0
    shards: int = 0
    unreadable: dict[str, str] = field(default_factory=dict)
    misnamed: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)

    def run(self, progress: Progress) -> list[Finding]:
        rawlayer.find_largest(self.raw)  # without a listing that can be read, nothing can be verified
        self.connection.execute("create table contents (key varchar, etag varchar, file varchar)")
        names = [name for folder in FOLDERS for name in self.raw.list_files(folder)]
        with progress.step("reading the raw layer", len(names), "files") as step:
            for name in names:
                self._read_file(name, step)
        twice = [row[0] for row in self.connection.sql(_TWICE).fetchall()]
        listed, missing = self._find_missing()
        return [
            Finding("every file can be read", len(names), list(self.unreadable.values()), REMEDY),
            Finding("every shard is named after what it holds", self.shards, self.misnamed, REMEDY),
            Finding("every document has the size and the MD5 recorded for it", self.documents, self.false, REMEDY),
            Finding("no document is held twice", self.documents, twice, "`abid-etl compact` keeps one of each."),
            Finding("every listed document is held", listed, missing, "`abid-etl fetch` gets what is missing."),
        ]

    def _read_file(self, name: str, step: Step) -> None:
        path = self.raw.root / name
        try:
            with explain_damage(name, REMEDY):
                table = pq.read_table(path).cast(_SCHEMAS[name.partition("/")[0]])
        except (UsageError, OSError) as error:
            self.unreadable[name] = str(error).partition("\n")[0]
        else:
            if name.startswith(DOCUMENTS):
                self._verify_shard(name, table)
        step.advance(1, path.stat().st_size)

    def _verify_shard(self, name: str, documents: pa.Table) -> None:
        self.shards += 1
        self.documents += documents.num_rows
        if name != f"{DOCUMENTS}/{hash_documents(documents)}.parquet":
            self.misnamed.append(name)
        self.connection.register("documents", documents)
        self.false += [f"{key} in {name}" for (key,) in self.connection.execute(_FALSE).fetchall()]
        self.connection.execute("insert into contents select key, etag, ? from documents", [name])
        self.connection.unregister("documents")

    def _find_missing(self) -> tuple[int, list[str]]:
        """How many documents are listed, and which of them are in no shard that can be read."""
        with duckdb.connect() as connection:
            rawlayer.open_raw_layer(connection, _Readable(self.raw.root, frozenset(self.unreadable)))
            listed = connection.sql("select count(*) from listing").fetchall()[0][0]
            return listed, [f"{key}: {error}" for key, error in rawlayer.list_missing(connection)]
