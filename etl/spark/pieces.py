"""How files travel between tasks: as rows that hold a few megabytes of one file each.

Spark stores, sends and loses them without looking into them.
"""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

Batches = Iterator[pa.RecordBatch]

SCHEMA = "target int, name string, start bigint, piece binary"
"""The number of the partition that gets the row; a path below the folder of whoever gets it; where in the file the
piece begins, and its bytes. A row without a name is what a task has to say."""
_ARROW_SCHEMA = pa.schema(
    [("target", pa.int32()), ("name", pa.string()), ("start", pa.int64()), ("piece", pa.binary())]
)
_PIECE_BYTES = 8 << 20


def send_file(path: Path, name: str, target: int) -> Batches:
    """The rows of one file, which may be removed afterwards."""
    with path.open("rb") as file:
        start = 0
        while piece := file.read(_PIECE_BYTES):
            yield make_row(target, name, start, piece)
            start += len(piece)


def make_row(target: int, name: str, start: int, piece: bytes) -> pa.RecordBatch:
    """One row."""
    columns = zip(_ARROW_SCHEMA, ([target], [name], [start], [piece]), strict=True)
    return pa.RecordBatch.from_arrays([pa.array(values, field.type) for field, values in columns], schema=_ARROW_SCHEMA)


def receive_files(batches: Batches, folder: Path) -> Batches:
    """Put files together below `folder`; what isn't a file is handed on. Memory: some pieces."""
    folder.mkdir(parents=True, exist_ok=True)
    for batch in batches:
        for row in batch.to_pylist():
            if row["name"]:
                _write_piece(folder / row["name"], row["start"], row["piece"])
            else:
                yield make_row(row["target"], "", 0, row["piece"])


def _write_piece(path: Path, start: int, piece: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    with path.open("r+b") as file:  # pieces come in any order
        file.seek(start)
        file.write(piece)
