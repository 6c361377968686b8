"""How a stage tells how far it is, without knowing who watches. `cli.stderr` draws it; by default nobody does."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Step(Protocol):
    """One step under way."""

    def advance(self, count: int, size: int = 0) -> None:
        """Say that `count` more things, of `size` bytes in all, are done."""


class Progress(Protocol):
    """Whoever watches."""

    def step(self, label: str, total: int | None = None, unit: str = "") -> AbstractContextManager[Step]:
        """Open a step of `total` things, None when that isn't known; it ends with the block."""


class _Unwatched:
    def advance(self, count: int, size: int = 0) -> None:
        pass

    @contextmanager
    def step(self, label: str, total: int | None = None, unit: str = "") -> Iterator[Step]:  # noqa: ARG002  (a protocol's names)
        yield self


UNWATCHED: Progress = _Unwatched()
"""Takes every report and shows none."""
