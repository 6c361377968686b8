"""Reading a bucket that is as it should be, or strange: keys, versions, sizes, and callers that go away."""

import asyncio
import hashlib
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO

import pytest
from badnetwork import BadNetwork, Fault
from boto3.s3.transfer import TransferConfig
from loopback import Answer, Asked, Loopback, Respond, answer_error
from reading import PATIENT, list_all, make_listing, open_s3, read_bodies, take_rest
from seaweed import S3Server

from etl.errors import SourceError, UsageError
from etl.sources.base import METADATA_PREFIX
from etl.sources.s3 import S3Source

FillFolder = Callable[[str, dict[str, bytes]], S3Source]
Serve = Callable[[Respond], Loopback]
ReadSource = Callable[..., dict[str, bytes]]

LAST_MODIFIED = "Fri, 14 Jul 2017 02:40:00 GMT"
MEGABYTE = 1 << 20

READ_SILENT_SERVER = """
import sys
sys.path.insert(0, "tests")
from reading import METADATA_PREFIX, make_listing, open_s3

source = open_s3(sys.argv[1])
if sys.argv[2] == "list":
    list(source.list_objects(METADATA_PREFIX))
with source.open_reader() as reader:
    reader.add(make_listing(*(f"metadata/{number}.json" for number in range(100))))
    while reader.take(0.2) == []:
        pass
"""


@pytest.fixture
def fill_folder(s3_server: S3Server, public: str) -> FillFolder:
    """A folder in the public bucket as a source of its own: a new bucket costs SeaweedFS a second."""

    def fill(folder: str, objects: dict[str, bytes]) -> S3Source:
        s3_server.put_objects("public", {f"{folder}/{key}": body for key, body in objects.items()})
        return open_s3(s3_server.endpoint_url, f"{public}/{folder}")

    return fill


def answer_object(body: bytes, etag: str = "e", **headers: str) -> Answer:
    return Answer(headers={"ETag": f'"{etag}"', "Last-Modified": LAST_MODIFIED, **headers}, body=body)


def test_a_public_bucket_is_read_without_credentials(
    s3_server: S3Server, public: str, documents: dict[str, bytes], read_source: ReadSource
) -> None:
    source = open_s3(s3_server.endpoint_url, public)
    assert read_source(source) == documents
    assert set(read_source(source, "bin-images/")) == {"bin-images/00001.jpg"}


def test_keys_are_relative_to_the_prefix(fill_folder: FillFolder, read_source: ReadSource) -> None:
    fill_folder("pre fix/b2", {"metadata/2.json": b"2"})
    source = fill_folder("pre fix/b", {"metadata/1.json": b"1", "metadata/\t.json": b"tab"})
    assert source.uri == "s3://public/pre fix/b"
    assert read_source(source) == {"metadata/1.json": b"1", "metadata/\t.json": b"tab"}
    assert source.read_object("metadata/1.json") == b"1"


def test_the_etag_is_the_md5_without_quotes(fill_folder: FillFolder) -> None:
    listing = list_all(fill_folder("etag", {"metadata/1.json": b"abc"}))
    assert listing["etag"].to_pylist() == ["900150983cd24fb0d6963f7d28e17f72"]


def test_keys_of_unusual_characters_are_read(fill_folder: FillFolder, read_source: ReadSource) -> None:
    stems = ("a b", "+&?#", "100%20", "é", "e\u0301", "\U0001f600", "~[x]", "a*b")
    objects = {f"metadata/{stem}.json": stem.encode() for stem in stems}
    assert read_source(fill_folder("characters", objects)) == objects


def test_keys_that_obstore_refuses_are_read_through_boto3(
    s3_server: S3Server, fill_folder: FillFolder, read_source: ReadSource
) -> None:
    objects = {f"metadata/{stem}.json": stem.encode() for stem in ("tab\t", "\x01", "plain")}
    fill_folder("refused", objects)
    with BadNetwork(s3_server.endpoint_url, {}) as network:
        assert read_source(open_s3(network.endpoint_url, "s3://public/refused")) == objects
    assert network.requests["get"] == 3  # the refused ones are asked for once


def test_a_key_with_an_empty_folder_name_is_read(serve: Serve) -> None:
    server = serve(lambda asked: answer_object(b"x") if asked.path == "/b/metadata//1.json" else None)
    assert read_bodies(open_s3(server.url), make_listing("metadata//1.json"))["metadata//1.json"].content == b"x"


