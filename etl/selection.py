"""Which documents a fetch is about: all of them, or those that the user picked, or one worker's share.

Picking limits what counts as listed, so a release of picked documents is complete in itself, and its manifest says how
they were picked. A share limits only what this worker gets: the listing is everybody's.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from etl.errors import UsageError
from etl.sources.base import LISTING_SCHEMA

_STEM = "regexp_extract(key, '([^/]*?)(\\.[^./]*)?$', 1)"
_PICK = f"select * from batch where ($include is null or {_STEM} glob $include)"
_PICK_IDS = f"{_PICK} and {_STEM} in (select id from ids)"
_IDS = f"select {_STEM} from batch"
_ASKED = "select distinct id from ids where $include is null or id glob $include order by id"
# The first 32 bits of the MD5: what any tool can compute.
_SHARE = "select * from batch where ('0x' || md5(key)[:8])::bigint % $count::bigint = $number::bigint - 1"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which documents. `include` is a glob on bin ids; `ids` are bin ids; `limit` takes the first by key.

    `shard` (3, 8) is the third of eight workers: each key belongs to one of them, by its MD5.
    """

    include: str | None = None
    ids: tuple[str, ...] | None = None
    limit: int | None = None
    shard: tuple[int, int] = (1, 1)

    @property
    def worker(self) -> str:
        """The share's name: `3of8`."""
        return f"{self.shard[0]}of{self.shard[1]}"

    def describe(self) -> dict[str, Any] | None:
        """How documents were picked, for a manifest: pattern, number of ids, limit; None when none was left out."""
        ids = None if self.ids is None else len(self.ids)
        picked = {"include": self.include, "ids": ids, "limit": self.limit}
        return {name: value for name, value in picked.items() if value is not None} or None


class Selector:
    """Applies a selection to tables of `LISTING_SCHEMA`. The work is DuckDB's."""

    def __init__(self, selection: Selection) -> None:
        self.selection = selection
        self._found: set[str] = set()

    @cached_property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect()  # takes 20 MB, which a fetch of everything needn't
        if self.selection.ids is not None:
            connection.register("ids", pa.table({"id": pa.array(self.selection.ids, pa.string())}))
        return connection

    def pick(self, listed: pa.Table) -> pa.Table:
        """The rows that the fetch is about, the limit apart."""
        if self.selection.include is None and self.selection.ids is None:
            return listed
        query = _PICK if self.selection.ids is None else _PICK_IDS
        picked = self._run(query, listed, {"include": self.selection.include})
        if self.selection.ids is not None:
            self._connection.register("batch", picked)
            self._found.update(id_ for (id_,) in self._connection.sql(_IDS).fetchall())
        return picked

    def share(self, listed: pa.Table) -> pa.Table:
        """The rows that this worker gets."""
        number, count = self.selection.shard
        if count == 1:
            return listed
        return self._run(_SHARE, listed, {"number": number, "count": count})

    def find_unlisted(self) -> tuple[str, ...]:
        """The ids that were asked for and that no listing had."""
        if self.selection.ids is None:
            return ()
        asked = self._connection.execute(_ASKED, {"include": self.selection.include}).fetchall()
        return tuple(id_ for (id_,) in asked if id_ not in self._found)

    def _run(self, query: str, batch: pa.Table, parameters: dict[str, Any]) -> pa.Table:
        self._connection.register("batch", batch)
        picked = self._connection.sql(query, params=parameters)
        return picked.to_arrow_table().cast(LISTING_SCHEMA)


def parse_shard(text: str) -> tuple[int, int]:
    """The share that `3/8` names.

    Raises:
        UsageError: there is no such share.
    """
    number, _, count = text.partition("/")
    if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise UsageError(f"--shard {text} names no share: write 3/8 for the third of eight workers, counted from 1")
    return int(number), int(count)


def read_ids(path: Path) -> tuple[str, ...]:
    """The bin ids of a file, one a line, each once; empty lines count for nothing.

    Raises:
        UsageError: it can't be read, or holds none.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--ids {path} can't be read ({error}): name a text file with one bin id a line") from error
    ids = tuple(dict.fromkeys(line.strip() for line in lines if line.strip()))
    if not ids:
        raise UsageError(f"--ids {path} holds no id: write one bin id a line, as in the bucket (523 isn't 00523)")
    return ids
