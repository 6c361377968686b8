"""Each answer of a server, as the clients themselves tell it."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable

import obstore
import pytest
from botocore.exceptions import SSLError
from loopback import Answer, Loopback, Respond, answer_error
from obstore.exceptions import BaseError

from etl.errors import AbidError
from etl.sources.account import Account
from etl.sources.failures import Place, RequestError, Verdict, explain_failure, explain_hint
from etl.sources.options import S3Options

Serve = Callable[[Respond], Loopback]


def ask(url: str, seconds: float = 60) -> None:
    account = Account("s3://b", S3Options(endpoint_url=url))
    asyncio.run(account.ask(lambda client, arguments: client.get_object(Key="k", **arguments)["Body"].read(), seconds))


def fail(url: str) -> tuple[Verdict, str, float]:
    with pytest.raises(RequestError) as caught:
        ask(url)
    return caught.value.verdict, str(caught.value), caught.value.retry_after


@pytest.mark.parametrize(
    ("answer", "verdict", "message"),
    [
        (answer_error(503, "SlowDown"), Verdict.SLOW_DOWN, "the server asks to slow down (SlowDown)"),
        (answer_error(503, "ServiceUnavailable"), Verdict.SLOW_DOWN, "asks to slow down (ServiceUnavailable)"),
        (Answer(503), Verdict.SLOW_DOWN, "asks to slow down"),
        (answer_error(429, "TooManyRequests"), Verdict.SLOW_DOWN, "asks to slow down (TooManyRequests)"),
        (answer_error(400, "RequestLimitExceeded"), Verdict.SLOW_DOWN, "asks to slow down"),
        (answer_error(404, "NoSuchKey"), Verdict.LOST, "not found"),
        (answer_error(403, "InvalidObjectState"), Verdict.LOST, "archived: restore it first (InvalidObjectState)"),
        (answer_error(403, "AccessDenied"), Verdict.DENIED, "s3://b at {url} denies access (AccessDenied): "),
        (Answer(403), Verdict.DENIED, "requests go unsigned, and it isn't public: set AWS_PROFILE"),
        (answer_error(404, "NoSuchBucket"), Verdict.FATAL, "There is no bucket b at {url}: check its name"),
        (answer_error(403, "RequestTimeTooSkewed"), Verdict.FATAL, "refuses the time of this machine"),
        (answer_error(400, "ExpiredToken"), Verdict.FATAL, "the credentials have ended (ExpiredToken): log in again"),
        (answer_error(400, "InvalidToken"), Verdict.FATAL, "the credentials have ended (InvalidToken): log in again"),
        (
            answer_error(301, "PermanentRedirect", {"x-amz-bucket-region": "eu-west-1"}),
            Verdict.FATAL,
            "is in another region: set AWS_REGION to eu-west-1.",
        ),
        (answer_error(400, "AuthorizationHeaderMalformed"), Verdict.FATAL, "set AWS_REGION to that of the bucket."),
        (answer_error(500, "InternalError"), Verdict.RETRY, "the server answered 500 (InternalError)"),
        (Answer(502, body=b"<html>bad gateway</html>"), Verdict.RETRY, "is there a login page or a proxy on the way?"),
        (Answer(200, {"Content-Length": "9"}, b"half"), Verdict.RETRY, "the answer broke off: "),
    ],
)
def test_an_answer_is_told_by_its_code_and_status(answer: Answer, verdict: Verdict, message: str, serve: Serve) -> None:
    url = serve(lambda _: answer).url
    told, text, _ = fail(url)
    assert told is verdict
    assert message.format(url=url) in text


@pytest.mark.parametrize(
    ("retry_after", "seconds"), [("7", 7), ("86400", 300), ("Fri, 14 Jul 2017 02:40:00 GMT", 0), ("-1", 0), ("", 0)]
)
def test_the_server_says_how_long_it_wants_to_be_left_alone(retry_after: str, seconds: float, serve: Serve) -> None:
    url = serve(lambda _: answer_error(503, "SlowDown", {"Retry-After": retry_after})).url
    assert fail(url)[2] == seconds


def test_who_is_signed_in_is_not_told_to_sign_in(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "someone")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    url = serve(lambda _: answer_error(403, "AccessDenied")).url
    assert "check the credentials, and that they allow s3:ListBucket and s3:GetObject" in fail(url)[1]


@pytest.fixture
def closed_port() -> str:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{nobody.getsockname()[1]}"


def test_a_refused_connection_says_nothing_about_the_object(closed_port: str) -> None:
    verdict, message, _ = fail(f"http://{closed_port}")
    assert verdict is Verdict.UNREACHABLE
    assert message.startswith(
        f"Can't reach s3://b at http://{closed_port}: check the endpoint, the network and the proxy"
    )
    assert message.endswith("Connection refused).")


def test_a_name_without_an_address_says_nothing_about_the_object() -> None:
    verdict, message, _ = fail("http://nobody.invalid")
    assert verdict is Verdict.UNREACHABLE
    assert message.endswith("(its name can't be resolved).")


def test_a_proxy_that_is_not_there_says_nothing_about_the_object(
    closed_port: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://{closed_port}")
    verdict, message, _ = fail("http://nobody.invalid")
    assert verdict is Verdict.UNREACHABLE
    assert "check the endpoint, the network and the proxy" in message


def test_a_certificate_that_nobody_vouches_for_is_fatal() -> None:
    """What boto3 says of one; the standard library can't make one."""
    why = ssl.SSLError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate")
    place = Place("s3://b", "b", "https://127.0.0.1", signed=False)
    error = explain_failure(SSLError(endpoint_url=place.endpoint, error=why), place)
    assert error.verdict is Verdict.FATAL
    assert "name the authority that vouches for it in AWS_CA_BUNDLE" in str(error)


