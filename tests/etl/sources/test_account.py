"""Who asks, and where: what both clients make of the user's words, the environment and the AWS configuration."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from loopback import Answer, Asked, Loopback, Respond, answer_error
from reading import list_all, open_s3, read_bodies
from seaweed import S3Server

from etl.errors import SourceError, UsageError
from etl.sources.options import S3Options
from etl.sources.s3 import S3Source

Serve = Callable[[Respond], Loopback]
ReadSource = Callable[..., dict[str, bytes]]

LISTED = """<Contents><Key>{}metadata/1.json</Key><LastModified>2017-07-14T02:40:00.000Z</LastModified>
<ETag>"e"</ETag><Size>1</Size></Contents>"""
PAGE = (
    """<ListBucketResult><Name>b</Name><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>{}</ListBucketResult>"""
)
OBJECT = Answer(headers={"ETag": '"e"', "Last-Modified": "Fri, 14 Jul 2017 02:40:00 GMT"}, body=b"x")


@pytest.fixture
def server(serve: Serve) -> Loopback:
    """A bucket of one object, which takes two requests: each client makes one for it, and one for the listing."""
    asked_before: set[str] = set()

    def respond(asked: Asked) -> Answer:
        if "list-type" in asked.query:
            prefix = asked.query["prefix"].removesuffix("metadata/")
            return Answer(body=PAGE.format("" if "start-after" in asked.query else LISTED.format(prefix)).encode())
        if asked.path.endswith("metadata/1.json") and asked.path not in asked_before:
            asked_before.add(asked.path)
            return answer_error(500, "InternalError")
        return OBJECT

    return serve(respond)


def ask_all(source: S3Source) -> None:
    listing = list_all(source)
    assert [body.content for body in read_bodies(source, listing).values()] == [b"x"]
    assert source.read_object("abid-synthetic.json") == b"x"


def check_clients(server: Loopback) -> None:
    """Both clients have listed, and both have asked for the object."""
    agents = [("list-type" in asked.query, asked.headers["User-Agent"].partition("/")[0]) for asked in server.asked]
    assert len(set(agents)) == 4, agents


@pytest.mark.usefixtures("keys")
def test_a_private_bucket_is_read_with_credentials_from_the_environment(
    s3_server: S3Server, read_source: ReadSource
) -> None:
    s3_server.create_bucket("private-keys", {"metadata/1.json": b"{}"})
    assert read_source(open_s3(s3_server.endpoint_url, "s3://private-keys")) == {"metadata/1.json": b"{}"}


def test_a_profile_brings_credentials_and_endpoint(
    s3_server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read_source: ReadSource
) -> None:
    s3_server.create_bucket("private-profile", {"metadata/1.json": b"{}"})
    (tmp_path / "config").write_text(
        f"[profile ours]\nendpoint_url = {s3_server.endpoint_url}\n"
        f"aws_access_key_id = {s3_server.access_key}\naws_secret_access_key = {s3_server.secret_key}\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    source = S3Source("s3://private-profile", S3Options(profile="ours"))
    assert read_source(source) == {"metadata/1.json": b"{}"}
    monkeypatch.setenv("AWS_PROFILE", "ours")
    assert read_source(S3Source("s3://private-profile")) == {"metadata/1.json": b"{}"}


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
def test_the_environment_names_the_endpoint(variable: str, server: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, server.url)
    ask_all(S3Source("s3://b"))
    check_clients(server)


def test_an_endpoint_that_is_passed_wins_over_the_environment(
    server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    ask_all(open_s3(server.url))


def test_the_bucket_stands_in_the_path_and_not_in_the_name_of_the_host(server: Loopback) -> None:
    ask_all(open_s3(server.url, "s3://bucket/prefix"))
    check_clients(server)
    assert {asked.path for asked in server.asked} == {
        "/bucket",
        "/bucket/prefix/metadata/1.json",
        "/bucket/prefix/abid-synthetic.json",
    }
    assert {f"http://{asked.headers['Host']}" for asked in server.asked} == {server.url}


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
    environment: dict[str, str], region: str, server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    ask_all(open_s3(server.url))
    check_clients(server)
    for asked in server.asked:
        assert f"/{region}/s3/aws4_request" in asked.headers["Authorization"]


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    ("bucket", "options", "is_signed"),
    [
        ("b", {}, True),
        ("b", {"sign": True}, True),
        ("b", {"sign": False}, False),
        ("aft-vbi-pds", {}, False),
        ("aft-vbi-pds", {"sign": True}, True),
        ("aft-vbi-pds", {"sign": False}, False),
        ("aft-vbi-pds", {"requester_pays": True}, True),
    ],
)
def test_requests_are_signed_but_for_the_public_bucket(
    bucket: str, options: dict[str, Any], server: Loopback, *, is_signed: bool
) -> None:
    ask_all(open_s3(server.url, f"s3://{bucket}", **options))
    check_clients(server)
    assert {"Authorization" in asked.headers for asked in server.asked} == {is_signed}


def test_requests_go_unsigned_where_there_are_no_credentials(server: Loopback) -> None:
    ask_all(open_s3(server.url))
    assert {"Authorization" in asked.headers for asked in server.asked} == {False}


@pytest.mark.parametrize("options", [S3Options(sign=True), S3Options(requester_pays=True)])
def test_what_must_be_signed_needs_credentials(options: S3Options) -> None:
    with pytest.raises(UsageError, match="no credentials were found: set AWS_PROFILE"):
        S3Source("s3://b", options)


@pytest.mark.usefixtures("keys")
def test_every_request_says_who_pays(server: Loopback) -> None:
    ask_all(open_s3(server.url, requester_pays=True))
    check_clients(server)
    assert {asked.headers["x-amz-request-payer"] for asked in server.asked} == {"requester"}


@pytest.mark.usefixtures("keys")
def test_nobody_pays_unasked(server: Loopback) -> None:
    ask_all(open_s3(server.url))
    assert {asked.headers["x-amz-request-payer"] for asked in server.asked} == {None}


def test_requests_go_through_the_proxy_of_the_environment(server: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url)
    ask_all(open_s3("http://s3.invalid:9000"))
    check_clients(server)
    assert {asked.path.partition("/b")[0] for asked in server.asked} == {"http://s3.invalid:9000"}


def test_requests_go_past_the_proxy_where_the_environment_says_so(
    server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    ask_all(open_s3(server.url))  # NO_PROXY is set


def test_an_unknown_profile_is_named() -> None:
    with pytest.raises(UsageError, match=r"profile \(nobody\) could not be found: check the profile's name"):
        S3Source("s3://b", S3Options(profile="nobody"))


def test_credentials_that_cannot_be_had_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").write_text("[profile ended]\ncredential_process = false\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    with pytest.raises(SourceError, match=r"credentials can't be had: log in again"):
        S3Source("s3://b", S3Options(profile="ended"))


def test_certificates_that_are_not_there_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", "no-such-file.pem")
    with pytest.raises(UsageError, match=r"AWS configuration can't be used .*no-such-file\.pem"):
        S3Source("s3://b")


def test_an_endpoint_without_scheme_is_told_the_form() -> None:
    with pytest.raises(UsageError, match=r"localhost:9000\).*http://HOST:PORT"):
        S3Source("s3://b", S3Options(endpoint_url="localhost:9000"))
