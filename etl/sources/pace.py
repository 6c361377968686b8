"""How fast to ask: how many requests at once, how long to wait for one, when to ask again, and when to give up.

Each plea of the server to slow down takes one request at once away, each other answer gives a fifth of one back. So
their number settles where one request in six is refused, stays high when pleas are rare, and falls within a few round
trips when most are refused. Waits before asking again are drawn from zero to a bound that doubles ("full jitter"):
clients that failed together don't come back together
(https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from etl.errors import SourceError
from etl.sources.failures import NO_ANSWER, RequestError, Verdict

T = TypeVar("T")
RUN_AGAIN = "What came is kept: run the same command again."
Ask = Callable[[float], Awaitable[T]]
"""Makes a request that may take so many seconds. Raises RequestError or TimeoutError."""


@dataclass(frozen=True, slots=True)
class Persistence:
    """How long to try. All times in seconds.

    An object is given up after `attempts` requests: with one in three failing, sixteen leave one in 40 million. The
    whole is given up when nobody has answered for `outage`, or when `lost_in_a_row` objects one after another can't be
    had. An answer is waited for ten times as long as is usual, which `first_patience` guesses at first, and twice as
    long after each time in vain.
    """

    attempts: int = 16
    first_wait: float = 0.2
    longest_wait: float = 20.0
    first_patience: float = 10.0
    shortest_patience: float = 2.0
    longest_patience: float = 60.0
    outage: float = 120.0
    lost_in_a_row: int = 100

    def draw_wait(self, attempt: int) -> float:
        """How long to wait after that many failed requests."""
        return random.uniform(0, min(self.longest_wait, self.first_wait * 2.0 ** (attempt - 1)))  # noqa: S311

    async def persist(self, ask: "Ask[T]", breaker: "Breaker", pace: "Pace") -> T:
        """Ask until there is an answer, for what nothing works without.

        Raises:
            SourceError: none came.
            RequestError: there is no such object.
        """
        attempt, timeouts = 1, 0
        while True:
            await pace.rest()
            try:
                answer = await pace.bound(ask, timeouts)
            except RequestError as failure:
                error = failure
            except TimeoutError:
                error, timeouts = RequestError(Verdict.SILENT, NO_ANSWER), timeouts + 1
            else:
                breaker.succeed()
                return answer
            breaker.fail(error)
            pace.heed(error)
            if error.verdict is Verdict.LOST:
                raise error
            if error.verdict is Verdict.DENIED:
                raise SourceError(str(error)) from error
            if breaker.is_cut():
                raise breaker.explain_cut(error) from error
            if attempt == self.attempts:
                raise SourceError(f"Given up after {attempt} attempts: {error}\n{RUN_AGAIN}") from error
            await asyncio.sleep(self.draw_wait(attempt))
            attempt += error.verdict is not Verdict.UNREACHABLE  # that says nothing about what was asked for


class Breaker:
    """Ends a run that can't succeed. Whatever asks the same server shares one: an answer to any is an answer."""

    def __init__(self, persistence: Persistence, clock: Callable[[], float] = time.monotonic) -> None:
        self._persistence, self._clock = persistence, clock
        self._answered = False
        self._silent_since: float | None = None
        self._lost = 0

    def succeed(self) -> None:
        """Something was got."""
        self._answered = True
        self._silent_since = None
        self._lost = 0

    def fail(self, error: RequestError) -> None:
        """A request failed.

        Raises:
            SourceError: every other one would fail alike, or nobody has answered ever.
        """
        at_first = not self._answered and error.verdict is Verdict.UNREACHABLE
        if error.verdict is Verdict.FATAL or at_first:
            raise SourceError(str(error))
        if error.verdict in (Verdict.UNREACHABLE, Verdict.SILENT):
            self._silent_since = self._silent_since or self._clock()
        elif error.verdict is not Verdict.UNCLEAR:
            self._answered, self._silent_since = True, None

    def is_cut(self) -> bool:
        """Whether nobody has answered for longer than a network may be gone."""
        return self._measure_silence() > self._persistence.outage

    def explain_cut(self, error: RequestError) -> SourceError:
        """What to raise where it is cut."""
        silent = self._measure_silence()
        return SourceError(f"Nothing has come for {silent:.0f} s, so it was given up: {error}\n{RUN_AGAIN}")

    def lose(self, error: str) -> None:
        """An object was given up.

        Raises:
            SourceError: so were those before it.
        """
        self._lost += 1
        if self._lost >= self._persistence.lost_in_a_row:
            raise SourceError(f"{self._lost} objects in a row can't be had, the last was {error}\n{RUN_AGAIN}")

    def _measure_silence(self) -> float:
        return 0 if self._silent_since is None else self._clock() - self._silent_since


