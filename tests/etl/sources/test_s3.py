import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from documents import write_bucket

from etl.errors import SourceError, UsageError
from etl.sources.base import LISTING_SCHEMA, METADATA_PREFIX
from etl.sources.s3 import S3Source

if TYPE_CHECKING:
    from conftest import S3Server

FillFolder = Callable[[str, dict[str, bytes]], S3Source]

READ_SILENT_SERVER = """
import sys
import pyarrow as pa
from etl.sources.base import LISTING_SCHEMA
from etl.sources.s3 import S3Source

source = S3Source("s3://bucket", endpoint_url=sys.argv[1])
row = {"key": "metadata/1.json", "size": 2, "etag": "", "last_modified": 0}
next(source.list_objects("metadata/") if sys.argv[2] == "list"
     else source.read_bodies(pa.Table.from_pylist([row] * 100, schema=LISTING_SCHEMA)))
"""


@pytest.fixture(scope="module")
def public(s3_server: "S3Server", tmp_path_factory: pytest.TempPathFactory, bucket: dict[str, bytes]) -> str:
    """A public bucket; below its root, nobody changes it."""
    s3_server.create_bucket("public", public=True)
    s3_server.upload("public", write_bucket(tmp_path_factory.mktemp("upload"), bucket))
    return "s3://public"


@pytest.fixture
def fill_folder(s3_server: "S3Server", public: str) -> FillFolder:
    """A folder in the public bucket as a source of its own: a new bucket costs SeaweedFS a second."""

    def fill(folder: str, objects: dict[str, bytes]) -> S3Source:
        s3_server.put_objects("public", {f"{folder}/{key}": body for key, body in objects.items()})
        return S3Source(f"{public}/{folder}", endpoint_url=s3_server.endpoint_url)

    return fill


@pytest.fixture
def keys(s3_server: "S3Server", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_server.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.secret_key)


