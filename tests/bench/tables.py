"""Markdown tables."""

from collections.abc import Iterable

_RULES = {"l": "---", "r": "---:"}


def make_table(head: tuple[str, ...], sides: str, rows: Iterable[tuple[str, ...]]) -> str:
    """A table; `sides` has an l or an r for each column."""
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, [_RULES[side] for side in sides], *rows])
