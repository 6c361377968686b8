"""The arithmetic of patience: deterministic but for the draws, of which only the bounds are known."""

import asyncio
import time
from collections.abc import Awaitable

import pytest

from etl.errors import SourceError
from etl.sources.failures import RequestError, Verdict
from etl.sources.pace import Breaker, Pace, Persistence

QUICK = Persistence(attempts=4, first_wait=0.001, longest_wait=0.001)
PLEA = RequestError(Verdict.SLOW_DOWN, "slow down")
SILENCE = RequestError(Verdict.UNREACHABLE, "nobody there")
FAILURE = RequestError(Verdict.RETRY, "broken")
MOST = 64


@pytest.mark.parametrize(("attempt", "bound"), [(1, 0.5), (2, 1), (3, 2), (5, 8), (6, 10), (50, 10)])
def test_waits_are_drawn_from_all_below_a_bound_that_doubles(attempt: int, bound: float) -> None:
    persistence = Persistence(first_wait=0.5, longest_wait=10)
    draws = [persistence.draw_wait(attempt) for _ in range(1000)]
    assert 0 <= min(draws) < 0.1 * bound
    assert 0.9 * bound < max(draws) <= bound


def test_patience_doubles_after_each_time_in_vain_up_to_a_bound() -> None:
    pace = Pace(1, Persistence(first_patience=10, longest_patience=60))
    assert [pace.choose_patience(timeouts) for timeouts in range(5)] == [10, 20, 40, 60, 60]


def test_patience_grows_with_the_size() -> None:
    pace = Pace(1, Persistence(first_patience=10))
    assert pace.choose_patience(0, 5_000_000) == 10 + 100  # a line of 50 kB a second


async def answer(_: float) -> str:
    return "answer"


async def stay_silent(_: float) -> None:
    await asyncio.Event().wait()


def test_patience_is_ten_times_what_is_usual() -> None:
    pace = Pace(1, Persistence(first_patience=10, shortest_patience=0.001))

    async def answer_late(_: float) -> None:
        await asyncio.sleep(0.05)

    asyncio.run(pace.bound(answer, 0))
    assert pace.choose_patience(0) < 5
    for _ in range(4):
        asyncio.run(pace.bound(answer_late, 9))
    assert 0.3 < pace.choose_patience(0) < 10  # the mean of one of nothing and four of 0.05


def test_patience_never_falls_below_the_shortest() -> None:
    pace = Pace(1, Persistence(first_patience=10, shortest_patience=3))
    asyncio.run(pace.bound(answer, 0))
    assert [pace.choose_patience(timeouts) for timeouts in range(3)] == [3, 6, 12]


def test_only_answers_teach_patience() -> None:
    pace = Pace(1, Persistence(first_patience=0.02, shortest_patience=0.02))

    async def refuse(_: float) -> None:
        raise PLEA

    with pytest.raises(TimeoutError):
        asyncio.run(pace.bound(stay_silent, 0))
    with pytest.raises(RequestError):
        asyncio.run(pace.bound(refuse, 0))
    assert pace.choose_patience(0) == 0.02


def test_whoever_is_asked_knows_how_long_it_may_take() -> None:
    pace = Pace(1, Persistence(first_patience=10))

    async def tell(seconds: float) -> float:
        return seconds

    assert asyncio.run(pace.bound(tell, 1)) == 20


def play(pace: Pace, errors: list[RequestError | None], times: int) -> None:
    for error in errors * times:
        if error:
            pace.heed(error)
        else:
            pace.speed_up()


def test_the_pace_falls_when_most_are_refused_and_recovers() -> None:
    pace = Pace(MOST, QUICK)
    assert pace.limit == MOST
    play(pace, [PLEA, PLEA, None], 100)
    assert pace.limit == 1
    play(pace, [None], 400)
    assert pace.limit == MOST


def test_the_pace_stays_high_when_one_in_ten_is_refused_and_others_fail() -> None:
    pace = Pace(MOST, QUICK)
    play(pace, [PLEA, FAILURE, FAILURE, FAILURE, FAILURE, None, None, None, None, None], 100)
    assert pace.limit >= MOST - 2


def test_the_pace_settles_where_one_in_six_is_refused() -> None:
    pace = Pace(MOST, QUICK)
    play(pace, [None, None, None, None, PLEA], 20)
    assert MOST / 2 < pace.limit < MOST  # one in five is too much: it falls
    play(pace, [None, None, None, None, None, None, PLEA], 200)
    assert pace.limit >= MOST - 2


def test_a_worker_above_the_limit_waits_until_it_rises() -> None:
    async def main() -> list[bool]:
        pace = Pace(2, QUICK)
        play(pace, [PLEA], 2)
        await pace.admit(0)
        waiting = asyncio.ensure_future(pace.admit(1))
        await asyncio.sleep(0)
        before = waiting.done()
        play(pace, [None], 6)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return [before, waiting.done()]

    assert asyncio.run(main()) == [False, True]


def test_nobody_is_held_back_when_nothing_is_left() -> None:
    async def main() -> None:
        pace = Pace(2, QUICK)
        play(pace, [PLEA], 2)
        waiting = asyncio.ensure_future(pace.admit(1))
        await asyncio.sleep(0)
        pace.admit_all()
        await waiting

    asyncio.run(main())


