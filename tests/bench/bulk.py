"""A raw layer of invented documents, made without their files: those of ten buckets would take an hour and 22 GB.

What is in it is what `abid-etl synthesize` and `abid-etl fetch` would have made of the same seed, but etags and times.
`python -m bench.bulk ROOT BINS` makes one, so that the benchmark itself stays small.
"""

import datetime as dt
import hashlib
import json
import sys
from functools import lru_cache, partial
from pathlib import Path

import pyarrow as pa

from etl.raw import LISTINGS, RawFolder, name_listing
from etl.shards import ShardWriter
from etl.sources.base import LISTING_SCHEMA, Body, Entry
from etl.synthetic.bins import Block, divide_blocks, fill_block
from etl.synthetic.catalogue import Catalogue
from etl.synthetic.document import Typesetter
from etl.workers import Workers

BLOCKS = 16  # one shard's documents
_MOMENT = dt.datetime(2017, 1, 1, tzinfo=dt.UTC)


def make_raw(root: Path, bins: int, *, seed: int = 1, processes: int = 2) -> None:
    """Write the shards and the listing of `bins` documents to the raw layer in `root`."""
    raw = RawFolder(root)
    raw.prepare()
    blocks = divide_blocks(bins)
    slices = [blocks[start : start + BLOCKS] for start in range(0, len(blocks), BLOCKS)]
    with Workers(processes) as workers:
        futures = [workers.submit(partial(_write_shard, raw, bins, seed), part) for part in slices]
        listing = pa.concat_tables([future.result() for future in futures]).sort_by("key")
    facts = {
        "source": f"synthetic:{bins}",
        "listed_at": _MOMENT.replace(tzinfo=None).isoformat(),
        "synthetic": {"synthetic": True, "bins": bins, "seed": seed},
        "selection": None,
    }
    listing = listing.replace_schema_metadata({"abid": json.dumps(facts)})
    raw.write_file(f"{LISTINGS}/{name_listing('1of1')}.parquet", listing)


@lru_cache(maxsize=1)
def _make_typesetter(seed: int, bins: int) -> Typesetter:
    return Typesetter(Catalogue(seed=seed, bins=bins))


def _write_shard(raw: RawFolder, bins: int, seed: int, blocks: list[Block]) -> pa.Table:
    typesetter = _make_typesetter(seed, bins)
    draw_item = typesetter.catalogue.draw_item
    made = [bin_ for block in blocks for bin_ in fill_block(block, seed=seed, bins=bins, draw_item=draw_item)]
    bodies = [_make_body(f"metadata/{bin_.stem}.json", typesetter.set_document(bin_).encode()) for bin_ in made]
    writer = ShardWriter(raw, _MOMENT.replace(tzinfo=None))
    writer.add(bodies)
    writer.flush()
    columns = zip(*(body.entry for body in bodies), strict=True)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, LISTING_SCHEMA, strict=True)]
    return pa.Table.from_arrays(arrays, schema=LISTING_SCHEMA)


def _make_body(key: str, content: bytes) -> Body:
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return Body(Entry(key, len(content), md5, int(_MOMENT.timestamp()) * 1_000_000), content, md5)


if __name__ == "__main__":
    make_raw(Path(sys.argv[1]), int(sys.argv[2]))
