"""Worker processes: they leave signals to their parent, and end when it does, however it ends.

Ctrl-C and schedulers signal every process of a command. A worker that died of it would take its documents along, and
the pool would seem broken to the parent, which is about to end it in order.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from multiprocessing import parent_process
from multiprocessing.context import ForkServerContext, ForkServerProcess
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _Worker(ForkServerProcess):
    def terminate(self) -> None:
        """End it at once: the pool does so when another worker was killed. SIGTERM would not reach it."""
        self.kill()


class _Context(ForkServerContext):
    Process = _Worker


class Workers(ProcessPoolExecutor):
    """A pool of processes. Every one is started anew, so a script needs the usual `if __name__ == "__main__"`."""

    def __init__(self, processes: int) -> None:
        with _hold_signals():
            super().__init__(processes, _Context(), _follow_parent)

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """Have a worker call `fn`. Processes are started here, as they are needed."""
        with _hold_signals():
            return super().submit(fn, *args, **kwargs)

    def close(self, error: BaseException | None) -> None:
        """Wait for the calls that have begun, and drop the others. After an error, a second interrupt cuts it short."""
        with nullcontext() if error else _hold_signals():
            self.shutdown(cancel_futures=True)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close(error)


@contextmanager
def _hold_signals() -> Iterator[None]:
    """Take no signal before the end of the block, or it would leave half a process. One that starts here gets none."""
    held: list[int] = []
    former = {number: signal.getsignal(number) for number in _SIGNALS}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)  # of this thread only, and of what it starts
    try:
        _set_handlers(dict.fromkeys(_SIGNALS, lambda number, _: held.append(number)))
        yield
    finally:
        _set_handlers(former)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number in held:
            signal.raise_signal(number)


def _set_handlers(handlers: Mapping[signal.Signals, Any]) -> None:
    """Python calls handlers in the main thread only, and only there they can be set."""
    if threading.current_thread() is threading.main_thread():
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _follow_parent() -> None:
    """Go when the parent is killed: a worker would wait for its next task for ever."""
    threading.Thread(target=_exit_after_parent, daemon=True).start()


def _exit_after_parent() -> None:
    if parent := parent_process():
        parent.join()
        os._exit(1)
