"""An HTTP server on loopback that answers as a test says, where no real server can be made to misbehave so."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote


class Asked(NamedTuple):
    """A request, decoded. `path` has no query; a proxy is asked for a whole URL."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Message


@dataclass(frozen=True)
class Answer:
    """`chunks` follow the body; headers win over the Content-Length of the body alone."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    chunks: Iterable[bytes] = ()


Respond = Callable[[Asked], Answer | None]
"""What to answer; None: nothing, until the server ends. Called in a thread of its own for each request."""


class Loopback(ThreadingHTTPServer):
    request_queue_size = 256  # of five, the sixth client at once would wait a second

    def __init__(self, respond: Respond) -> None:
        self.respond = respond
        self.asked: list[Asked] = []
        self.over = threading.Event()
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Loopback

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        asked = Asked(self.command, unquote(path), dict(parse_qsl(query, keep_blank_values=True)), self.headers)
        self.server.asked.append(asked)
        if answer := self.server.respond(asked):
            with suppress(ConnectionError):  # who asked has gone
                self._send(answer)
        else:
            self.server.over.wait()

    do_HEAD = do_GET  # noqa: N815  named by http.server

    def _send(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        headers = {"Content-Length": str(len(answer.body)), "Connection": "close", **answer.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)
        for chunk in answer.chunks:
            self.wfile.write(chunk)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  named by http.server
        pass


@contextmanager
def run_loopback(respond: Respond) -> Iterator[Loopback]:
    with Loopback(respond) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,)).start()
        try:
            yield server
        finally:
            server.over.set()
            server.shutdown()


def answer_error(status: int, code: str, headers: Mapping[str, str] | None = None) -> Answer:
    """An error as S3 writes it."""
    return Answer(status, headers or {}, f"<Error><Code>{code}</Code><Message>Of a test</Message></Error>".encode())
