"""A bad network: a reverse proxy that stands before an HTTP/1.1 server and spoils a share of its answers.

Requests are forwarded byte for byte, Host included, since that is what a client signs. What becomes of a request hangs
on the seed, its path and how often it was asked for before: never on the order of arrival, so a run can be repeated,
and a retry gets a fresh draw. Nothing here is on a timer: what stalls, stalls until the client goes away.

Every body is held in memory whole, and has a Content-Length: nothing here is chunked. An answer without a body has
nothing to corrupt or cut short, and passes unchanged.
"""

import asyncio
import hashlib
import re
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, NamedTuple, Self
from urllib.parse import urlsplit

Kind = Literal["get", "list", "head", "put", "delete", "other"]
Fault = Literal[
    "500",  # an error of S3, as are the four below
    "503",
    "429",
    "denied",  # 403 AccessDenied
    "skewed",  # 403 RequestTimeTooSkewed
    "empty",  # 200 without a body or an ETag
    "portal",  # 200 with the login page of a hotel
    "reset",  # no answer: the connection breaks
    "hang",  # no answer: the connection stays silent
    "stall",  # the head of the real answer, then silence
    "truncated",  # the head of the real answer and half of its body, then the end
    "short",  # half of the real body, well formed, with the real ETag
    "corrupted",  # the real answer, but for one bit of the body
]

_ERRORS = {
    "500": ("500 Internal Server Error", "InternalError"),
    "503": ("503 Service Unavailable", "SlowDown"),
    "429": ("429 Too Many Requests", "TooManyRequests"),
    "denied": ("403 Forbidden", "AccessDenied"),
    "skewed": ("403 Forbidden", "RequestTimeTooSkewed"),
}
_LOGIN_PAGE = b"<!DOCTYPE html><title>Welcome</title><form>Room: <input name=room> <button>Log in</button></form>"
_LENGTH = re.compile(rb"^content-length: *(\d+)", re.IGNORECASE | re.MULTILINE)
_CONNECTION_CLOSE = re.compile(rb"^connection: *close", re.IGNORECASE | re.MULTILINE)
_EXPECTS_CONTINUE = re.compile(rb"^expect: *100-continue", re.IGNORECASE | re.MULTILINE)
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_BACKLOG = 1024


class Request(NamedTuple):
    """A request, and when it arrived on the monotonic clock. `path` has the query; `fault` is empty if it had none."""

    time: float
    kind: Kind
    path: str
    fault: Fault | Literal[""]


@dataclass(frozen=True, slots=True)
class _Message:
    """A request or an answer. `head` ends with the empty line."""

    head: bytes
    body: bytes


def _is_get(kind: Kind, _path: str) -> bool:
    return kind == "get"


