"""That each fault does on the wire what its name says."""

import dataclasses
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead
from typing import TYPE_CHECKING

import pytest
from badnetwork import BadNetwork, Fault

if TYPE_CHECKING:
    from conftest import S3Server

BODY = bytes(range(256)) * 5
PATH = "/badnetwork/metadata/1.json"
PATHS = [f"/badnetwork/metadata/{number}.json" for number in range(1000, 1300)]  # nothing is there: answered 404


@pytest.fixture(scope="module")
def upstream(s3_server: "S3Server") -> str:
    s3_server.create_bucket("badnetwork", {"metadata/1.json": BODY}, public=True)
    return s3_server.endpoint_url


@pytest.fixture
def connection(request: pytest.FixtureRequest, upstream: str) -> Iterator[HTTPConnection]:
    """To a network that always has the fault that the test is parametrized with."""
    with BadNetwork(upstream, {request.param: 1.0}, retry_after=7) as network, closing(connect(network)) as connection:
        yield connection


def always(fault: Fault) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("connection", [fault], indirect=True)


def connect(network: BadNetwork) -> HTTPConnection:
    return HTTPConnection(network.endpoint_url.removeprefix("http://"), timeout=30)


def ask(connection: HTTPConnection, path: str = PATH) -> HTTPResponse:
    connection.request("GET", path)
    return connection.getresponse()


def ask_for_all(network: BadNetwork, paths: list[str]) -> list[int]:
    statuses = []
    with closing(connect(network)) as connection:
        for path in paths:
            with ask(connection, path) as response:
                response.read()
                statuses.append(response.status)
    return statuses


def test_without_faults_every_signed_request_comes_through(s3_server: "S3Server", upstream: str) -> None:
    with BadNetwork(upstream, {}) as network:
        client = dataclasses.replace(s3_server, endpoint_url=network.endpoint_url).client
        client.put_object(Bucket="badnetwork", Key="put/a b+c", Body=BODY * 1000)
        assert [found["Key"] for found in client.list_objects_v2(Bucket="badnetwork", Prefix="put/")["Contents"]]
        assert client.head_object(Bucket="badnetwork", Key="put/a b+c")["ContentLength"] == len(BODY) * 1000
        assert client.get_object(Bucket="badnetwork", Key="put/a b+c")["Body"].read() == BODY * 1000
        client.delete_object(Bucket="badnetwork", Key="put/a b+c")
        client.close()
    assert network.requests == {"put": 1, "list": 1, "head": 1, "get": 1, "delete": 1}
    assert not network.injected
    assert network.log[0].path == "/badnetwork/put/a%20b%2Bc"


def test_a_client_that_waits_to_be_asked_for_its_body_is_asked_once(upstream: str) -> None:
    with BadNetwork(upstream, {}) as network, closing(connect(network)) as connection:
        connection.putrequest("PUT", PATH)
        connection.putheader("Content-Length", "5")
        connection.putheader("Expect", "100-continue")
        connection.endheaders()
        assert connection.sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.send(b"12345")
        assert connection.getresponse().status == 403  # unsigned


@pytest.mark.parametrize(
    ("connection", "status", "code", "retry_after"),
    [
        ("500", 500, b"InternalError", None),
        ("503", 503, b"SlowDown", "7"),
        ("429", 429, b"TooManyRequests", "7"),
        ("denied", 403, b"AccessDenied", None),
        ("skewed", 403, b"RequestTimeTooSkewed", None),
    ],
    indirect=["connection"],
)
def test_an_error_is_one_of_s3_and_leaves_the_connection_usable(
    connection: HTTPConnection, status: int, code: bytes, retry_after: str | None
) -> None:
    for _ in range(2):
        response = ask(connection)
        assert (response.status, response.headers["Retry-After"]) == (status, retry_after)
        assert b"<Code>%s</Code>" % code in response.read()


@always("empty")
def test_empty_is_a_success_without_a_body_or_an_etag(connection: HTTPConnection) -> None:
    response = ask(connection)
    assert (response.status, response.headers["Content-Length"], response.headers["ETag"]) == (200, "0", None)


@always("portal")
def test_portal_is_a_success_with_a_web_page(connection: HTTPConnection) -> None:
    response = ask(connection)
    assert (response.status, response.headers["Content-Type"], response.headers["ETag"]) == (200, "text/html", None)
    assert response.read().startswith(b"<!DOCTYPE html>")


@always("reset")
def test_reset_breaks_the_connection_without_an_answer(connection: HTTPConnection) -> None:
    connection.request("GET", PATH)
    with pytest.raises(ConnectionResetError):
        connection.sock.recv(1)  # of a connection that was closed in order, this would be the end of the file