def test_an_endpoint_that_speaks_no_tls_is_not_there(serve: Serve) -> None:
    verdict, message, _ = fail(serve(lambda _: Answer()).url.replace("http:", "https:"))
    assert verdict is Verdict.UNREACHABLE
    assert "wrong version number" in message


def test_a_connection_that_breaks_before_tls_is_agreed_upon_says_nothing_about_the_object() -> None:
    def hang_up() -> None:
        server.accept()[0].close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=hang_up)
        thread.start()
        verdict, message, _ = fail(f"https://127.0.0.1:{server.getsockname()[1]}")
        thread.join()
    assert verdict is Verdict.UNREACHABLE
    assert "Can't reach s3://b" in message


def test_a_connection_that_breaks_is_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        account = Account("s3://b", S3Options(endpoint_url=f"http://127.0.0.1:{server.getsockname()[1]}"))

        async def ask_and_break() -> None:
            asking = asyncio.ensure_future(
                account.ask(lambda client, arguments: client.list_objects_v2(**arguments), 60)
            )
            connection, _ = await asyncio.to_thread(server.accept)
            connection.close()
            await asking

        with pytest.raises(RequestError, match="the answer broke off") as caught:
            asyncio.run(ask_and_break())
    assert caught.value.verdict is Verdict.RETRY


@pytest.mark.parametrize(
    "answer", [None, Answer(200, {"Content-Length": "9"}, b"half", chunks=iter(lambda: b"", None))]
)
def test_silence_is_no_failure_of_its_own(answer: Answer | None, serve: Serve) -> None:
    with pytest.raises(TimeoutError):
        ask(serve(lambda _: answer).url, seconds=0.2)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (answer_error(503, "SlowDown"), Verdict.SLOW_DOWN),
        (answer_error(429, "TooManyRequests"), Verdict.SLOW_DOWN),
        (answer_error(500, "InternalError"), Verdict.UNCLEAR),
        (answer_error(403, "AccessDenied"), Verdict.UNCLEAR),
        (answer_error(404, "NoSuchBucket"), Verdict.UNCLEAR),
    ],
)
def test_obstore_is_believed_only_that_the_server_asks_to_slow_down(
    answer: Answer, verdict: Verdict, serve: Serve
) -> None:
    store = Account("s3://b", S3Options(endpoint_url=serve(lambda _: answer).url)).open_store()
    with pytest.raises((BaseError, FileNotFoundError)) as caught:
        obstore.get(store, "k")
    error = explain_hint(caught.value)
    assert (error.verdict, error.retry_after) == (verdict, 0)
    assert "\n" not in str(error)


def test_a_failure_of_a_request_is_none_of_the_program() -> None:
    assert not issubclass(RequestError, AbidError)  # it never ends a command by itself