class HangingServer(ThreadingHTTPServer):
    """Answers a request for `fast` with one byte, for `moved` as S3 does in the wrong region, any other never."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.authorizations: list[str] = []
        super().__init__(("127.0.0.1", 0), HangingHandler)


class HangingHandler(BaseHTTPRequestHandler):
    server: HangingServer

    def do_GET(self) -> None:
        self.server.authorizations.append(self.headers.get("Authorization", ""))
        if not self.path.endswith(("/fast", "/moved")):
            self.server.over.wait()
            return
        self.send_response(200 if self.path.endswith("/fast") else 301)
        self.send_header("Content-Length", "1")
        self.send_header("ETag", '"e"')
        self.send_header("Last-Modified", "Fri, 14 Jul 2017 02:40:00 GMT")
        self.end_headers()
        self.wfile.write(b"x")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  named by http.server
        pass


@pytest.fixture
def hanging_server() -> Iterator[HangingServer]:
    with HangingServer() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,)).start()
        yield server
        server.over.set()
        server.shutdown()


def list_documents(source: S3Source) -> pa.Table:
    return pa.Table.from_batches(source.list_objects(METADATA_PREFIX), LISTING_SCHEMA)


def make_listing(*keys: str) -> pa.Table:
    rows = [{"key": key, "size": 1, "etag": "e", "last_modified": 0} for key in keys]
    return pa.Table.from_pylist(rows, schema=LISTING_SCHEMA)


def test_a_public_bucket_is_read_without_credentials(
    s3_server: "S3Server", public: str, documents: dict[str, bytes], read_source: Callable[..., dict[str, bytes]]
) -> None:
    source = S3Source(public, endpoint_url=s3_server.endpoint_url)
    assert read_source(source) == documents
    assert set(read_source(source, "bin-images/")) == {"bin-images/00001.jpg"}


@pytest.mark.usefixtures("keys")
def test_a_private_bucket_is_read_with_credentials_from_the_environment(
    s3_server: "S3Server", read_source: Callable[..., dict[str, bytes]]
) -> None:
    s3_server.create_bucket("private-keys", {"metadata/1.json": b"{}"})
    source = S3Source("s3://private-keys", endpoint_url=s3_server.endpoint_url)
    assert read_source(source) == {"metadata/1.json": b"{}"}


def test_a_profile_brings_credentials_and_endpoint(
    s3_server: "S3Server",
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    read_source: Callable[..., dict[str, bytes]],
) -> None:
    s3_server.create_bucket("private-profile", {"metadata/1.json": b"{}"})
    (tmp_path / "config").write_text(
        f"[profile ours]\nendpoint_url = {s3_server.endpoint_url}\n"
        f"aws_access_key_id = {s3_server.access_key}\naws_secret_access_key = {s3_server.secret_key}\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    assert read_source(S3Source("s3://private-profile", profile="ours")) == {"metadata/1.json": b"{}"}
    monkeypatch.setenv("AWS_PROFILE", "ours")
    assert read_source(S3Source("s3://private-profile")) == {"metadata/1.json": b"{}"}


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
def test_the_environment_names_the_endpoint(
    variable: str, s3_server: "S3Server", public: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, s3_server.endpoint_url)
    assert list_documents(S3Source(public)).num_rows == 3


def test_an_endpoint_that_is_passed_wins_over_the_environment(
    s3_server: "S3Server", public: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    assert list_documents(S3Source(public, endpoint_url=s3_server.endpoint_url)).num_rows == 3


def test_keys_are_relative_to_the_prefix(fill_folder: FillFolder, read_source: Callable[..., dict[str, bytes]]) -> None:
    fill_folder("pre fix/b2", {"metadata/2.json": b"2"})
    source = fill_folder("pre fix/b", {"metadata/1.json": b"1"})
    assert source.uri == "s3://public/pre fix/b"
    assert read_source(source) == {"metadata/1.json": b"1"}
    assert source.read_object("metadata/1.json") == b"1"


def test_the_etag_is_the_md5_without_quotes(fill_folder: FillFolder) -> None:
    listing = list_documents(fill_folder("etag", {"metadata/1.json": b"abc"}))
    assert listing["etag"].to_pylist() == ["900150983cd24fb0d6963f7d28e17f72"]


def test_folder_markers_are_left_out_and_empty_objects_are_not(
    fill_folder: FillFolder, read_source: Callable[..., dict[str, bytes]]
) -> None:
    objects = {"metadata/": b"", "metadata/folder/": b"", "metadata/empty": b"", "metadata/folder/1.json": b"1"}
    source = fill_folder("markers", objects)
    assert read_source(source) == {"metadata/empty": b"", "metadata/folder/1.json": b"1"}


def test_keys_of_unusual_characters_are_read(
    fill_folder: FillFolder, read_source: Callable[..., dict[str, bytes]]
) -> None:
    objects = {f"metadata/{stem}.json": stem.encode() for stem in ("a b", "+&?#", "100%20", "é", "~[x]")}
    assert read_source(fill_folder("characters", objects)) == objects


def test_a_listing_of_several_pages_is_read_to_its_end(
    fill_folder: FillFolder, read_source: Callable[..., dict[str, bytes]]
) -> None:
    objects = {f"metadata/{number:05d}.json": b"%d" % number for number in range(1001)}
    assert read_source(fill_folder("pages", objects)) == objects


def test_an_object_that_has_gone_or_changed_is_an_error_of_its_own(
    s3_server: "S3Server", fill_folder: FillFolder
) -> None:
    source = fill_folder("changing", {f"metadata/{stem}": b"first" for stem in ("gone", "longer", "other", "same")})
    listing = list_documents(source)
    s3_server.client.delete_object(Bucket="public", Key="changing/metadata/gone")
    fill_folder("changing", {"metadata/longer": b"second", "metadata/other": b"FIRST"})
    found = {listing["key"][body.row].as_py(): (body.content, body.error) for body in source.read_bodies(listing)}
    assert found == {
        "metadata/gone": (b"", "not found"),
        "metadata/longer": (b"", "changed since it was listed"),
        "metadata/other": (b"", "changed since it was listed"),
        "metadata/same": (b"first", ""),
    }


def test_a_key_that_cannot_be_asked_for_is_an_error_of_its_own(s3_server: "S3Server", public: str) -> None:
    source = S3Source(public, endpoint_url=s3_server.endpoint_url)
    (body,) = source.read_bodies(make_listing("metadata//1.json"))
    assert body.error.startswith("not a key that can be asked for")


def test_one_object_is_read_or_is_none(s3_server: "S3Server", public: str, documents: dict[str, bytes]) -> None:
    source = S3Source(public, endpoint_url=s3_server.endpoint_url)
    assert source.read_object("metadata/1.json") == documents["metadata/1.json"]
    assert source.read_object("abid-synthetic.json") is None


def fail_each_way(source: S3Source, message: str) -> None:
    for attempt in (
        lambda: list(source.list_objects(METADATA_PREFIX)),
        lambda: list(source.read_bodies(make_listing("metadata/1.json", "metadata/2.json"))),
        lambda: source.read_object("abid-synthetic.json"),
    ):
        with pytest.raises(SourceError, match=message):
            attempt()


def test_a_private_bucket_without_credentials_says_how_to_get_in(s3_server: "S3Server") -> None:
    s3_server.create_bucket("private", {"metadata/1.json": b"{}"})
    source = S3Source("s3://private", endpoint_url=s3_server.endpoint_url)
    fail_each_way(source, r"s3://private at http://127\.0\.0\.1:\d+ denies access .*no credentials.*set AWS_PROFILE")


@pytest.mark.usefixtures("keys")
def test_wrong_credentials_are_told_from_missing_ones(
    s3_server: "S3Server", public: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    source = S3Source(public, endpoint_url=s3_server.endpoint_url)
    fail_each_way(source, r"denies access \(SignatureDoesNotMatch\): check the credentials")


@pytest.mark.usefixtures("keys")
def test_a_bucket_that_does_not_exist_is_named(s3_server: "S3Server") -> None:
    source = S3Source("s3://no-such-bucket", endpoint_url=s3_server.endpoint_url)
    fail_each_way(source, "There is no bucket no-such-bucket at http://127.0.0.1.*check its name")


def test_an_endpoint_that_nobody_listens_at_is_named() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        fail_each_way(S3Source("s3://b", endpoint_url=endpoint, max_retries=0), f"Can't reach s3://b at {endpoint}")


def test_a_bucket_of_another_region_says_how_to_name_it(hanging_server: HangingServer) -> None:
    source = S3Source("s3://b", endpoint_url=f"http://127.0.0.1:{hanging_server.server_port}")
    with pytest.raises(SourceError, match=r"s3://b at .* is in another region: set AWS_REGION"):
        source.read_object("moved")


@pytest.mark.usefixtures("keys")
def test_a_key_that_cannot_be_listed_is_named(s3_server: "S3Server") -> None:
    s3_server.create_bucket("tab", {"metadata/tab\t.json": b"{}"})
    with pytest.raises(SourceError, match=r"rename or delete this object.*tab\t"):
        list_documents(S3Source("s3://tab", endpoint_url=s3_server.endpoint_url))


def test_closing_early_does_not_wait_for_the_server(hanging_server: HangingServer) -> None:
    source = S3Source("s3://b", endpoint_url=f"http://127.0.0.1:{hanging_server.server_port}")
    bodies = source.read_bodies(make_listing("slow", "fast", *["slow"] * 98))
    assert next(bodies).row == 1
    started = time.monotonic()
    bodies.close()
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("call", ["list", "read"])
def test_ctrl_c_ends_a_request_that_gets_no_answer(call: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        command = [sys.executable, "-c", READ_SILENT_SERVER, endpoint, call]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process, silent.accept()[0]:
            process.send_signal(signal.SIGINT)
            _, stderr = process.communicate(timeout=10)
    assert process.returncode == -signal.SIGINT
    assert stderr.splitlines()[-1] == "KeyboardInterrupt"
    assert "panicked" not in stderr


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    ("environment", "region"),
    [
        ({}, "us-east-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-1", "AWS_REGION": "eu-north-1"}, "eu-north-1"),
    ],
)
def test_the_region_is_the_environments_or_the_public_buckets(
    environment: dict[str, str], region: str, hanging_server: HangingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    S3Source("s3://b", endpoint_url=f"http://127.0.0.1:{hanging_server.server_port}").read_object("fast")
    (authorization,) = hanging_server.authorizations
    assert f"/{region}/s3/aws4_request" in authorization


def test_an_unknown_profile_is_named() -> None:
    with pytest.raises(UsageError, match=r"profile \(nobody\) could not be found: check the profile's name"):
        S3Source("s3://b", profile="nobody")


def test_certificates_that_are_not_there_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", "no-such-file.pem")
    with pytest.raises(UsageError, match=r"AWS configuration can't be used .*no-such-file\.pem"):
        S3Source("s3://b")


def test_an_endpoint_without_scheme_is_told_the_form() -> None:
    with pytest.raises(UsageError, match=r"localhost:9000\).*http://HOST:PORT"):
        S3Source("s3://b", endpoint_url="localhost:9000")


@pytest.mark.parametrize("uri", ["s3://", "s3:///metadata", "s3://b?x"])
def test_a_uri_without_a_bucket_is_refused(uri: str) -> None:
    with pytest.raises(UsageError, match="write s3://BUCKET"):
        S3Source(uri)


@pytest.mark.parametrize(
    ("uri", "parent"), [("s3://b/metadata/", "s3://b"), ("s3://b/copies/2017/metadata", "s3://b/copies/2017")]
)
def test_the_prefix_of_the_documents_points_to_its_parent(uri: str, parent: str) -> None:
    with pytest.raises(UsageError, match=rf"did you mean {parent}\?"):
        S3Source(uri)


def test_a_prefix_that_no_key_can_have_is_refused() -> None:
    with pytest.raises(UsageError, match="s3://b/x//y can't be opened"):
        S3Source("s3://b/x//y")
