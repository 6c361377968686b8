"""Reading a source as the pipeline does: list it, then read what was listed."""

from dataclasses import replace
from typing import Any

import pyarrow as pa

from etl.sources.base import LISTING_SCHEMA, METADATA_PREFIX, Body, Reader, Source
from etl.sources.options import S3Options
from etl.sources.pace import Persistence
from etl.sources.s3 import S3Source

PATIENT = Persistence(attempts=20, first_wait=0.001, longest_wait=0.02)
"""Asks again at once, but waits for an answer as long as anybody: whatever fails, was made to."""
HASTY = replace(PATIENT, first_patience=1, shortest_patience=0.3, longest_patience=2)
"""For servers that don't answer."""


def open_s3(url: str, uri: str = "s3://b", *, persistence: Persistence = PATIENT, **options: Any) -> S3Source:
    return S3Source(uri, S3Options(endpoint_url=url, **options), persistence=persistence)


def list_all(source: Source, prefix: str = METADATA_PREFIX) -> pa.Table:
    listing = pa.Table.from_batches(source.list_objects(prefix), LISTING_SCHEMA)
    listing.validate(full=True)
    keys = listing["key"].to_pylist()
    assert len(keys) == len(set(keys))
    return listing


def make_listing(*keys: str, size: int = 1, etag: str = "e") -> pa.Table:
    rows = [{"key": key, "size": size, "etag": etag, "last_modified": 0} for key in keys]
    return pa.Table.from_pylist(rows, schema=LISTING_SCHEMA)


def read_bodies(source: Source, wanted: pa.Table) -> dict[str, Body]:
    """By key."""
    with source.open_reader() as reader:
        return add_and_take(reader, wanted)


def add_and_take(reader: Reader, wanted: pa.Table) -> dict[str, Body]:
    """Add the last rows and take what is left, in the order of arrival."""
    reader.add(wanted)
    reader.end()
    return take_rest(reader)


def take_rest(reader: Reader) -> dict[str, Body]:
    bodies: dict[str, Body] = {}
    while (taken := reader.take(60)) is not None:
        assert taken, "nothing came for a minute"
        for body in taken:
            assert body.entry.key not in bodies
            bodies[body.entry.key] = body
    return bodies
