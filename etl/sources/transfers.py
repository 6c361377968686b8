"""Getting many small objects at once over a line that fails: the reader of a source that is asked object by object.

Workers in an event loop take one entry after another. A request that failed gives its worker back; the entry comes
again when its wait is over. What has come but isn't taken yet is bounded in bytes, so a slow disk slows the requests.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Self

import pyarrow as pa

from etl.sources.base import Body, Entry, iterate_entries
from etl.sources.failures import NO_ANSWER, RequestError, Verdict
from etl.sources.loopthread import LoopThread, Outbox
from etl.sources.pace import Breaker, Pace, Persistence

_ROOM_BYTES = 32 << 20
_LEAST_BYTES = 4 << 10  # what a body counts for at least: its Python objects need memory too


@dataclass(frozen=True, slots=True)
class Request:
    """One entry to get; how often it was asked for, this time included, and how often no answer came in time."""

    entry: Entry
    attempt: int = 1
    timeouts: int = 0
    changed: bool = False


class ChangedError(Exception):
    """The object is another version than the listed one."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry


Ask = Callable[[Request, float], Awaitable[Body]]
"""Makes one request, which may take so many seconds. The body is verified; one with an error counts as a failure.

Raises RequestError or TimeoutError, or ChangedError when the answer is of another version.
"""


class TransferReader:
    """See `etl.sources.base.Reader`."""

    def __init__(self, ask: Ask, concurrency: int, persistence: Persistence, breaker: Breaker) -> None:
        self._thread = LoopThread()
        self._outbox: Outbox[Body] = Outbox()
        self._transfers = _Transfers(ask, self._outbox, concurrency, persistence, breaker)
        self._taken: list[Body] = []

    def __enter__(self) -> Self:
        self._thread.__enter__()
        self._thread.start(self._outbox.fill(self._transfers.run()))
        return self

    def __exit__(self, *error: object) -> None:
        """Ask for nothing more. What has come can still be taken."""
        self._thread.__exit__(*error)
        self._taken = []  # nobody is left who needs the room

    def add(self, wanted: pa.Table) -> None:
        """See `Reader`."""
        self._thread.call(self._transfers.add, wanted)

    def end(self) -> None:
        """See `Reader`."""
        self._thread.call(self._transfers.end)

    def take(self, seconds: float = 0) -> list[Body] | None:
        """See `Reader`."""
        if self._taken:
            self._thread.call(self._transfers.free, sum(map(_weigh, self._taken)))
        taken = self._outbox.take(seconds)
        self._taken = taken or []
        return taken

    def tallies(self) -> Mapping[str, int]:
        """See `Reader`."""
        return dict(self._transfers.tallies)  # a copy: the other thread adds names


class _Transfers:
    """The side of the event loop: every method runs there."""

    def __init__(
        self, ask: Ask, outbox: Outbox[Body], concurrency: int, persistence: Persistence, breaker: Breaker
    ) -> None:
        self._ask, self._outbox, self._persistence, self._breaker = ask, outbox, persistence, breaker
        self._concurrency = concurrency
        self._pace = Pace(concurrency, persistence)
        self._tables: deque[pa.Table] = deque()
        self._fresh: Iterator[Entry] = iter(())
        self._again: deque[Request] = deque()
        self._unasked = self._unfinished = 0
        self._ended = False
        self._room = _ROOM_BYTES
        self._wake = asyncio.Event()
        self.tallies: Counter[str] = Counter()

    def add(self, wanted: pa.Table) -> None:
        self._tables.append(wanted)
        self._unasked += wanted.num_rows
        self._wake.set()

    def end(self) -> None:
        self._ended = True
        self._wake.set()

    def free(self, size: int) -> None:
        self._room += size
        self._wake.set()

    async def run(self) -> None:
        """Work until all is done or one worker meets an error that ends everything."""
        async with asyncio.TaskGroup() as group:
            for worker in range(self._concurrency):
                group.create_task(self._work(worker))

    async def _work(self, worker: int) -> None:
        while request := await self._next(worker):
            await self._perform(request)

    async def _next(self, worker: int) -> Request | None:
        """The next request, as soon as the pace allows it and there is room for its answer; None when all is done."""
        while True:
            await self._pace.admit(worker)
            if self._room > 0:
                if request := self._take_next():
                    self._room -= _weigh_size(request.entry.size)
                    return request
                if self._ended and not self._unfinished:
                    self._wake.set()
                    self._pace.admit_all()
                    return None
            self._wake.clear()
            await self._wake.wait()

    def _take_next(self) -> Request | None:
        if self._again:
            return self._again.popleft()
        while (entry := next(self._fresh, None)) is None:
            if not self._tables:
                return None
            self._fresh = iterate_entries(self._tables.popleft())
        self._unasked -= 1
        self._unfinished += 1
        return Request(entry)

    async def _perform(self, request: Request) -> None:
        try:
            body = await self._pace.bound(partial(self._ask, request), request.timeouts, request.entry.size)
        except ChangedError as change:
            self._fail(request, RequestError(Verdict.RETRY, "changed while it was got"), change.entry)
        except RequestError as error:
            self._fail(request, error)
        except TimeoutError:
            self._fail(replace(request, timeouts=request.timeouts + 1), RequestError(Verdict.SILENT, NO_ANSWER))
        else:
            if body.error:
                self._fail(request, RequestError(Verdict.RETRY, body.error))
                return
            self._pace.speed_up()
            self._breaker.succeed()
            self._deliver(replace(body, attempts=request.attempt, changed=request.changed))

    def _fail(self, request: Request, error: RequestError, changed: Entry | None = None) -> None:
        """Ask again after a while, for the `changed` version if there is one, or give the object up."""
        if error.verdict is Verdict.SLOW_DOWN:
            self.tallies["slow-downs"] += 1
        self._pace.heed(error)
        self._breaker.fail(error)
        self.free(_weigh_size(request.entry.size))
        if self._is_hopeless(request, error):
            self._give_up(request, error)
            return
        self.tallies["retries"] += 1
        if changed:
            request = replace(request, entry=changed, changed=True)
        step = error.verdict is not Verdict.UNREACHABLE  # nobody answered: that isn't the object's failure
        again = replace(request, attempt=request.attempt + step)
        asyncio.get_running_loop().call_later(self._persistence.draw_wait(request.attempt), self._queue, again)

    def _is_hopeless(self, request: Request, error: RequestError) -> bool:
        if error.verdict in (Verdict.LOST, Verdict.DENIED) or request.attempt >= self._persistence.attempts:
            return True
        if not self._breaker.is_cut():
            return False
        if self._ended and not self._unasked and self._unfinished < self._persistence.lost_in_a_row:
            return True  # these few may well be all that gets no answer
        raise self._breaker.explain_cut(error)

    def _give_up(self, request: Request, error: RequestError) -> None:
        if error.verdict is Verdict.LOST:
            self._breaker.succeed()  # a good answer: nothing is wrong but with this object
        else:
            self._breaker.lose(f"{request.entry.key}: {error}")
        self._deliver(Body(request.entry, error=str(error), attempts=request.attempt))

    def _queue(self, request: Request) -> None:
        self._again.append(request)
        self._wake.set()

    def _deliver(self, body: Body) -> None:
        """Hand a body over. Its content keeps its room until it was taken."""
        self._unfinished -= 1
        self._outbox.put(body)
        if not self._unfinished:
            self._wake.set()


def _weigh(body: Body) -> int:
    return 0 if body.error else _weigh_size(len(body.content))


def _weigh_size(size: int) -> int:
    return max(size, _LEAST_BYTES)
