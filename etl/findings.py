"""What a verification finds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """A promise, how many things were held to it, what breaks it (nothing, if it is kept), and what to do then."""

    promise: str
    checked: int
    broken: list[str]
    remedy: str
