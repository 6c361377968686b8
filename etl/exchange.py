"""The exchange before a build that is shared out: each raw file is cut into pieces, one for each file of bins.

What is known of a bin follows from its documents, its listing and its pictures alone, so the pieces of one chunk of
bins are a raw layer of their own: small, and opened like any other. Pieces keep the names of what they were cut from;
so which of two listings is later, and which of two shards holds the better copy, is decided there as it would be here.
"""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from etl.errors import explain_damage
from etl.fetch import NOT_FETCHED_SCHEMA
from etl.models import define_macros
from etl.raw import DOCUMENTS, FOLDERS, IMAGES, LISTINGS, NOT_FETCHED, REMEDY, Raw, RawFolder
from etl.rawlayer import find_images
from etl.shards import SHARD_SCHEMA
from etl.sources.base import LISTING_SCHEMA

_SCHEMAS = {
    DOCUMENTS: SHARD_SCHEMA,
    LISTINGS: LISTING_SCHEMA,
    IMAGES: LISTING_SCHEMA,
    NOT_FETCHED: NOT_FETCHED_SCHEMA,
}
_CHUNKS = "select chunk_of(bin_id_of(key, $folder, $ending)) as chunk from rows"
_METADATA, _PICTURES = ("metadata", "json"), ("bin-images", "jpg")

Frame = dict[str, dict[bytes, bytes] | None]
"""The names of the listings that count, with what each says of its source: a chunk has them all, with rows or not."""


def read_frame(raw: Raw) -> Frame:
    """What every chunk of `raw` has to know of the whole."""
    names = [*raw.list_files(LISTINGS), *find_images(raw)]
    with explain_damage(f"a listing in {raw.uri}", REMEDY):
        return {name: pq.read_schema(raw.open_file(name)).metadata for name in names}


def list_pieced(raw: Raw, frame: Frame) -> list[str]:
    """The names of all files that have to be cut, the largest first."""
    return [*frame, *raw.list_files(DOCUMENTS), *raw.list_files(NOT_FETCHED)]


class Cutter:
    """Cuts raw files. Memory: a few times one file. With `bodies` false, documents are cut without their bytes."""

    def __init__(self, raw: Raw, *, bodies: bool = True) -> None:
        self._raw, self._bodies = raw, bodies
        self._connection = duckdb.connect(config={"threads": 1})
        define_macros(self._connection)

    def cut(self, name: str) -> Iterator[tuple[str, pa.Table | None]]:
        """The chunks that the rows of one file belong to, and the rows of each; None for a shard that is all one's.

        Such a shard can go there as it is: no byte has to be unpacked and packed again.
        """
        with explain_damage(f"{name} in {self._raw.uri}", REMEDY):
            order, runs = self._find_chunks(name)
            goes_whole = self._bodies and name.startswith(DOCUMENTS) and len(runs) == 1
            rows = None if goes_whole else self._read(name)
        for chunk, places in runs.items():
            yield chunk, None if rows is None else rows.take(order.slice(places.start, len(places)))

    def _find_chunks(self, name: str) -> tuple[pa.Array, dict[str, range]]:
        """The rows of a file, those of a chunk together; and where among them those of each chunk are."""
        folder, ending = _PICTURES if name.startswith(IMAGES) else _METADATA
        self._connection.register("rows", pq.read_table(self._raw.open_file(name), columns=["key"]))
        relation = self._connection.sql(_CHUNKS, params={"folder": folder, "ending": ending})
        chunks = relation.to_arrow_table()["chunk"].combine_chunks().dictionary_encode()
        order = pc.array_sort_indices(chunks.indices)  # of few whole numbers, which is quick
        runs = pc.run_end_encode(chunks.indices.take(order))
        ends = runs.run_ends.to_pylist()
        names = chunks.dictionary.take(runs.values).to_pylist()
        return order, dict(zip(names, map(range, [0, *ends], ends), strict=False))

    def _read(self, name: str) -> pa.Table:
        schema = _SCHEMAS[name.partition("/")[0]]
        names = [column for column in schema.names if self._bodies or column != "body"]
        rows = pq.read_table(self._raw.open_file(name), columns=names)
        return rows if "body" in names or "body" not in schema.names else rows.append_column("body", _nothing(rows))


def _nothing(rows: pa.Table) -> pa.Array:
    return pa.repeat(pa.scalar(b"", pa.binary()), rows.num_rows)


def write_piece(rows: pa.Table, path: Path) -> None:
    """Write what is read once, soon, and from a disk that is near."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows, path, compression="lz4", use_dictionary=False, write_statistics=False)


def open_chunk(folder: Path, frame: Frame) -> RawFolder:
    """The raw layer that the pieces below `folder` are, with a listing even where no row of it fell into the chunk."""
    for name in FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name, metadata in frame.items():
        if not (folder / name).exists():
            pq.write_table(LISTING_SCHEMA.empty_table().replace_schema_metadata(metadata), folder / name)
    return RawFolder(folder)
