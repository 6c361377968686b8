"""The raw layer as a build sees it: the documents of the latest listing, each once, and what is missing of them.

Only what is listed and held in that very version counts, so a document that changed or was deleted at the source leaves
the next release, and a document that two workers fetched counts once. Workers list by themselves: the latest listing
says which documents there are, and where another worker's saw a newer version of one, that version counts.
"""

import json
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from etl.errors import UsageError, explain_damage
from etl.export import choose_item_parts
from etl.fetch import NOT_FETCHED_SCHEMA
from etl.globs import quote_files
from etl.raw import DOCUMENTS, IMAGES, LISTINGS, NOT_FETCHED, REMEDY, Raw, RawFolder, read_files
from etl.shards import SHARD_SCHEMA
from etl.sources.base import LISTING_SCHEMA

# What other listings know better than the latest one. As good as always there is one listing, or nothing to know.
_NEWER = """
create table newer as
select other.key, other.size, other.etag, other.last_modified
from other_listings as other
join latest_listing as latest using (key)
where other.etag <> latest.etag and other.last_modified > latest.last_modified
qualify row_number() over (partition by other.key order by other.last_modified desc, other.etag) = 1
"""
_LISTING = """
create view listing as
select key, size, etag, last_modified from latest_listing anti join newer using (key)
union all
select key, size, etag, last_modified from newer
"""


# Which shard stands for each listed document. Where several hold it (two workers fetched it), the lowest MD5 decides,
# so that the choice doesn't depend on the order of the shards; rows of one MD5 hold the same bytes.
_CHOSEN = """
create table chosen as
select held.key, held.etag, min(held.md5) as md5, arg_min(held.file_index, held.md5) as file_index
from held
semi join listing using (key, etag)
group by held.key, held.etag
"""
_LISTING_FACTS = """
create table listing_facts as
select $images::boolean as images_listed
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
select listing.key, coalesce(failures.error, 'not fetched yet') as error, coalesce(failures.attempts, 0) as attempts
from listing
anti join chosen using (key, etag)
left join (
  select key, max(attempts) as attempts, arg_max(error, attempts) as error from failed group by key
) as failures using (key)
"""
# The hashes of the documents are combined by exclusive or, which knows no order and so needs no sort.
_HASH = """
select coalesce(bit_xor(md5_number(fingerprint)), 0)::varchar
from (
  select concat_ws(chr(9), listing.key, listing.etag, listing.size, listing.last_modified, chosen.md5) as fingerprint
  from listing
  left join chosen using (key, etag)
  union all
  select concat_ws(chr(9), key, etag, size, last_modified)
  from listed_images
)
"""
_IDENTITY = """
select substr(sha256(bit_xor(hash) || $code), 1, 12)
from (
  select unnest($hashes)::uhugeint as hash
  union all
  select md5_number('images listed: ' || $images::boolean)
  union all
  select md5_number('selection: ' || $selection)
  where $selection is not null
)
"""
_SQL_TYPES = {pa.string(): "varchar", pa.int64(): "bigint", pa.binary(): "blob", pa.timestamp("us"): "timestamp"}


def open_raw_layer(connection: duckdb.DuckDBPyConnection, raw: RawFolder) -> None:
    """Give `connection` the inputs of the models: raw_documents, listed_images, listing_facts; and listing, missing.

    Raises:
        UsageError: nothing has been fetched yet.
    """
    _find_latest(raw)
    with explain_damage(f"the raw layer in {raw.uri}", REMEDY):
        _open(connection, raw)


