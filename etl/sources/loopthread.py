"""An event loop in a thread of its own: requests go on while the main thread writes, waits or draws.

So Ctrl-C is never kept waiting by a slow server, a caller that runs an event loop itself (a notebook) isn't disturbed,
and a shard that is written holds up no request.
"""

import asyncio
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Generic, Self, TypeVar

if sys.platform == "win32":
    from asyncio import new_event_loop
else:
    from uvloop import new_event_loop

T = TypeVar("T")
_GRACE_SECONDS = 0.05


class LoopThread:
    """A context: tasks run until its end, which cancels those that are left."""

    def __init__(self) -> None:
        self._loop = new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Cancel what is left, and end the thread."""
        asyncio.run_coroutine_threadsafe(_cancel_all(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work`, which deals with its own errors, as a task."""
        asyncio.run_coroutine_threadsafe(work, self._loop)

    def call(self, function: Callable[..., object], *arguments: object) -> None:
        """Call `function` in the loop's thread, soon."""
        self._loop.call_soon_threadsafe(function, *arguments)


async def _cancel_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    if others:
        await asyncio.wait(others)
        # The Rust side of a cancelled request still looks at its Python future once; should the loop be gone by then,
        # it would print a panic. Nothing tells when it has looked (10 ms were enough for 64 requests).
        await asyncio.sleep(_GRACE_SECONDS)


class Outbox(Generic[T]):
    """What one thread hands to another, in batches: waking the receiver for each item would cost more than the item."""

    def __init__(self) -> None:
        self._items: list[T] = []
        self._error: Exception | None = None
        self._closed = False
        self._changed = threading.Condition()

    def put(self, item: T) -> None:
        """Hand over `item`."""
        with self._changed:
            self._items.append(item)
            self._changed.notify()

    def close(self, error: Exception | None = None) -> None:
        """Say that nothing more comes; the receiver meets `error` after the items."""
        with self._changed:
            self._error, self._closed = error, True
            self._changed.notify()

    async def fill(self, work: Coroutine[Any, Any, None]) -> None:
        """Do `work`, which puts items, and close when it is done or has failed."""
        try:
            await work
        except* asyncio.CancelledError:
            self.close()
        except* Exception as errors:  # noqa: BLE001  raised where the items are taken, which would wait forever otherwise
            self.close(errors.exceptions[0])
        else:
            self.close()

    def take(self, seconds: float) -> list[T] | None:
        """All items that are there, waiting for the first one up to `seconds`; None after the last one.

        Keep `seconds` short: Python doesn't see an interrupt that comes just before it waits until it has waited.

        Raises:
            Exception: what it was closed with.
        """
        with self._changed:
            if not self._items and not self._closed and seconds:
                self._changed.wait(seconds)
            taken, self._items = self._items, []
            if taken or not self._closed:
                return taken
            if self._error:
                raise self._error
            return None
