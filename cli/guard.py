"""Holding a command to the limits of its query, whatever that query does.

DuckDB ends a query that takes too long or is interrupted, but only between two of its steps, of which one can take
hours; and it doesn't count the texts and lists that functions make. So the system counts memory here, and a thread
watches the clock and the signals: it asks DuckDB to stop, and ends the process where that isn't heard.
"""

import _thread
import os
import resource
import select
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Self

from cli.stderr import say_error
from etl.atomic import remove_folder, remove_unfinished
from etl.errors import InterruptedQueryError, QueryError
from etl.limits import Limits
from etl.queryerrors import TOO_LARGE, TOO_LONG
from etl.warehouse import Warehouse

_ELSE = 2 * 1024**3  # what everything but DuckDB may need: a table for people is held as Python's objects
_SLACK = 1  # seconds in which DuckDB may say by itself that the time is up
_GRACE = 2  # seconds in which a query may stop
_DONE = 0  # beside the numbers of signals
_FAILED = 1
_SIGNALLED = 128


@contextmanager
def open_guarded(data_dir: Path, limits: Limits) -> Iterator[Warehouse]:
    """The warehouse, for a block that may take and hold no more than a query may.

    Raises:
        UsageError: there is no warehouse.
        QueryError: the block needed more time or memory.
    """
    with Warehouse.open(data_dir, limits) as warehouse, _cap_memory(limits):
        watch = _Watch(warehouse)
        try:
            with watch:
                yield warehouse
        except MemoryError as error:
            raise QueryError(TOO_LARGE) from error
        except (KeyboardInterrupt, InterruptedQueryError, RuntimeError) as error:  # DuckDB's own word is the last
            if watch.is_late:
                raise QueryError(TOO_LONG) from error
            raise


@contextmanager
def _cap_memory(limits: Limits) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    allowed = limits.bytes + _ELSE
    if soft == resource.RLIM_INFINITY or allowed < soft:
        resource.setrlimit(resource.RLIMIT_DATA, (allowed, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


class _Watch:
    """Stops the block when a signal comes, or when its time is up: then it is late."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.is_late = False
        self._warehouse = warehouse
        self._listener, self._bell = os.pipe()
        os.set_blocking(self._bell, False)
        self._thread = Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._former = signal.set_wakeup_fd(self._bell, warn_on_full_buffer=False)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        signal.set_wakeup_fd(self._former)
        os.write(self._bell, bytes([_DONE]))
        self._thread.join()
        os.close(self._bell)
        os.close(self._listener)

    def _watch(self) -> None:
        seconds = self._warehouse.limits.seconds
        heard = self._listen(seconds + _SLACK if seconds else None)
        if heard == _DONE:
            return
        if heard is None:
            self.is_late = True
            _thread.interrupt_main()
        self._warehouse.interrupt()
        end = time.monotonic() + _GRACE
        while (left := end - time.monotonic()) > 0:
            if self._listen(left) == _DONE:
                return
        self._end_process(heard)

    def _listen(self, seconds: float | None) -> int | None:
        """The number of a signal, or that the block is done; None when nothing came in time."""
        ready, _, _ = select.select([self._listener], [], [], seconds)
        return os.read(self._listener, 1)[0] if ready else None

    def _end_process(self, number: int | None) -> None:
        remove_folder(self._warehouse.spill)
        remove_unfinished()
        if number is None:
            os._exit(say_error(TOO_LONG, _FAILED))
        os._exit(say_error("interrupted.", _SIGNALLED + number))
