import asyncio
import threading
from collections.abc import Coroutine
from typing import Any

import pytest

from etl.sources.loopthread import LoopThread, Outbox


def take_all(work: Coroutine[Any, Any, None], outbox: Outbox[int]) -> list[int]:
    taken: list[int] = []
    with LoopThread() as thread:
        thread.start(outbox.fill(work))
        while (items := outbox.take(60)) is not None:
            taken += items
    return taken


async def count(outbox: Outbox[int], error: Exception | None = None) -> None:
    for number in range(1000):
        outbox.put(number)
        if number % 100 == 0:
            await asyncio.sleep(0)
    if error:
        raise error


def test_all_items_come_in_their_order_and_then_the_end() -> None:
    outbox: Outbox[int] = Outbox()
    assert take_all(count(outbox), outbox) == list(range(1000))
    assert outbox.take(0) is None


def test_an_error_comes_after_the_items_before_it() -> None:
    outbox: Outbox[int] = Outbox()
    taken: list[int] = []

    def take() -> None:
        while items := outbox.take(60):
            taken.extend(items)

    with LoopThread() as thread:
        thread.start(outbox.fill(count(outbox, KeyError("why"))))
        with pytest.raises(KeyError, match="why"):
            take()
    assert taken == list(range(1000))


def test_of_tasks_that_fail_together_the_error_is_told_without_its_group() -> None:
    outbox: Outbox[int] = Outbox()

    async def work() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(count(outbox, KeyError("why")))
            group.create_task(asyncio.Event().wait())

    with pytest.raises(KeyError, match="why"):
        take_all(work(), outbox)


def test_taking_waits_no_longer_than_asked() -> None:
    outbox: Outbox[int] = Outbox()
    assert outbox.take(0) == []
    assert outbox.take(0.01) == []


def test_the_end_cancels_what_is_left_and_ends_the_thread() -> None:
    outbox: Outbox[int] = Outbox()
    was_cancelled = threading.Event()

    async def wait_forever() -> None:
        outbox.put(1)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            was_cancelled.set()
            raise

    threads = threading.active_count()
    with LoopThread() as thread:
        thread.start(outbox.fill(wait_forever()))
        assert outbox.take(60) == [1]
    assert was_cancelled.is_set()
    assert outbox.take(60) is None  # nobody waits for what doesn't come any more
    assert threading.active_count() == threads


def test_calls_are_made_in_the_thread_of_the_loop() -> None:
    outbox: Outbox[str] = Outbox()
    with LoopThread() as thread:
        thread.call(lambda: outbox.put(threading.current_thread().name))
        [name] = outbox.take(60) or []
    assert name != threading.current_thread().name


def test_it_works_inside_a_running_event_loop() -> None:
    async def main() -> list[int]:
        outbox: Outbox[int] = Outbox()
        return take_all(count(outbox), outbox)

    assert asyncio.run(main()) == list(range(1000))