class BadNetwork:
    """A network to `upstream_url` from `endpoint_url`, while the context lasts.

    `faults` gives each fault its share of the requests that `only` lets through, which sees the kind and the path; it
    can be replaced while the network runs. `retry_after`, in seconds, goes with "503" and "429".
    """

    def __init__(
        self,
        upstream_url: str,
        faults: Mapping[Fault, float],
        *,
        seed: int = 1,
        only: Callable[[Kind, str], bool] = _is_get,
        retry_after: int | None = None,
    ) -> None:
        self.faults = faults
        self.log: list[Request] = []
        self._upstream = urlsplit(upstream_url)
        self._seed, self._only, self._retry_after = seed, only, retry_after
        self._asked: Counter[tuple[Kind, str]] = Counter()
        self._clients: set[asyncio.Task[None]] = set()
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._is_open = False

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="bad network")
        self._thread.start()
        self._socket = _bind(0)
        self._port: int = self._socket.getsockname()[1]
        self.mend()
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
        self._socket.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def endpoint_url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def requests(self) -> Counter[Kind]:
        return Counter(request.kind for request in self.log)

    @property
    def injected(self) -> Counter[Fault]:
        return Counter(request.fault for request in self.log if request.fault)

    def cut(self) -> None:
        """End all connections, and refuse new ones."""
        self._run(self._cut())

    def mend(self) -> None:
        """Take connections again, at the same port."""
        self._run(self._mend())

    def _run(self, coroutine: Coroutine[None, None, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    async def _mend(self) -> None:
        if not self._is_open:
            self._socket.listen(_BACKLOG)
            self._loop.add_reader(self._socket, self._accept)
            self._is_open = True

    async def _cut(self) -> None:
        if self._is_open:
            self._loop.remove_reader(self._socket)
            self._socket.close()
            self._socket = _bind(self._port)  # bound and not listening: it refuses, and nobody else gets the port
            self._is_open = False
        for task in self._clients:
            task.cancel()
        if self._clients:
            await asyncio.wait(self._clients)
        for _, writer in self._idle:
            writer.transport.abort()
        self._idle.clear()

    def _accept(self) -> None:
        """Called by the loop itself: asyncio's own server, closed at this moment, would leak the connection."""
        connection, _ = self._socket.accept()
        task = self._loop.create_task(self._serve(connection))
        self._clients.add(task)
        task.add_done_callback(self._clients.discard)
        task.add_done_callback(lambda _: connection.close())  # a task cancelled before its start closes nothing

    async def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(0)
        reader, writer = await asyncio.open_connection(sock=connection)
        try:
            with suppress(OSError, asyncio.IncompleteReadError):  # either side went away
                while await self._exchange(reader, writer):
                    pass
                writer.close()
                await writer.wait_closed()
        finally:
            writer.transport.abort()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; false if that was the last on this connection."""
        request = await _read_request(reader, writer)
        method, path, _ = request.head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        fault = self._choose_fault(_classify(method, path), path)
        answer = await self._answer(request, method, fault)
        writer.write(answer.head + (b"" if method == "HEAD" else answer.body))
        await writer.drain()
        if fault == "reset":
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        elif fault in {"hang", "stall"}:
            await reader.read()  # until the client goes away
        is_last = fault in {"reset", "hang", "stall", "truncated"} or _CONNECTION_CLOSE.search(request.head)
        return not is_last

    def _choose_fault(self, kind: Kind, path: str) -> Fault | Literal[""]:
        draw = _draw(f"{self._seed} {kind} {path} {self._asked[kind, path]}")
        self._asked[kind, path] += 1
        fault = _pick(self.faults, draw) if self._only(kind, path) else ""
        self.log.append(Request(time.monotonic(), kind, path, fault))
        return fault

    async def _answer(self, request: _Message, method: str, fault: Fault | Literal[""]) -> _Message:
        if fault in {"reset", "hang"}:
            return _Message(b"", b"")
        if fault == "empty":
            return _make_answer("200 OK", b"")
        if fault == "portal":
            return _make_answer("200 OK", _LOGIN_PAGE, "Content-Type: text/html")
        if fault in _ERRORS:
            return _make_error(fault, self._retry_after)
        return _spoil(await self._forward(request, method), fault)

    async def _forward(self, request: _Message, method: str) -> _Message:
        reader, writer = await self._connect()
        try:
            writer.write(request.head + request.body)
            answer = await _read_answer(reader, method)
        except BaseException:
            writer.transport.abort()
            raise
        if _CONNECTION_CLOSE.search(answer.head):
            writer.transport.abort()
        else:
            self._idle.append((reader, writer))
        return answer

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self._idle:
            reader, writer = self._idle.pop()
            if not (reader.at_eof() or writer.is_closing()):
                return reader, writer
            writer.transport.abort()
        return await asyncio.open_connection(self._upstream.hostname, self._upstream.port)


def _bind(port: int) -> socket.socket:
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.settimeout(0)
    bound.bind(("127.0.0.1", port))
    return bound


def _classify(method: str, path: str) -> Kind:
    """Which kind of request it is, where the path begins with the bucket."""
    if method == "GET":
        key, _, query = path.partition("?")
        if "list-type=2" in query:
            return "list"
        return "get" if re.match("/[^/]+/.", key) else "other"
    kinds: dict[str, Kind] = {"HEAD": "head", "PUT": "put", "DELETE": "delete"}
    return kinds.get(method, "other")


def _draw(text: str) -> float:
    """A number from 0 up to 1 that only the text decides."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest()) / 2**48


def _pick(faults: Mapping[Fault, float], draw: float) -> Fault | Literal[""]:
    for fault, share in faults.items():
        if draw < share:
            return fault
        draw -= share
    return ""


def _make_error(fault: str, retry_after: int | None) -> _Message:
    status, code = _ERRORS[fault]
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>Bad network</Message></Error>'
    headers = ["Content-Type: application/xml"]
    if retry_after is not None and fault in {"503", "429"}:
        headers.append(f"Retry-After: {retry_after}")
    return _make_answer(status, body.encode(), *headers)


def _make_answer(status: str, body: bytes, *headers: str) -> _Message:
    head = "\r\n".join([f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""])
    return _Message(head.encode(), body)


def _spoil(answer: _Message, fault: Fault | Literal[""]) -> _Message:
    if not answer.body:
        return answer
    middle = len(answer.body) // 2
    first, second = answer.body[:middle], answer.body[middle:]
    match fault:
        case "stall":
            return _Message(answer.head, b"")
        case "truncated":
            return _Message(answer.head, first)
        case "short":
            return _Message(_LENGTH.sub(b"Content-Length: %d" % middle, answer.head), first)
        case "corrupted":
            return _Message(answer.head, first + bytes(byte ^ 1 for byte in second[:1]) + second[1:])
        case _:
            return answer


async def _read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> _Message:
    head = await reader.readuntil(b"\r\n\r\n")
    if _EXPECTS_CONTINUE.search(head):
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    return _Message(head, await _read_body(reader, head))


async def _read_answer(reader: asyncio.StreamReader, method: str) -> _Message:
    head = await reader.readuntil(b"\r\n\r\n")
    while head.startswith(b"HTTP/1.1 1"):  # 100 Continue, which the client has had already
        head = await reader.readuntil(b"\r\n\r\n")
    is_bare = method == "HEAD" or head.startswith(b"HTTP/1.1 304")
    return _Message(head, b"" if is_bare else await _read_body(reader, head))


async def _read_body(reader: asyncio.StreamReader, head: bytes) -> bytes:
    length = _LENGTH.search(head)
    return await reader.readexactly(int(length[1])) if length else b""
