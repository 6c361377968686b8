"""Listing a bucket in parallel: S3 gives a thousand keys a page, and each page only after the one before.

A range of keys is listed page by page, and whenever one came that isn't the last, the farther half of what is left
becomes a range of its own, until enough of them are listed at once. So a small bucket costs hardly more requests than
one page after the other would. The cuts lie at pairs of digits, which is how the keys of this dataset begin; the ranges
cover all other keys as well, only with less to gain.
"""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import obstore
import pyarrow as pa
import pyarrow.compute as pc
from obstore.exceptions import BaseError

from etl.errors import SourceError
from etl.sources.account import Account
from etl.sources.base import LISTING_SCHEMA
from etl.sources.failures import NOT_S3, RequestError, Verdict
from etl.sources.pace import Breaker, Pace, Persistence

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PAGE_ROWS = 1_000
_RANGES_AT_ONCE = 16
_CUTS = [f"{first}{second}" for first, second in itertools.product("0123456789", repeat=2)]


@dataclass(slots=True)
class _Range:
    """The keys after `after`, up to and with `until`; None: to the end. It becomes smaller when it is cut."""

    after: str
    until: str | None


@dataclass(frozen=True, slots=True)
class _Page:
    """A page: its objects, its last key, and whether there may be more after it."""

    objects: pa.RecordBatch
    last: str
    more: bool


class _UnclearPageError(Exception):
    """What obstore can't tell: a page after a key that it refuses, or one with what may be a folder marker.

    It cuts off the slash by which a marker is known.
    """


class Lister:
    """Lists everything under a prefix; one object serves one listing. `pages` counts its requests."""

    def __init__(
        self, account: Account, put: Callable[[pa.RecordBatch], None], persistence: Persistence, breaker: Breaker
    ) -> None:
        self._account, self._put, self._persistence, self._breaker = account, put, persistence, breaker
        self._store = account.open_store()
        self._pace = Pace(_RANGES_AT_ONCE, persistence)
        self._under_way = 0
        self.pages = 0

    async def list(self, prefix: str) -> None:
        """Put every object under `prefix`, which ends with a slash, a page at a time.

        Raises:
            SourceError: the bucket can't be listed.
        """
        async with asyncio.TaskGroup() as group:
            self._start(group, prefix, _Range("", None))

    def _start(self, group: asyncio.TaskGroup, prefix: str, keys: _Range) -> None:
        self._under_way += 1
        group.create_task(self._list_range(group, prefix, keys))

    async def _list_range(self, group: asyncio.TaskGroup, prefix: str, keys: _Range) -> None:
        async with aclosing(self._read_pages(prefix, keys.after)) as pages:
            async for page in pages:
                if keys.until and keys.until <= page.last:
                    self._put(page.objects.filter(pc.less_equal(page.objects["key"], keys.until)))
                    break
                self._put(page.objects)
                if page.more and self._under_way < _RANGES_AT_ONCE:
                    self._cut(group, prefix, keys, page.last)
        self._under_way -= 1

    def _cut(self, group: asyncio.TaskGroup, prefix: str, keys: _Range, last: str) -> None:
        """Give the farther half of what is left of `keys` after `last` to a task of its own."""
        cuts = [cut for cut in (prefix + cut for cut in _CUTS) if last < cut and (not keys.until or cut < keys.until)]
        if cuts:
            middle = cuts[len(cuts) // 2]
            self._start(group, prefix, _Range(middle, keys.until))
            keys.until = middle

    async def _read_pages(self, prefix: str, after: str) -> AsyncGenerator[_Page]:
        """Every page after the key `after`.

        A page that obstore can't read, boto3 reads: it tells what is wrong, and knows every key (`a//b`, control
        characters) and the folder markers. It also has the last word on where the bucket ends, because obstore takes
        any page without a key, such as one of a login page, for the end.
        """
        while True:
            with suppress(BaseError, TimeoutError, _UnclearPageError):
                async for page in self._stream_pages(prefix, after):
                    if page.last <= after:
                        break
                    after = page.last
                    yield page
            page = await self._ask_page(prefix, after)
            if page.more and page.last <= after:
                raise SourceError(f"{self._account.place} lists the same keys again and again: it doesn't keep to S3.")
            after = page.last
            yield page
            if not page.more:
                return

    async def _stream_pages(self, prefix: str, after: str) -> AsyncGenerator[_Page]:
        folder, offset = prefix.rstrip("/"), after or None
        try:
            stream = obstore.list(self._store, folder, offset=offset, chunk_size=_PAGE_ROWS, return_arrow=True)
        except ValueError as error:
            raise _UnclearPageError from error
        told = False
        while True:
            await self._pace.rest()
            try:
                found = pa.record_batch(await self._pace.bound(lambda _: anext(stream), 0))
            except StopAsyncIteration:
                self.pages += not told  # a page without a key isn't handed out
                return
            self._breaker.succeed()
            self.pages += 1
            told = True
            if found.num_rows:
                yield _Page(_convert_page(found), found["path"][-1].as_py(), found.num_rows == _PAGE_ROWS)

    async def _ask_page(self, prefix: str, after: str) -> _Page:
        read = partial(_list_with_boto, self._account.root, prefix, after)
        self.pages += 1
        try:
            return await self._persistence.persist(partial(self._account.ask, read), self._breaker, self._pace)
        except RequestError as error:
            raise SourceError(f"{self._account.place} can't be listed: {error}") from error


def _convert_page(found: pa.RecordBatch) -> pa.RecordBatch:
    """A page of obstore's as `LISTING_SCHEMA`."""
    empty = found.filter(pc.equal(found["size"], 0))
    if not pc.all(pc.match_substring_regex(empty["path"], r"\.(json|jpg)$"), min_count=0).as_py():
        raise _UnclearPageError
    columns = [found["path"], found["size"], _trim_etags(found["e_tag"]), found["last_modified"]]
    return _make_batch(columns)


def _list_with_boto(root: str, prefix: str, after: str, client: "S3Client", arguments: dict[str, Any]) -> _Page:
    place: dict[str, Any] = {"Prefix": root + prefix, "MaxKeys": _PAGE_ROWS}
    if after:
        place["StartAfter"] = root + after
    answer = client.list_objects_v2(**arguments, **place)
    found = answer.get("Contents", [])
    listed = [item for item in found if not item["Key"].endswith("/")]
    columns = [
        pa.array([item["Key"].removeprefix(root) for item in listed], pa.string()),
        pa.array([item["Size"] for item in listed], pa.int64()),
        _trim_etags(pa.array([item["ETag"] for item in listed], pa.string())),
        pa.array([item["LastModified"] for item in listed], pa.timestamp("us", "UTC")),
    ]
    last = found[-1]["Key"].removeprefix(root) if found else after
    if "IsTruncated" not in answer:
        raise RequestError(Verdict.RETRY, NOT_S3)
    return _Page(_make_batch(columns), last, answer["IsTruncated"])


def _trim_etags(etags: pa.Array) -> pa.Array:
    return pc.utf8_trim(pc.fill_null(etags, ""), '"')


def _make_batch(columns: list[pa.Array]) -> pa.RecordBatch:
    plain = [*columns[:3], columns[3].cast(pa.timestamp("us", "UTC")).cast(pa.int64())]  # UTC, and says so no more
    arrays = [column.cast(field.type) for column, field in zip(plain, LISTING_SCHEMA, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=LISTING_SCHEMA)