def test_one_object_is_read_or_is_none(s3_server: S3Server, public: str, documents: dict[str, bytes]) -> None:
    source = open_s3(s3_server.endpoint_url, public)
    assert source.read_object("metadata/1.json") == documents["metadata/1.json"]
    assert source.read_object("abid-synthetic.json") is None


@pytest.mark.parametrize("fault", ["truncated", "short", "corrupted", "portal", "empty", "500"])
def test_one_object_is_right_over_a_bad_network(
    fault: Fault, s3_server: S3Server, public: str, documents: dict[str, bytes]
) -> None:
    with BadNetwork(s3_server.endpoint_url, {fault: 0.7}, seed=5) as network:
        assert open_s3(network.endpoint_url, public).read_object("metadata/1.json") == documents["metadata/1.json"]
    assert network.injected.total() == network.requests["get"] - 1 > 0


def test_one_object_is_held_against_its_etag(serve: Serve) -> None:
    """On S3 itself, where no checksum comes with an object that was put before there were any."""
    etag = hashlib.md5(b"right").hexdigest()
    answers = iter([answer_object(b"wrong", etag), answer_object(b"right", etag)])
    assert open_s3(serve(lambda _: next(answers)).url).read_object("1") == b"right"


def test_an_object_that_was_overwritten_comes_as_it_is_now(s3_server: S3Server, fill_folder: FillFolder) -> None:
    source = fill_folder("changing", {f"metadata/{stem}": b"first" for stem in ("gone", "longer", "other", "same")})
    listing = list_all(source)
    s3_server.client.delete_object(Bucket="public", Key="changing/metadata/gone")
    fill_folder("changing", {"metadata/longer": b"second", "metadata/other": b"FIRST"})
    bodies = read_bodies(source, listing)
    found = {key: (body.content, body.changed, body.error) for key, body in bodies.items()}
    assert found == {
        "metadata/gone": (b"", False, "not found"),
        "metadata/longer": (b"second", True, ""),
        "metadata/other": (b"FIRST", True, ""),
        "metadata/same": (b"first", False, ""),
    }
    now = {row["key"]: (row["size"], row["etag"]) for row in list_all(source).to_pylist()}
    assert {key: bodies[key].entry[1:3] for key in now} == now


def test_a_version_that_is_older_than_the_listed_one_is_not_taken(serve: Serve) -> None:
    """What a cache on the way may hold."""
    server = serve(lambda _: answer_object(b"x", etag="old"))
    source = open_s3(server.url)
    [body] = read_bodies(source, make_listing("1.json", etag="old")).values()
    assert body.content == b"x"
    wanted = make_listing("1.json", etag="new")
    wanted = wanted.set_column(3, "last_modified", [[1_500_000_001_000_000]]).cast(wanted.schema)
    [body] = read_bodies(source, wanted).values()
    assert (body.content, body.error, body.changed) == (b"", "what came is older than what was listed", False)


def test_an_object_of_several_parts_is_checked_by_its_size(s3_server: S3Server, public: str) -> None:
    content = b"a" * 5 * MEGABYTE + b"b"
    in_parts = TransferConfig(multipart_threshold=5 * MEGABYTE, multipart_chunksize=5 * MEGABYTE)
    s3_server.client.upload_fileobj(BytesIO(content), "public", "parts/metadata/1.json", Config=in_parts)
    with BadNetwork(s3_server.endpoint_url, {"short": 1.0}) as network:
        source = open_s3(network.endpoint_url, f"{public}/parts")
        listing = list_all(source)
        assert listing["etag"].to_pylist()[0].endswith("-2")
        [short] = read_bodies(source, listing).values()
        network.faults = {}
        [whole] = read_bodies(source, listing).values()
    assert short.error == f"{len(content) // 2} bytes came, {len(content)} were listed"
    assert (whole.content, whole.md5, whole.error) == (content, hashlib.md5(content).hexdigest(), "")


ENCRYPTIONS = [
    {"x-amz-server-side-encryption": "aws:kms"},
    {"x-amz-server-side-encryption": "aws:kms:dsse"},
    {"x-amz-server-side-encryption-customer-algorithm": "AES256"},
]


