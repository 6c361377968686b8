"""The lines of items on their way from the tasks that make bins to those that make items: a folder for each share.

They are taken from the rows of the table of lines while its files are written, so that nothing is read again.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Semaphore
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

ITEM_PART = "item_part"
"""A column of the rows: the share that a line belongs to, null where it names no item."""
_GROUP_ROWS = 16_384
_PENDING = 4  # pieces of so many rows that may wait to be written
_ENCODING: dict[str, Any] = {"compression": "lz4", "use_dictionary": False, "write_statistics": False}


class ItemLines:
    """A context: writes `left/items-<share>/<name>.parquet`. Memory: some thousand rows a share."""

    def __init__(self, left: Path, name: str) -> None:
        self._left, self._name = left, name
        self._pool = ThreadPoolExecutor(1)
        self._waiting: dict[int, list[pa.RecordBatch]] = {}
        self._writers: dict[int, pq.ParquetWriter] = {}
        self._written: list[Future[None]] = []
        self._room = Semaphore(_PENDING)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for share, rows in self._waiting.items():
            if rows and not error:
                self._submit(self._write_last, share, rows)
        self._pool.shutdown()
        for writer in self._writers.values():
            writer.close()
        for written in self._written:
            written.result()

    def add(self, rows: pa.RecordBatch) -> None:
        """Take the next rows."""
        order = pc.array_sort_indices(rows[ITEM_PART])
        runs = pc.run_end_encode(rows[ITEM_PART].take(order))
        start = 0
        for share, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
            if share is not None:
                waiting = self._waiting.setdefault(share, [])
                waiting.append(rows.take(order.slice(start, end - start)))
                if sum(batch.num_rows for batch in waiting) >= _GROUP_ROWS:
                    self._submit(self._write, share, self._waiting.pop(share))
            start = end

    def _submit(self, write: Callable[[int, pa.Table], None], share: int, rows: list[pa.RecordBatch]) -> None:
        self._room.acquire()
        self._written.append(self._pool.submit(self._make_room, write, share, pa.Table.from_batches(rows)))

    def _make_room(self, write: Callable[[int, pa.Table], None], share: int, rows: pa.Table) -> None:
        try:
            write(share, rows)
        finally:
            self._room.release()

    def _write(self, share: int, rows: pa.Table) -> None:
        if share not in self._writers:
            self._writers[share] = pq.ParquetWriter(self._find_path(share), rows.schema, **_ENCODING)
        self._writers[share].write_table(rows)

    def _write_last(self, share: int, rows: pa.Table) -> None:
        """Of many shares there are few rows each, and more than files that may be open."""
        if share in self._writers:
            self._write(share, rows)
        else:
            pq.write_table(rows, self._find_path(share), **_ENCODING)

    def _find_path(self, share: int) -> Path:
        path = self._left / f"items-{share}" / f"{self._name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path
