"""One small bucket, and one way to read it back that holds any source to its contract."""

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest
from botocore.loaders import JSONFileLoader
from documents import encode, make_document, make_line
from loopback import Loopback, Respond, run_loopback
from reading import list_all, read_bodies
from seaweed import S3Server

from etl.sources.base import METADATA_PREFIX, Source

ReadSource = Callable[..., dict[str, bytes]]


@pytest.fixture(scope="session", autouse=True)
def boto3_reads_its_models_once() -> Iterator[None]:
    """For each source anew, that would take most of the time of these tests."""
    read = cache(JSONFileLoader().load_file)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", lambda _, path: read(path))
        yield


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
        listing = list_all(source, prefix)
        listed = {row["key"]: row for row in listing.to_pylist()}
        bodies = read_bodies(source, listing)
        assert bodies.keys() == listed.keys()
        for key, body in bodies.items():
            assert (body.error, body.changed) == ("", False)
            assert listed[key]["size"] == len(body.content)
            assert body.md5 == hashlib.md5(body.content).hexdigest()
            assert listed[key]["etag"] == body.entry.etag
            assert body.entry.etag == body.md5 or not re.fullmatch("[0-9a-f]{32}", body.entry.etag)
        return {key: body.content for key, body in bodies.items()}

    return read


@pytest.fixture(scope="session")
def public(s3_server: S3Server, bucket: dict[str, bytes]) -> str:
    """A public bucket; below its root, nobody changes it."""
    s3_server.create_bucket("public", bucket, public=True)
    return "s3://public"


@pytest.fixture
def keys(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_server.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.secret_key)


@pytest.fixture
def serve() -> Iterator[Callable[[Respond], Loopback]]:
    """Start a server that answers as it is told."""
    with ExitStack() as stack:
        yield lambda respond: stack.enter_context(run_loopback(respond))