def _open(connection: duckdb.DuckDBPyConnection, raw: RawFolder) -> None:
    *others, latest = raw.list_paths(LISTINGS)
    images = [str(raw.open_file(name)) for name in find_images(raw)]
    _create_view(connection, "latest_listing", [latest], LISTING_SCHEMA)
    _create_view(connection, "other_listings", others, LISTING_SCHEMA)
    _create_view(connection, "held", raw.list_paths(DOCUMENTS), SHARD_SCHEMA)
    _create_view(connection, "failed", raw.list_paths(NOT_FETCHED), NOT_FETCHED_SCHEMA)
    _create_view(connection, "listed_images", images, LISTING_SCHEMA)
    connection.execute(_LISTING_FACTS, {"images": bool(images)})
    connection.execute(_NEWER)
    connection.execute(_LISTING)
    connection.execute(f"set variable item_parts = {choose_item_parts(count_listed(raw))}")
    connection.execute(_CHOSEN)
    # Nearly always the shards hold what was listed and no more; then no join stands between the models and the bytes.
    all_chosen = connection.execute(_ALL_CHOSEN).fetchone() == (True,)
    connection.execute(_RAW_DOCUMENTS + ("" if all_chosen else _ONLY_CHOSEN))
    connection.execute(_MISSING)


def find_images(raw: Raw) -> list[str]:
    """The name of the listing of pictures that belongs to the latest listing, if one was taken."""
    latest = _find_latest(raw).removeprefix(LISTINGS)
    return [name for name in raw.list_files(IMAGES) if name.removeprefix(IMAGES) == latest]


def _tell_facts(raw: Raw) -> dict[str, Any]:
    selection = read_facts(raw)["selection"]
    return {"images": bool(find_images(raw)), "selection": json.dumps(selection) if selection else None}


def _find_latest(raw: Raw) -> str:
    if listings := raw.list_files(LISTINGS):
        return listings[-1]
    raise UsageError(
        f"nothing has been fetched into {raw.uri} yet: run `abid-etl fetch` with the same --data-dir and --raw"
    )


def find_largest(raw: Raw) -> int:
    """The bytes of the largest listed document.

    Raises:
        UsageError: nothing has been fetched yet.
    """
    sizes = read_files(raw, [_find_latest(raw)], pa.schema([LISTING_SCHEMA.field("size")]))
    return int(pc.max(sizes["size"]).as_py() or 0)


def list_missing(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """Key and reason of every listed document that no shard holds, sorted by key."""
    return connection.sql("select key, error from missing order by key").fetchall()


def hash_documents(connection: duckdb.DuckDBPyConnection) -> str:
    """A number, in digits, that depends on the documents and the pictures only; those of parts are combined below."""
    return str(connection.sql(_HASH).fetchall()[0][0])


def identify_release(hashes: list[str], raw: Raw, code: str) -> str:
    """The release's id: twelve hex digits.

    It depends on the documents of which these are the hashes, on how they were picked, and on `code` only.
    """
    facts = _tell_facts(raw) | {"hashes": hashes, "code": code}
    with duckdb.connect() as connection:
        return str(connection.execute(_IDENTITY, facts).fetchall()[0][0])


def count_listed(raw: Raw) -> int:
    """How many documents are listed.

    Raises:
        UsageError: nothing has been fetched yet.
    """
    latest = _find_latest(raw)
    with explain_damage(f"{latest} in {raw.uri}", REMEDY):
        return int(pq.read_metadata(raw.open_file(latest)).num_rows)


def read_facts(raw: Raw) -> dict[str, Any]:
    """What the latest listing says about its source.

    source, listed_at, synthetic (how it was made, or null), selection (how its documents were picked, or null).
    """
    latest = _find_latest(raw)
    with explain_damage(f"{latest} in {raw.uri}", REMEDY):
        facts: dict[str, Any] = json.loads(pq.read_schema(raw.open_file(latest)).metadata[b"abid"])
    return facts


def count_rejects(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """How many documents and lines are rejected, by reason."""
    return dict(connection.sql("select reason, count(*) from rejects group by all order by all").fetchall())


def _create_view(connection: duckdb.DuckDBPyConnection, name: str, files: list[str], schema: pa.Schema) -> None:
    """A view on `files`, with each row's file as its place among them; without files, one without rows."""
    if files:
        connection.execute(f"create view {name} as select *, file_index from read_parquet({quote_files(files)})")
    else:
        columns = ", ".join(f"null::{_SQL_TYPES[field.type]} as {field.name}" for field in schema)
        connection.execute(f"create view {name} as select {columns}, null::bigint as file_index where false")
