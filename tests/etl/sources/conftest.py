"""One small bucket, and one way to read it back that holds any source to its contract."""

import hashlib
import re
from collections.abc import Callable

import pyarrow as pa
import pytest
from documents import encode, make_document, make_line

from etl.sources.base import LISTING_SCHEMA, METADATA_PREFIX, Source

ReadSource = Callable[..., dict[str, bytes]]


@pytest.fixture(scope="session")
def bucket() -> dict[str, bytes]:
    return {
        "metadata/00001.json": encode(make_document(make_line())),
        "metadata/1.json": encode(make_document(make_line(name="Invented thé \u2122"), make_line("B00TEST002"))),
        "metadata/00013.json": encode(make_document()),
        "bin-images/00001.jpg": b"\xff\xd8\xff\xe0 not a picture",
    }


@pytest.fixture(scope="session")
def documents(bucket: dict[str, bytes]) -> dict[str, bytes]:
    return {key: body for key, body in bucket.items() if key.startswith(METADATA_PREFIX)}


@pytest.fixture(scope="session")
def read_source() -> ReadSource:
    """Read everything under a prefix, by key."""

    def read(source: Source, prefix: str = METADATA_PREFIX) -> dict[str, bytes]:
        listing = pa.Table.from_batches(source.list_objects(prefix), LISTING_SCHEMA)
        listing.validate(full=True)
        bodies = list(source.read_bodies(listing))
        assert sorted(body.row for body in bodies) == list(range(listing.num_rows))
        assert not [body.error for body in bodies if body.error]
        contents = {}
        for body in bodies:
            listed = listing.slice(body.row, 1).to_pylist()[0]
            assert listed["size"] == len(body.content)
            if re.fullmatch("[0-9a-f]{32}", listed["etag"]):
                assert listed["etag"] == hashlib.md5(body.content).hexdigest()
            contents[listed["key"]] = body.content
        assert len(contents) == listing.num_rows
        return contents

    return read
