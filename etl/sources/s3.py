"""A bucket on S3, or on any server that speaks S3.

Two clients share the work. obstore moves the objects: its requests run outside the GIL, so one process keeps hundreds
of them going. What it fails at is asked again through boto3, which is four times as slow, but tells what went wrong by
type, code and header (`etl.sources.failures`).
"""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

import obstore
import pyarrow as pa
from obstore.exceptions import BaseError

from etl.errors import UsageError
from etl.sources.account import Account
from etl.sources.base import LISTING_SCHEMA, METADATA_PREFIX, SYNTHETIC_MARKER, Body, Cost, Entry, is_md5, verify_body
from etl.sources.failures import NOT_S3, RequestError, Verdict, explain_hint
from etl.sources.loopthread import LoopThread, Outbox
from etl.sources.options import S3Options
from etl.sources.pace import Breaker, Pace, Persistence
from etl.sources.s3listing import Lister
from etl.sources.transfers import ChangedError, Request, TransferReader

if TYPE_CHECKING:
    import datetime as dt

    from mypy_boto3_s3 import S3Client

_HEARTBEAT_SECONDS = 0.1
_SECOND = 1_000_000
_MOST_PER_SECOND = 5_500.0
"""GET requests that S3 promises to answer, for each prefix:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html"""
_NOTHING = [pa.RecordBatch.from_pylist([], schema=LISTING_SCHEMA)]


class S3Source:
    """The part of a bucket below `uri`, which must be `s3://bucket` or `s3://bucket/prefix`.

    Raises:
        UsageError: the URI, the endpoint, the profile or the credentials can't be used.
    """

    max_processes = 1
    lists_for_free = False

    def __init__(self, uri: str, options: S3Options | None = None, *, persistence: Persistence | None = None) -> None:
        self._account = Account(uri, options or S3Options())
        _refuse_folder(self._account)
        self._persistence = persistence or Persistence()
        self._store = self._account.open_store()
        self._breaker = Breaker(self._persistence)
        self._encrypted = False
        self._pages = 0

    @property
    def uri(self) -> str:
        """See `Source`."""
        return self._account.place.uri

    def list_objects(self, prefix: str) -> Iterator[pa.RecordBatch]:
        """See `Source`. One batch a page; folder markers (keys that end with a slash) are left out."""
        outbox: Outbox[pa.RecordBatch] = Outbox()
        lister = Lister(self._account, outbox.put, self._persistence, self._breaker)
        with LoopThread() as thread:
            thread.start(outbox.fill(lister.list(prefix)))
            while (batches := outbox.take(_HEARTBEAT_SECONDS)) is not None:
                yield from batches or _NOTHING
        self._pages += lister.pages

    def open_reader(self) -> TransferReader:
        """See `Source`. In the order of arrival."""
        return TransferReader(self._ask, self._account.options.concurrency, self._persistence, self._breaker)

    def read_object(self, key: str) -> bytes | None:
        """See `Source`."""
        outbox: Outbox[bytes | None] = Outbox()
        with LoopThread() as thread:
            thread.start(outbox.fill(self._read_object(key, outbox.put)))
            while (found := outbox.take(_HEARTBEAT_SECONDS)) == []:
                pass
        return found[0] if found else None

    def estimate_cost(self, documents: int) -> Cost:
        """See `Source`. Asks twice for an object that needn't be there: how long takes a request?"""
        seconds = min(self._time_request(), self._time_request())
        return Cost(self._pages, documents, min(_MOST_PER_SECOND, self._account.options.concurrency / seconds))

    def _time_request(self) -> float:
        started = time.perf_counter()
        self.read_object(SYNTHETIC_MARKER)
        return time.perf_counter() - started

    async def _read_object(self, key: str, put: Callable[[bytes | None], None]) -> None:
        async def ask(seconds: float) -> bytes:
            body = await self._account.ask(partial(self._ask_boto, key, None), seconds)
            if body.error:
                raise RequestError(Verdict.RETRY, body.error)
            return body.content

        try:
            put(await self._persistence.persist(ask, self._breaker, Pace(1, self._persistence)))
        except RequestError as error:
            if error.verdict is not Verdict.LOST:
                raise
            put(None)

    async def _ask(self, request: Request, seconds: float) -> Body:
        """See `transfers.Ask`: the first time through obstore, then through boto3.

        Where the MD5 tells one version from another, obstore is asked for the bytes and not for the head of the answer:
        as a range, which takes half the work of an object. No range is empty. The head is needed where objects are
        encrypted, which obstore doesn't tell.
        """
        entry = request.entry
        if request.attempt > 1 or not entry.size or self._encrypted:
            return await self._account.ask(partial(self._ask_boto, entry.key, entry), seconds)
        try:
            if is_md5(entry.etag):
                content = await obstore.get_range_async(self._store, entry.key, start=0, length=entry.size)
                return verify_body(entry, bytes(content))
            result = await obstore.get_async(self._store, entry.key)
            meta = result.meta
            _require_version(entry, _make_entry(entry.key, meta["size"], meta["e_tag"], meta["last_modified"]))
            return verify_body(entry, bytes(await result.bytes_async()))
        except (BaseError, FileNotFoundError, ValueError) as error:
            raise explain_hint(error) from error

    def _ask_boto(self, key: str, listed: Entry | None, client: "S3Client", arguments: dict[str, Any]) -> Body:
        answer = client.get_object(Key=self._account.root + key, **arguments)
        with closing(answer["Body"]) as stream:
            found = _make_entry(key, answer.get("ContentLength", 0), answer.get("ETag"), answer.get("LastModified"))
            if listed:
                _require_version(listed, found)
            # The etag of an object that is encrypted with a key of KMS or of the user looks like an MD5 and is none.
            # Whoever has one such object has many: the next ones are asked for here at once.
            encrypted = "kms" in answer.get("ServerSideEncryption", "") or "SSECustomerAlgorithm" in answer
            self._encrypted |= encrypted
            return verify_body(listed or found, stream.read(), encrypted=encrypted)


def _make_entry(key: str, size: int, etag: str | None, last_modified: "dt.datetime | None") -> Entry:
    """What the head of an answer says.

    Raises:
        RequestError: it isn't an object's.
    """
    if not etag or not last_modified:
        raise RequestError(Verdict.RETRY, NOT_S3)
    return Entry(key, size, etag.removeprefix("W/").strip('"'), round(last_modified.timestamp() * _SECOND))


def _require_version(listed: Entry, found: Entry) -> None:
    """Hold what an answer promises against what was listed, before its body is read.

    Raises:
        ChangedError: it is of a later version.
        RequestError: it isn't the object's.
    """
    if found.etag == listed.etag:
        if found.size != listed.size:
            raise RequestError(Verdict.RETRY, f"{found.size} bytes came, {listed.size} were listed")
    elif found.last_modified // _SECOND < listed.last_modified // _SECOND:  # a listing is more exact than a header
        raise RequestError(Verdict.RETRY, "what came is older than what was listed")
    else:
        raise ChangedError(found)


def _refuse_folder(account: Account) -> None:
    parent, _, last = account.prefix.rpartition("/")
    if f"{last}/" == METADATA_PREFIX:
        meant = f"s3://{account.bucket}/{parent}".rstrip("/")
        raise UsageError(f"{account.place.uri} is the folder of the documents: did you mean {meant}?")
