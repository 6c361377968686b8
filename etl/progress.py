"""How a stage tells how far it is, without knowing who watches. `cli.stderr` shows it; by default nobody does.

Several steps may be open at once, told of by one thread, and they end in any order.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Step(Protocol):
    """One step under way."""

    def advance(self, count: int, size: int = 0) -> None:
        """Say that `count` more things, of `size` bytes in all, are done; 0 says only that the step lives."""

    def expect(self, total: int) -> None:
        """Say that there are `total` things to do, as far as is known by now."""

    def tally(self, name: str, count: int) -> None:
        """Say that what `name` names in the plural (`retries`) has happened `count` times so far."""


class Progress(Protocol):
    """Whoever watches."""

    def step(self, label: str, total: int | None = None, unit: str = "") -> AbstractContextManager[Step]:
        """Open a step of `total` things, None while that isn't known; it ends with the block."""


class _Unwatched:
    def advance(self, count: int, size: int = 0) -> None:
        pass

    def expect(self, total: int) -> None:
        pass

    def tally(self, name: str, count: int) -> None:
        pass

    @contextmanager
    def step(self, label: str, total: int | None = None, unit: str = "") -> Iterator[Step]:  # noqa: ARG002  (a protocol's names)
        yield self


UNWATCHED: Progress = _Unwatched()
"""Takes every report and shows none."""
