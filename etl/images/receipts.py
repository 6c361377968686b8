"""What is known of a folder of pictures: as which version each came, and of which manifest each copy there is.

An etag alone doesn't tell whether the right picture is there: that of a file is no MD5, and that of an object which is
encrypted with a key of KMS or of the user looks like one and isn't. So the etag of each picture that came is kept with
the MD5 of its bytes, in one file. A picture that isn't in it, as after a killed run, is held to the listing alone.
"""

import json
from pathlib import Path
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from etl.atomic import replace_file
from etl.errors import explain_damage
from etl.sources.base import Body

NAME = ".abid-images.parquet"
RECEIPTS_SCHEMA = pa.schema([pa.field(name, pa.string(), nullable=False) for name in ("key", "etag", "md5")])
"""One row per picture that came. The metadata `copies` is an object in JSON: the manifest of each copy, as a path from
the folder."""

_COPIES = b"copies"
_WRITTEN_AT_ONCE = 20_000  # pictures: what a killed run forgets at most


class Receipts:
    """The receipts of one folder. On leaving the block they are written, whatever ends it.

    Raises:
        UsageError: those that are there can't be read.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._rows = RECEIPTS_SCHEMA.empty_table()
        self._came: list[dict[str, str]] = []
        self.copies: dict[str, str] = {}
        """By the name of the copy. What is put into it is kept as the receipts are."""
        if self._path.exists():
            self._read()
        self._written = dict(self.copies)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """See `write`."""
        self.write()

    def find_md5s(self, listed: pa.Table) -> pa.ChunkedArray:
        """The MD5 of each picture of `listed` that came in that version; "" where another came, null where none."""
        places = pc.index_in(listed["key"], value_set=self._rows["key"])
        etags, md5s = (self._rows[name].take(places) for name in ("etag", "md5"))
        return pc.if_else(pc.equal(etags, listed["etag"]), md5s, "")

    def add(self, body: Body) -> None:
        """Take down what is put into the folder; writes now and then."""
        self._came.append({"key": body.entry.key, "etag": body.entry.etag, "md5": body.md5})
        if len(self._came) >= _WRITTEN_AT_ONCE:
            self.write()

    def write(self) -> None:
        """Write what is new, with all the rest."""
        if not self._came and self.copies == self._written:
            return
        came = pa.Table.from_pylist(self._came, RECEIPTS_SCHEMA)
        kept = self._rows.filter(pc.invert(pc.is_in(self._rows["key"], value_set=came["key"])))
        rows = pa.concat_tables([kept, came])
        metadata = {_COPIES: json.dumps(self.copies)}
        with replace_file(self._path) as temporary:
            pq.write_table(rows.replace_schema_metadata(metadata), temporary, compression="zstd")
        self._rows, self._came, self._written = rows, [], dict(self.copies)

    def _read(self) -> None:
        remedy = "remove it; whole pictures beside it are then held to their size, or to their MD5 where that is listed"
        with explain_damage(str(self._path), remedy):
            table = pq.read_table(self._path)
            self._rows = table.cast(RECEIPTS_SCHEMA)
            self.copies = json.loads((table.schema.metadata or {}).get(_COPIES, b"{}"))
