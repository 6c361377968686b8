"""Which pictures are wanted, and which version of each the source holds.

The keys come from a manifest or a query, so from anybody. Each must be the key of a bin's picture by the rule that the
models have, so that no file can be written but a picture, and none outside of the folder.
"""

from collections.abc import Iterable, Iterator

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from etl.errors import SourceError, UsageError
from etl.images.manifests import choose_column, make_key
from etl.listing import join_listing, stream_images
from etl.models import define_macros
from etl.progress import UNWATCHED, Progress
from etl.queryerrors import explaining
from etl.selection import Selection, Selector
from etl.sources.base import IMAGES_PREFIX, LISTING_SCHEMA, Source
from etl.warehouse import Warehouse

PICTURES_SCHEMA = pa.schema([pa.field("key", pa.string()), pa.field("bin_id", pa.string())])
"""One row per picture that is wanted, in the order in which they were first named."""

_CHOICE = """
select key, bin_id_of(key, 'bin-images', 'jpg') as bin_id
from (select key, min(place) as place from named group by key)
order by place
"""
_LISTED = """
select image_key as key, image_bytes as size, image_etag as etag, image_last_modified as last_modified
from images
semi join pictures on images.image_key = pictures.key
"""


def ask_keys(warehouse: Warehouse, query: str) -> Iterator[str]:
    """The keys that the rows of a query over a release name.

    Raises:
        QueryError: it isn't a query that only reads, or it failed.
        UsageError: it gives no column that names pictures.
    """
    result = warehouse.sql(query)
    names, pages = result.stream()
    column = choose_column(names)
    place = names.index(column)
    return (make_key(column, row[place]) for rows in pages for row in rows)


def choose_pictures(keys: Iterable[str], limit: int | None = None) -> pa.Table:
    """The first `limit` pictures of `keys`, each once, as a table of `PICTURES_SCHEMA`.

    Raises:
        UsageError: there are none, or one of all keys isn't that of a bin's picture.
    """
    try:
        named = pa.table({"key": pa.array(keys, pa.string())})
    except UnicodeEncodeError as error:
        raise UsageError(f"the key {error.object!r} of a picture can't be one: it isn't Unicode") from error
    with duckdb.connect() as connection:
        define_macros(connection)
        connection.register("named", named.append_column("place", pa.array(range(named.num_rows))))
        pictures = connection.sql(_CHOICE).to_arrow_table().cast(PICTURES_SCHEMA)
    if odd := pictures.filter(pc.is_null(pictures["bin_id"]))["key"].to_pylist():
        raise UsageError(
            f"{odd[0]!r} isn't the key of a bin's picture, nor are {len(odd) - 1:,} others: each is to be "
            f"{IMAGES_PREFIX}00523.jpg or the like. Nothing was got"
        )
    if not pictures.num_rows:
        raise UsageError("no pictures are named: nothing is to be got")
    return pictures.slice(0, limit)


def find_listed(warehouse: Warehouse, pictures: pa.Table) -> pa.Table | None:
    """The pictures as a table of `LISTING_SCHEMA`, as a release has them; None where it doesn't have them all."""
    cursor = warehouse.connect()
    with explaining(""):
        cursor.register("pictures", pictures)
        listed = cursor.sql(_LISTED).to_arrow_table().cast(LISTING_SCHEMA)
    return listed if listed.num_rows == pictures.num_rows else None


def list_pictures(source: Source, pictures: pa.Table, progress: Progress = UNWATCHED) -> pa.Table:
    """Those of the pictures that `source` holds now, as a table of `LISTING_SCHEMA`, sorted by key.

    Raises:
        SourceError: the source can't be listed, or holds none of them.
    """
    stream = stream_images(source, Selector(Selection()), progress)
    listed = join_listing(table.filter(pc.is_in(table["key"], value_set=pictures["key"])) for table in stream)
    if not listed.num_rows:
        raise SourceError(f"{source.uri} lists none of the pictures under {IMAGES_PREFIX}: name another with --source")
    return listed