@pytest.mark.parametrize("headers", ENCRYPTIONS)
def test_the_etag_of_an_encrypted_object_is_not_held_against_its_md5(headers: dict[str, str], serve: Serve) -> None:
    server = serve(lambda _: answer_object(b"x", "0" * 32, **headers))
    wanted = make_listing(*"1234", etag="0" * 32)
    bodies = read_bodies(open_s3(server.url, concurrency=1), wanted).values()
    assert {(body.content, body.error) for body in bodies} == {(b"x", "")}
    assert len(server.asked) <= 8


def test_whoever_has_one_encrypted_object_is_not_asked_twice_for_the_next(serve: Serve) -> None:
    server = serve(lambda _: answer_object(b"x", "0" * 32, **ENCRYPTIONS[0]))
    source = open_s3(server.url)
    read_bodies(source, make_listing("1", etag="0" * 32))
    assert len(server.asked) == 2
    read_bodies(source, make_listing("2", "3", etag="0" * 32))
    assert len(server.asked) == 4


def test_one_encrypted_object_lets_no_other_go_unchecked(serve: Serve) -> None:
    """`2` isn't encrypted, and came altered."""
    server = serve(lambda asked: answer_object(b"x", "0" * 32, **(ENCRYPTIONS[0] if asked.path.endswith("1") else {})))
    source = open_s3(server.url)
    [encrypted] = read_bodies(source, make_listing("1", etag="0" * 32)).values()
    [altered] = read_bodies(source, make_listing("2", etag="0" * 32)).values()
    assert (encrypted.content, encrypted.error) == (b"x", "")
    assert (altered.content, altered.error) == (b"", "the MD5 of what came isn't the listed one")


def test_a_bucket_in_another_region_is_named_though_boto3_would_find_it(serve: Serve) -> None:
    elsewhere = answer_error(301, "PermanentRedirect", {"x-amz-bucket-region": "eu-west-1"})
    answers = iter([elsewhere, elsewhere])  # to obstore and to boto3

    def answer_here_next_time(_: Asked) -> Answer:
        return next(answers, None) or answer_object(b"x")

    with pytest.raises(SourceError, match="is in another region: set AWS_REGION to eu-west-1"):
        read_bodies(open_s3(serve(answer_here_next_time).url), make_listing("1"))


@pytest.mark.parametrize("headers", [{}, {"x-amz-server-side-encryption": "AES256"}])
def test_the_etag_of_any_other_object_is(headers: dict[str, str], serve: Serve) -> None:
    server = serve(lambda _: answer_object(b"x", "0" * 32, **headers))
    [body] = read_bodies(open_s3(server.url), make_listing("1", etag="0" * 32)).values()
    assert (body.content, body.error) == (b"", "the MD5 of what came isn't the listed one")


def test_a_body_that_is_larger_than_listed_is_never_read(serve: Serve) -> None:
    sent: list[int] = []

    def send() -> Iterator[bytes]:
        for _ in range(1000):
            sent.append(MEGABYTE)
            yield b"x" * MEGABYTE

    head = {**answer_object(b"").headers, "Content-Length": str(1000 * MEGABYTE)}
    server = serve(lambda _: Answer(headers=head, chunks=send()))
    [body] = read_bodies(open_s3(server.url), make_listing("1", size=10)).values()
    assert body.error == f"{1000 * MEGABYTE} bytes came, 10 were listed"
    assert sum(sent) < 10 * MEGABYTE * len(server.asked)  # what fits into the buffers of the connections


def test_what_nobody_takes_is_not_asked_for(serve: Serve) -> None:
    asked_for: list[str] = []
    is_full = threading.Event()

    def respond(asked: Asked) -> Answer:
        if "metadata" not in asked.path:
            return answer_object(b"")
        asked_for.append(asked.path)
        if len(asked_for) == 32:
            is_full.set()
        return answer_object(b"x" * MEGABYTE)

    source = open_s3(serve(respond).url)
    keys = [f"metadata/{number}" for number in range(40)]
    with source.open_reader() as reader:
        reader.add(make_listing(*keys, size=MEGABYTE))
        reader.end()
        assert is_full.wait(60)
        for _ in range(10):  # time passes
            source.read_object("other")
        assert len(asked_for) == 32
        bodies = take_rest(reader)
    assert bodies.keys() == set(keys)
    assert {len(body.content) for body in bodies.values()} == {MEGABYTE}