@always("hang")
def test_hang_answers_nothing(connection: HTTPConnection) -> None:
    connection.request("GET", PATH)
    connection.sock.settimeout(0.3)
    with pytest.raises(TimeoutError):
        connection.sock.recv(1)


@always("stall")
def test_stall_sends_the_real_head_and_nothing_more(connection: HTTPConnection) -> None:
    response = ask(connection)
    assert response.headers["Content-Length"] == str(len(BODY))
    connection.sock.settimeout(0.3)
    with pytest.raises(TimeoutError):
        response.read(1)


@always("truncated")
def test_truncated_promises_all_of_the_body_and_ends_after_half(connection: HTTPConnection) -> None:
    response = ask(connection)
    assert response.headers["Content-Length"] == str(len(BODY))
    with pytest.raises(IncompleteRead) as caught:
        response.read()
    assert caught.value.partial == BODY[: len(BODY) // 2]


@always("short")
def test_short_has_the_real_etag_and_half_of_the_body(upstream: str, connection: HTTPConnection) -> None:
    connection.request("GET", PATH, headers={"Connection": "close"})
    with connection.sock.makefile("rb") as file:
        head, _, body = file.read().decode("latin-1").partition("\r\n\r\n")
    lines = head.split("\r\n")
    assert lines[0] == "HTTP/1.1 200 OK"
    assert {f"Etag: {find_etag(upstream)}", f"Content-Length: {len(BODY) // 2}"} < set(lines)
    assert body.encode("latin-1") == BODY[: len(BODY) // 2]


@always("corrupted")
def test_corrupted_has_the_real_etag_and_one_byte_changed(upstream: str, connection: HTTPConnection) -> None:
    response = ask(connection)
    assert (response.status, response.headers["ETag"]) == (200, find_etag(upstream))
    body = response.read()
    assert len(body) == len(BODY)
    assert sum(ours != theirs for ours, theirs in zip(body, BODY, strict=True)) == 1


def find_etag(upstream: str) -> str:
    with closing(HTTPConnection(upstream.removeprefix("http://"))) as connection, ask(connection) as response:
        return response.headers["ETag"]


def test_listings_have_no_faults_unless_asked(upstream: str) -> None:
    listing = "/badnetwork?list-type=2"
    with BadNetwork(upstream, {"500": 1.0}) as network:
        assert ask_for_all(network, [listing, PATH]) == [200, 500]
    with BadNetwork(upstream, {"500": 1.0}, only=lambda kind, path: kind == "list" and "type" in path) as network:
        assert ask_for_all(network, [listing, PATH]) == [500, 200]
    assert [(request.kind, request.fault) for request in network.log] == [("list", "500"), ("get", "")]


def test_the_order_of_arrival_does_not_change_the_faults_and_another_seed_does(upstream: str) -> None:
    def find_faults(paths: list[str], seed: int) -> dict[str, str]:
        with BadNetwork(upstream, {"500": 0.2, "503": 0.3}, seed=seed) as network:
            ask_for_all(network, paths)
        return {request.path: request.fault for request in network.log}

    faults = find_faults(PATHS, 1)
    assert find_faults(PATHS[::-1], 1) == faults
    assert find_faults(PATHS, 2) != faults
    assert 30 < list(faults.values()).count("500") < 90  # 60 of 300, give or take four standard deviations
    assert 58 < list(faults.values()).count("503") < 122


def test_asked_again_a_path_gets_a_fresh_draw(upstream: str) -> None:
    with BadNetwork(upstream, {"500": 0.5}) as network:
        assert set(ask_for_all(network, [PATH] * 20)) == {200, 500}
    assert 0 < network.injected["500"] < network.requests["get"] == 20


def test_faults_can_be_changed_while_it_runs(upstream: str) -> None:
    with BadNetwork(upstream, {"500": 1.0}) as network:
        assert ask_for_all(network, [PATH]) == [500]
        network.faults = {}
        assert ask_for_all(network, [PATH]) == [200]


def test_a_cut_network_ends_connections_and_refuses_new_ones_until_mended(upstream: str) -> None:
    with BadNetwork(upstream, {}) as network, closing(connect(network)) as kept:
        assert ask(kept).read() == BODY
        network.cut()
        with pytest.raises((ConnectionError, HTTPException)):
            ask(kept)
        with pytest.raises(ConnectionRefusedError):
            ask_for_all(network, [PATH])
        network.mend()
        assert ask_for_all(network, [PATH]) == [200]


def test_leaving_ends_what_stalls_at_once_and_leaves_no_thread(upstream: str) -> None:
    threads = threading.active_count()
    with ExitStack() as stack:
        with BadNetwork(upstream, {"stall": 1.0}) as network:
            responses = [ask(stack.enter_context(closing(connect(network)))) for _ in range(20)]
        for response in responses:
            with pytest.raises(IncompleteRead):
                response.read()
    assert threading.active_count() == threads
