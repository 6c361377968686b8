"""The reader alone: what it asks for, when, and how often. Here, to ask is to call a function."""

import asyncio
import threading
import time
from dataclasses import replace

import pytest
from reading import PATIENT, add_and_take, make_listing, take_rest

from etl.errors import SourceError
from etl.sources.base import Body
from etl.sources.failures import NO_ANSWER, RequestError, Verdict
from etl.sources.pace import Breaker, Persistence
from etl.sources.transfers import Ask, ChangedError, Request, TransferReader

KEYS = [str(number) for number in range(1000)]
GIGABYTE = 1 << 30


def open_reader(ask: Ask, concurrency: int = 4, persistence: Persistence = PATIENT) -> TransferReader:
    return TransferReader(ask, concurrency, persistence, Breaker(persistence))


async def answer(request: Request, _: float) -> Body:
    return Body(request.entry, b"x")


def fail_with(*errors: Exception) -> tuple[Ask, list[Request]]:
    """Fails with one error after another, then answers; and what it was asked for."""
    remaining, requests = iter(errors), []

    async def ask(request: Request, seconds: float) -> Body:
        requests.append(request)
        if error := next(remaining, None):
            raise error
        return await answer(request, seconds)

    return ask, requests


def test_every_row_comes_once_whenever_it_was_added() -> None:
    with open_reader(answer) as reader:
        for start in range(0, 900, 300):
            reader.add(make_listing(*KEYS[start : start + 300]))
        first = {body.entry.key for body in reader.take(60) or []}
        rest = add_and_take(reader, make_listing(*KEYS[900:]))
        assert reader.take() is None
    assert first
    assert first | rest.keys() == set(KEYS)
    assert len(first) + len(rest) == len(KEYS)


def test_what_has_come_can_be_taken_when_the_rest_is_left() -> None:
    """As an interrupt does it, so that no work is lost."""
    has_come = threading.Event()

    async def ask(request: Request, seconds: float) -> Body:
        if request.entry.key == KEYS[2]:
            has_come.set()
            await asyncio.Event().wait()
        return await answer(request, seconds)

    with open_reader(ask, concurrency=1) as reader:
        reader.add(make_listing(KEYS[0]))
        assert [body.entry.key for body in reader.take(60) or []] == KEYS[:1]
        reader.add(make_listing(*KEYS[1:]))
        assert has_come.wait(60)
    assert [body.entry.key for body in reader.take() or []] == KEYS[1:2]


@pytest.mark.parametrize(("others", "is_lost"), [(0, True), (200, False)])
def test_an_object_that_alone_gets_no_answer_is_lost_and_many_end_the_reading(others: int, *, is_lost: bool) -> None:
    async def ask(request: Request, seconds: float) -> Body:
        if request.entry.key in KEYS[:10]:
            return await answer(request, seconds)
        raise TimeoutError

    with open_reader(ask, persistence=replace(PATIENT, outage=0.05, attempts=10_000)) as reader:
        reader.add(make_listing(*KEYS[: 11 + others]))
        reader.end()
        if is_lost:
            bodies = take_rest(reader)
            assert [key for key, body in bodies.items() if body.error == NO_ANSWER] == KEYS[10:11]
            assert len(bodies) == 11
        else:
            with pytest.raises(SourceError, match=r"Nothing has come for \d+ s, so it was given up: no answer in time"):
                take_rest(reader)


@pytest.mark.parametrize("adds_nothing", [True, False])
def test_a_reader_that_is_asked_for_nothing_ends(*, adds_nothing: bool) -> None:
    with open_reader(answer) as reader:
        if adds_nothing:
            reader.add(make_listing())
        reader.end()
        assert reader.take(60) is None


def test_a_reader_that_is_left_alone_waits_for_more() -> None:
    with open_reader(answer) as reader:
        assert reader.take() == []
        reader.add(make_listing("1"))
        assert len(reader.take(60) or []) == 1
        assert reader.take() == []


def test_no_more_is_asked_at_once_than_wanted() -> None:
    now, most = 0, 0

    async def ask(request: Request, seconds: float) -> Body:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0)
        now -= 1
        return await answer(request, seconds)

    with open_reader(ask, concurrency=7) as reader:
        add_and_take(reader, make_listing(*KEYS))
    assert most == 7


def test_all_comes_though_nothing_more_fits_before_it_is_taken() -> None:
    """Each body is as large as all the room there is."""

    async def ask(request: Request, _: float) -> Body:
        return Body(request.entry, bytes(request.entry.size))

    with open_reader(ask) as reader:
        reader.add(make_listing(*"abcdef", size=33 << 20))
        reader.end()
        while not (taken := reader.take(60)):
            pass
        assert len(taken) == 1
        assert len(take_rest(reader)) == 5


def test_an_object_that_has_become_small_needs_no_more_room_than_that() -> None:
    """Were the room of what was listed kept, there would be none for the next."""

    async def ask(request: Request, seconds: float) -> Body:
        if request.entry.size == GIGABYTE:
            raise ChangedError(request.entry._replace(size=1, etag="new"))
        return await answer(request, seconds)

    with open_reader(ask) as reader:
        bodies = add_and_take(reader, make_listing(*KEYS[:20], size=GIGABYTE))
    assert {(body.entry.etag, body.changed, body.attempts) for body in bodies.values()} == {("new", True, 2)}