@pytest.mark.parametrize("error", [RequestError(Verdict.SLOW_DOWN, "", 0.05), SILENCE])
def test_all_rest_when_the_server_wants_to_be_left_alone_or_is_not_there(error: RequestError) -> None:
    async def main() -> float:
        pace = Pace(2, Persistence(first_wait=0.05))
        pace.heed(error)
        started = time.monotonic()
        await asyncio.gather(pace.admit(0), pace.rest())
        return time.monotonic() - started

    assert asyncio.run(main()) >= 0.05


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def make_breaker(**persistence: float) -> tuple[Breaker, Clock]:
    clock = Clock()
    return Breaker(Persistence(**persistence), clock), clock  # type: ignore[arg-type]


@pytest.mark.parametrize("verdict", [Verdict.FATAL, Verdict.UNREACHABLE])
def test_a_first_failure_that_concerns_all_ends_at_once(verdict: Verdict) -> None:
    breaker, _ = make_breaker()
    with pytest.raises(SourceError, match=r"^why$"):
        breaker.fail(RequestError(verdict, "why"))


@pytest.mark.parametrize("verdict", [verdict for verdict in Verdict if verdict is not Verdict.FATAL])
def test_after_a_success_only_what_is_fatal_ends_at_once(verdict: Verdict) -> None:
    breaker, _ = make_breaker()
    breaker.succeed()
    breaker.fail(RequestError(verdict, "why"))
    with pytest.raises(SourceError, match=r"^why$"):
        breaker.fail(RequestError(Verdict.FATAL, "why"))


def test_an_outage_ends_the_run_after_a_while() -> None:
    breaker, clock = make_breaker(outage=120)
    breaker.succeed()
    for second in range(0, 121, 10):
        clock.now = 1000 + second
        breaker.fail(SILENCE)
        assert not breaker.is_cut()
    clock.now += 1
    assert breaker.is_cut()
    assert str(breaker.explain_cut(SILENCE)).startswith("Nothing has come for 121 s, so it was given up: nobody there")


def test_a_bad_answer_is_an_answer() -> None:
    breaker, clock = make_breaker(outage=120)
    breaker.fail(RequestError(Verdict.SLOW_DOWN, "in a while", 180))
    clock.now += 180
    breaker.fail(SILENCE)
    assert not breaker.is_cut()
    clock.now += 121
    assert breaker.is_cut()
    breaker.fail(RequestError(Verdict.RETRY, "half of it"))
    assert not breaker.is_cut()


def test_what_obstore_says_is_neither_an_answer_nor_silence() -> None:
    breaker, clock = make_breaker(outage=120)
    breaker.fail(RequestError(Verdict.UNCLEAR, "error"))
    clock.now += 121
    assert not breaker.is_cut()
    with pytest.raises(SourceError, match=r"^nobody there$"):
        breaker.fail(SILENCE)


def test_a_success_ends_an_outage() -> None:
    breaker, clock = make_breaker(outage=120)
    breaker.succeed()
    for second in range(0, 1000, 100):
        clock.now = 1000 + second
        breaker.fail(SILENCE)
        breaker.succeed()
    clock.now += 119
    breaker.fail(SILENCE)


def test_many_lost_in_a_row_end_the_run() -> None:
    breaker, _ = make_breaker(lost_in_a_row=3)
    for _ in range(5):
        breaker.lose("a")
        breaker.lose("b")
        breaker.succeed()
    breaker.lose("c")
    breaker.lose("d")
    with pytest.raises(SourceError, match=r"3 objects in a row can't be had, the last was e"):
        breaker.lose("e")


def persist(answers: list[RequestError | TimeoutError | str]) -> tuple[str, list[float]]:
    """What comes in the end, and the patience of each attempt."""
    remaining, patience = iter(answers), []

    async def ask(seconds: float) -> str:
        patience.append(seconds)
        answer = next(remaining)
        if isinstance(answer, str):
            return answer
        raise answer

    breaker = Breaker(QUICK)
    breaker.succeed()
    return run(QUICK.persist(ask, breaker, Pace(1, QUICK))), patience


def run(work: Awaitable[str]) -> str:
    async def main() -> str:
        return await work

    return asyncio.run(main())


def test_an_answer_is_asked_for_until_it_comes() -> None:
    assert persist([FAILURE, PLEA, "answer"]) == ("answer", [10, 10, 10])


def test_silence_makes_patient_and_failures_do_not() -> None:
    assert persist([TimeoutError(), FAILURE, TimeoutError(), "answer"])[1] == [10, 20, 20, 40]


def test_too_many_failures_are_an_error_that_names_the_last() -> None:
    with pytest.raises(SourceError, match="Given up after 4 attempts: no answer in time"):
        persist([FAILURE, FAILURE, FAILURE, TimeoutError()])


def test_that_nobody_is_there_does_not_count() -> None:
    assert persist([FAILURE, *[SILENCE] * 9, FAILURE, FAILURE, "answer"])[0] == "answer"


def test_what_is_not_there_is_not_asked_for_again() -> None:
    with pytest.raises(RequestError, match="not found"):
        persist([FAILURE, RequestError(Verdict.LOST, "not found"), "never"])
