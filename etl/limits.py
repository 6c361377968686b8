"""What a query may use: memory, time, and disk for what doesn't fit into memory.

DuckDB holds a query to them between two of its steps, and counts what it buffers, but not each text or list that a
function makes. So a caller of ours can be made to wait, or to need more, by a query that means to; `cli.guard` ends the
process then.
"""

import math
import re
import secrets
import tempfile
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb

from etl.errors import UsageError

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt])(i?)b", re.IGNORECASE)
_SPILL = "10GB"
_MOST_BYTES = 8 * 10**18  # a process can't be allowed 2**63
_MOST_SECONDS = 10 * 366 * 24 * 60 * 60  # beyond, a clock can't be waited for


@dataclass(frozen=True, slots=True)
class Limits:
    """`memory` is a size, such as 500MB or 2GB; a query without `seconds` may take as long as it does.

    Raises:
        UsageError: the memory is no size, or nothing, or the time is no number; or one is more than can be counted.
    """

    memory: str = "2GB"
    seconds: float | None = None

    def __post_init__(self) -> None:
        if self.bytes < 1:
            raise UsageError("a query needs some memory: give a size such as 500MB or 2GB")
        if self.bytes > _MOST_BYTES:
            raise UsageError(f"{self.memory} of memory is more than there can be: give a size such as 500MB or 2GB")
        if not 0 <= (self.seconds or 0) <= _MOST_SECONDS:
            raise UsageError(
                f"{self.seconds} seconds are no time for a query: give at most {_MOST_SECONDS}, or 0 for no limit"
            )

    @property
    def bytes(self) -> int:
        """The memory in bytes."""
        return parse_size(self.memory)


def parse_size(text: str) -> int:
    """The bytes of a size such as 500MB.

    Raises:
        UsageError: it is none.
    """
    match = _SIZE.fullmatch(text.strip())
    if not match:
        raise UsageError(f"{text!r} is no size of memory: write one such as 500MB or 2GB")
    number, prefix, binary = match.groups()
    return int(Decimal(number) * (1024 if binary else 1000) ** ("kmgt".index(prefix.lower()) + 1))


def name_spill() -> Path:
    """A folder that isn't there yet: DuckDB makes it when it first needs it, and removes it when it is closed."""
    return Path(tempfile.gettempdir()).resolve() / f"abid-{secrets.token_hex(8)}"


def set_limits(connection: duckdb.DuckDBPyConnection, limits: Limits, spill: Path) -> None:
    """Hold all queries of `connection`, and of its cursors, to `limits`."""
    settings: dict[str, str | int] = {
        "memory_limit": f"{limits.bytes // 1024}KiB",
        "temp_directory": str(spill),
        "max_temp_directory_size": _SPILL,
        "max_execution_time": math.ceil((limits.seconds or 0) * 1000),  # 0 is no limit
    }
    for name, value in settings.items():
        connection.execute(f"set global {name} = $value", {"value": value})