def test_an_object_that_changes_all_the_time_is_given_up() -> None:
    async def ask(request: Request, _: float) -> Body:
        raise ChangedError(request.entry._replace(etag=request.entry.etag + "!"))

    with open_reader(ask, persistence=Persistence(attempts=3, first_wait=0)) as reader:
        [body] = add_and_take(reader, make_listing("1")).values()
    assert (body.error, body.attempts) == ("changed while it was got", 3)


@pytest.mark.parametrize(
    ("error", "attempts"),
    [
        (RequestError(Verdict.RETRY, "why"), 3),
        (RequestError(Verdict.SLOW_DOWN, "why"), 3),
        (RequestError(Verdict.LOST, "why"), 1),
        (RequestError(Verdict.DENIED, "why"), 1),
    ],
)
def test_an_object_is_given_up_with_its_last_error(error: RequestError, attempts: int) -> None:
    async def ask(request: Request, seconds: float) -> Body:
        if request.entry.key == "bad":
            raise error
        return await answer(request, seconds)

    with open_reader(ask, persistence=Persistence(attempts=3, first_wait=0)) as reader:
        reader.add(make_listing("good"))
        assert [body.error for body in reader.take(60) or []] == [""]
        [body] = add_and_take(reader, make_listing("bad")).values()
        assert reader.tallies().get("retries", 0) == attempts - 1
    assert (body.error, body.attempts, body.content) == ("why", attempts, b"")


def test_that_nobody_is_there_is_not_the_objects_failure() -> None:
    silence = RequestError(Verdict.UNREACHABLE, "nobody there")
    failing, _ = fail_with(RequestError(Verdict.RETRY, "first"), *[silence] * 9)

    async def ask(request: Request, seconds: float) -> Body:
        return await (answer if request.entry.key == "good" else failing)(request, seconds)

    with open_reader(ask, persistence=Persistence(attempts=3, first_wait=0)) as reader:
        reader.add(make_listing("good"))
        reader.take(60)
        [body] = add_and_take(reader, make_listing("bad")).values()
    assert (body.error, body.attempts) == ("", 2)


def test_only_silence_makes_patient() -> None:
    failure = RequestError(Verdict.RETRY, "why")
    ask, requests = fail_with(TimeoutError(), failure, TimeoutError(), failure)
    with open_reader(ask) as reader:
        add_and_take(reader, make_listing("1"))
    assert [request.timeouts for request in requests] == [0, 1, 1, 2, 2]
    assert [request.attempt for request in requests] == [1, 2, 3, 4, 5]


def test_an_answer_that_does_not_come_is_not_waited_for() -> None:
    patience = []

    async def ask(request: Request, seconds: float) -> Body:
        patience.append(seconds)
        if request.attempt < 3:
            await asyncio.Event().wait()
        return await answer(request, seconds)

    with open_reader(ask, persistence=Persistence(first_wait=0, first_patience=0.02, shortest_patience=0.02)) as reader:
        [body] = add_and_take(reader, make_listing("1", size=0)).values()
    assert body.attempts == 3
    assert patience == [0.02, 0.04, 0.08]


@pytest.mark.parametrize("worker", range(4))
def test_all_workers_rest_when_the_server_wants_to_be_left_alone(worker: int) -> None:
    """Also those that had nothing to do when it said so."""
    times = []

    async def ask(request: Request, seconds: float) -> Body:
        times.append(time.monotonic())
        if len(times) == worker + 1:
            raise RequestError(Verdict.SLOW_DOWN, "please", 0.1)
        return await answer(request, seconds)

    with open_reader(ask) as reader:
        for key in KEYS[:worker]:
            reader.add(make_listing(key))
            reader.take(60)
        add_and_take(reader, make_listing("refused"))
        assert reader.tallies() == {"slow-downs": 1, "retries": 1}
    assert times[worker + 1] - times[worker] >= 0.1


def test_what_concerns_all_ends_the_reader() -> None:
    ask, _ = fail_with(RequestError(Verdict.FATAL, "no such bucket"))
    with open_reader(ask) as reader, pytest.raises(SourceError, match="no such bucket"):
        add_and_take(reader, make_listing(*KEYS))


def test_a_mistake_of_the_program_is_met_and_not_waited_for() -> None:
    ask, _ = fail_with(ZeroDivisionError("a mistake"))
    with open_reader(ask) as reader, pytest.raises(ZeroDivisionError, match="a mistake"):
        add_and_take(reader, make_listing(*KEYS))


def test_what_had_come_is_there_before_the_error() -> None:
    async def ask(request: Request, seconds: float) -> Body:
        if request.entry.key == "bad":
            raise RequestError(Verdict.FATAL, "the end")
        return await answer(request, seconds)

    with open_reader(ask, concurrency=1) as reader:
        reader.add(make_listing(*KEYS, "bad"))
        taken: list[Body] = []
        while len(taken) < len(KEYS):
            taken += reader.take(60) or []
        with pytest.raises(SourceError, match="the end"):
            reader.take(60)
    assert [body.entry.key for body in taken] == KEYS