def test_no_request_is_made_for_the_head_of_an_object(s3_server: S3Server, public: str) -> None:
    with BadNetwork(s3_server.endpoint_url, {}) as network:
        source = open_s3(network.endpoint_url, public)
        read_bodies(source, list_all(source))
        source.read_object("abid-synthetic.json")
        listed = network.requests["list"]
        cost = source.estimate_cost(1000)
    assert network.requests.keys() == {"list", "get"}
    assert (cost.list_requests, cost.get_requests) == (listed, 1000)
    assert 0 < cost.per_second <= 5500
    assert cost.seconds == 1000 / cost.per_second


def test_it_works_inside_a_running_event_loop(
    s3_server: S3Server, public: str, documents: dict[str, bytes], read_source: ReadSource
) -> None:
    async def main() -> dict[str, bytes]:
        return read_source(open_s3(s3_server.endpoint_url, public))

    assert asyncio.run(main()) == documents


def fail_each_way(source: S3Source, message: str) -> None:
    for attempt in (
        lambda: list(source.list_objects(METADATA_PREFIX)),
        lambda: read_bodies(source, make_listing("metadata/1.json", "metadata/2.json")),
        lambda: source.read_object("abid-synthetic.json"),
    ):
        with pytest.raises(SourceError, match=message):
            attempt()


def deny_each_way(source: S3Source, message: str) -> None:
    """One object alone may be denied."""
    with pytest.raises(SourceError, match=message):
        list(source.list_objects(METADATA_PREFIX))
    with pytest.raises(SourceError, match=message):
        source.read_object("abid-synthetic.json")
    [body] = read_bodies(source, make_listing("metadata/1.json")).values()
    assert re.search(message, body.error)


def test_a_private_bucket_without_credentials_says_how_to_get_in(s3_server: S3Server) -> None:
    s3_server.create_bucket("private", {"metadata/1.json": b"{}"})
    source = open_s3(s3_server.endpoint_url, "s3://private")
    deny_each_way(
        source, r"s3://private at http://127\.0\.0\.1:\d+ denies access \(AccessDenied\): .*unsigned.*set AWS_PROFILE"
    )


@pytest.mark.usefixtures("keys")
def test_wrong_credentials_are_told_from_missing_ones(
    s3_server: S3Server, public: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    source = open_s3(s3_server.endpoint_url, public)
    deny_each_way(source, r"denies access \(SignatureDoesNotMatch\): check the credentials")


@pytest.mark.usefixtures("keys")
def test_a_bucket_that_does_not_exist_is_named(s3_server: S3Server) -> None:
    source = open_s3(s3_server.endpoint_url, "s3://no-such-bucket")
    fail_each_way(source, r"There is no bucket no-such-bucket at http://127\.0\.0\.1.*check its name")


def test_an_endpoint_that_nobody_listens_at_is_named() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        fail_each_way(open_s3(endpoint), f"Can't reach s3://b at {endpoint}: .*Connection refused")


def test_an_endpoint_without_an_address_is_named() -> None:
    fail_each_way(open_s3("http://nobody.invalid"), "Can't reach s3://b .*its name can't be resolved")


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (301, "PermanentRedirect", "is in another region: set AWS_REGION to eu-west-1"),
        (403, "RequestTimeTooSkewed", "refuses the time of this machine .*set its clock"),
        (400, "ExpiredToken", "the credentials have ended .*log in again"),
    ],
)
def test_what_every_request_would_meet_ends_at_once(status: int, code: str, message: str, serve: Serve) -> None:
    server = serve(lambda _: answer_error(status, code, {"x-amz-bucket-region": "eu-west-1"}))
    fail_each_way(open_s3(server.url), message)


@pytest.mark.parametrize("before", [[], [answer_error(500, "InternalError")]])
def test_closing_early_does_not_wait_for_the_server(before: list[Answer], serve: Serve) -> None:
    """Whichever client it is that waits: boto3 asks where obstore has failed."""
    answers = iter(before)
    is_silent = threading.Event()

    def respond(asked: Asked) -> Answer | None:
        if asked.path.endswith("/fast"):
            return answer_object(b"x")
        if answer := next(answers, None):
            return answer
        is_silent.set()
        return None

    for_hours = replace(PATIENT, first_patience=10_000, longest_patience=10_000)
    with open_s3(serve(respond).url, concurrency=2, persistence=for_hours).open_reader() as reader:
        reader.add(make_listing("slow"))
        assert is_silent.wait(60)
        reader.add(make_listing("fast"))
        assert [body.entry.key for body in reader.take(60) or []] == ["fast"]


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