class Pace:
    """How many of `most` workers may ask at once. Belongs to one event loop."""

    _BYTES_PER_SECOND = 50_000  # a line that is slower is of no use
    _ROUNDS_OF_PATIENCE = 10
    _LEAST_WEIGHT = 0.05
    _GAIN = 0.2

    def __init__(self, most: int, persistence: Persistence) -> None:
        self._most, self._persistence = most, persistence
        self._limit = float(most)
        self._round_trip = persistence.first_patience / self._ROUNDS_OF_PATIENCE  # seconds, a moving mean
        self._answers = 0
        self._resume_at = 0.0
        self._freed = asyncio.Event()

    @property
    def limit(self) -> int:
        """How many may ask at once now."""
        return max(1, int(self._limit))

    async def admit(self, worker: int) -> None:
        """Wait until worker number `worker`, counted from 0, may ask."""
        await self.rest()
        while worker >= self.limit:
            self._freed.clear()
            await self._freed.wait()
            await self.rest()

    async def rest(self) -> None:
        """Wait as long as the server wants to be left alone."""
        while (pause := self._resume_at - time.monotonic()) > 0:  # noqa: ASYNC110  another plea can have come meanwhile
            await asyncio.sleep(pause)

    def admit_all(self) -> None:
        """Hold nobody back any more: there is nothing left to ask."""
        self._limit, self._resume_at = float(self._most), 0.0
        self._freed.set()

    def choose_patience(self, timeouts: int, size: int = 0) -> float:
        """How long to wait for `size` bytes after so many times in vain."""
        usual = max(self._persistence.shortest_patience, self._ROUNDS_OF_PATIENCE * self._round_trip)
        return min(self._persistence.longest_patience, usual * 2.0**timeouts) + size / self._BYTES_PER_SECOND

    async def bound(self, ask: Ask[T], timeouts: int, size: int = 0) -> T:
        """Ask, and wait for the answer as long as `choose_patience` says. Learns what is usual.

        Raises:
            TimeoutError: no answer came.
            RequestError: what came is none.
        """
        started, patience = time.monotonic(), self.choose_patience(timeouts, size)
        async with asyncio.timeout(patience):
            answer = await ask(patience)
        self._answers += 1
        weight = max(self._LEAST_WEIGHT, 1 / self._answers)
        self._round_trip += weight * (time.monotonic() - started - self._round_trip)
        return answer

    def heed(self, error: RequestError) -> None:
        """A request failed: slow down where that helps."""
        if error.verdict is Verdict.SLOW_DOWN:
            self._slow_down(error.retry_after)
        elif error.verdict is Verdict.UNREACHABLE:
            self._slow_down(self._persistence.first_wait)
        elif error.verdict not in (Verdict.SILENT, Verdict.UNCLEAR):
            self.speed_up()

    def speed_up(self) -> None:
        """The server answered without asking to slow down."""
        if self._limit < self._most:
            before = self.limit
            self._limit = min(self._most, self._limit + self._GAIN)
            if self.limit > before:
                self._freed.set()

    def _slow_down(self, retry_after: float) -> None:
        self._resume_at = max(self._resume_at, time.monotonic() + retry_after)
        self._limit = max(1.0, self._limit - 1)
