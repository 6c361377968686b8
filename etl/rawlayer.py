"""The raw layer as a build sees it: the documents of the last listing, each once, and what is missing of them.

Only what was listed last and is held in that very version counts, so a document that changed or was deleted at the
source leaves the next release, and a shard that two workers made counts once.
"""

import json
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from etl.datadir import DataDir
from etl.errors import UsageError, explain_damage
from etl.globs import quote_files
from etl.shards import NOT_FETCHED_SCHEMA, SHARD_SCHEMA
from etl.sources.base import LISTING_SCHEMA

# Which shard stands for each listed document. Where several hold it (two workers fetched it), the lowest MD5 decides,
# so that the choice doesn't depend on the order of the shards; rows of one MD5 hold the same bytes.
_CHOSEN = """
create table chosen as
select held.key, held.etag, min(held.md5) as md5, arg_min(held.file_index, held.md5) as file_index
from held
semi join listing using (key, etag)
group by held.key, held.etag
"""
_RAW_DOCUMENTS = """
create view raw_documents as
select held.key, held.size, held.etag, held.last_modified, held.md5, held.body
from held
"""
_ONLY_CHOSEN = "semi join chosen using (key, etag, file_index)"
_ALL_CHOSEN = "select (select count(*) from held) = (select count(*) from chosen)"

_MISSING = """
create table missing as
select listing.key, coalesce(failed.error, 'not fetched yet') as error
from listing
anti join chosen using (key, etag)
left join failed using (key)
"""
# The hashes of the documents are combined by exclusive or, which knows no order and so needs no sort.
_FINGERPRINT = """
select substr(sha256(bit_xor(md5_number(fingerprint)) || ?), 1, 12)
from (
  select concat_ws(chr(9), listing.key, listing.etag, listing.size, listing.last_modified, chosen.md5) as fingerprint
  from listing
  left join chosen using (key, etag)
  union all
  select concat_ws(chr(9), key, etag, size, last_modified)
  from listed_images
  union all
  select 'images listed: ' || images_listed
  from listing_facts
)
"""
_COUNTS = """
select
  (select count(*) from listing) as listed,
  (select count(*) from bins) as loaded,
  (select count(*) from rejects where scope = 'document') as rejected,
  (select count(*) from missing) as not_fetched,
  (select coalesce(sum(line_count), 0)::bigint from documents where reason is null) as lines_seen,
  (select count(*) from observations) as lines_loaded,
  (select count(*) from rejects where scope = 'line') as lines_rejected,
"""
_REMEDY = "Delete the damaged file and run `abid-etl fetch` again: it gets what is missing."
_SQL_TYPES = {pa.string(): "varchar", pa.int64(): "bigint", pa.binary(): "blob", pa.timestamp("us"): "timestamp"}


def open_raw_layer(connection: duckdb.DuckDBPyConnection, data: DataDir) -> None:
    """Give `connection` the inputs of the models: raw_documents, listed_images, listing_facts; and listing, missing.

    Raises:
        UsageError: nothing has been fetched yet.
    """
    with explain_damage(f"the raw layer in {data.raw}", _REMEDY):
        _open(connection, data)


def _open(connection: duckdb.DuckDBPyConnection, data: DataDir) -> None:
    _create_view(connection, "listing", [str(data.listing)], LISTING_SCHEMA)
    _create_view(connection, "held", data.shard_files(), SHARD_SCHEMA)
    _create_view(connection, "failed", _existing(data.not_fetched), NOT_FETCHED_SCHEMA)
    _create_view(connection, "listed_images", _existing(data.images), LISTING_SCHEMA)
    connection.execute(f"create view listing_facts as select {data.images.is_file()} as images_listed")
    connection.execute(_CHOSEN)
    # Nearly always the shards hold what was listed and no more; then no join stands between the models and the bytes.
    all_chosen = connection.execute(_ALL_CHOSEN).fetchone() == (True,)
    connection.execute(_RAW_DOCUMENTS + ("" if all_chosen else _ONLY_CHOSEN))
    connection.execute(_MISSING)


def require_listing(data: DataDir) -> None:
    """Raise a UsageError when nothing has been fetched yet."""
    if not data.listing.is_file():
        raise UsageError(
            f"nothing has been fetched into {data.root} yet: run `abid-etl fetch SOURCE --data-dir {data.root}`"
        )


def find_largest(data: DataDir) -> int:
    """The bytes of the largest listed document.

    Raises:
        UsageError: nothing has been fetched yet.
    """
    require_listing(data)
    with explain_damage(str(data.listing), _REMEDY):
        return int(pc.max(pq.read_table(data.listing, columns=["size"])["size"]).as_py())


def list_missing(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """Key and reason of every listed document that no shard holds, sorted by key."""
    return connection.sql("select key, error from missing order by key").fetchall()


def fingerprint_documents(connection: duckdb.DuckDBPyConnection, code: str) -> str:
    """The release's id: twelve hex digits that depend on the documents and on `code` only."""
    row = connection.execute(_FINGERPRINT, [code]).fetchone()
    return str(row[0]) if row else ""


def read_facts(data: DataDir) -> dict[str, Any]:
    """What the last listing says about its source: source, listed_at, synthetic (how it was made, or null)."""
    with explain_damage(str(data.listing), _REMEDY):
        facts: dict[str, Any] = json.loads(pq.read_schema(data.listing).metadata[b"abid"])
    return facts


def count_documents(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """The two sides of the conservation equations, the rejects by reason, and what is missing."""
    relation = connection.sql(_COUNTS)
    counts = dict(zip(relation.columns, relation.fetchall()[0], strict=True))
    reasons = connection.sql("select reason, count(*) from rejects group by all order by all").fetchall()
    return {
        "documents": {name: counts[name] for name in ("listed", "loaded", "rejected", "not_fetched")},
        "lines": {name: counts[f"lines_{name}"] for name in ("seen", "loaded", "rejected")},
        "rejects_by_reason": dict(reasons),
        "not_fetched": [{"key": key, "error": error} for key, error in list_missing(connection)],
    }


def _existing(path: Path) -> list[str]:
    return [str(path)] if path.is_file() else []


def _create_view(connection: duckdb.DuckDBPyConnection, name: str, files: list[str], schema: pa.Schema) -> None:
    """A view on `files`, with each row's file as its place among them; without files, one without rows."""
    if files:
        connection.execute(f"create view {name} as select *, file_index from read_parquet({quote_files(files)})")
    else:
        columns = ", ".join(f"null::{_SQL_TYPES[field.type]} as {field.name}" for field in schema)
        connection.execute(f"create view {name} as select {columns}, null::bigint as file_index where false")
