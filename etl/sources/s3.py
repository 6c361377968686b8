"""A bucket on S3, or on any server that speaks S3.

boto3 finds profile, credentials, region and endpoint, so what works for every other AWS tool works here; where it
finds no credentials, requests go unsigned, which is all that a public bucket needs. obstore moves the objects: its
requests run outside the GIL, so one process keeps `_CONCURRENCY` of them going.

Each stream drives an event loop of its own from inside its generator. So Ctrl-C is never kept waiting by a slow
server, a consumer that is busy holds the requests back, and closing the generator ends them.
"""

import asyncio
import os
import re
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import botocore.session
import obstore
import pyarrow as pa
from botocore.exceptions import BotoCoreError, ClientError, ProfileNotFound
from obstore.auth.boto3 import Boto3CredentialProvider
from obstore.exceptions import BaseError, InvalidPathError, UnauthenticatedError
from obstore.store import S3Store

from etl.errors import SourceError, UsageError
from etl.sources.base import LISTING_SCHEMA, METADATA_PREFIX, Body

if TYPE_CHECKING:
    from obstore import ListStream, ObjectMeta  # types only: obstore has no such names at run time
    from obstore.store import ClientConfig

_CONCURRENCY = 64
_DEFAULT_REGION = "us-east-1"  # where the public bucket is
_MAX_RETRIES = 5
_PAGE_ROWS = 1_000  # what S3 puts on one page
_WANTED_ROWS = 10_000
_GRACE_SECONDS = 0.05
_Row = tuple[int, str, int, str]


class S3Source:
    """The part of a bucket below `uri`, which must be `s3://bucket` or `s3://bucket/prefix`.

    Raises:
        UsageError: the URI, the endpoint, the profile or the credentials can't be used.
    """

    max_processes = 1
    lists_for_free = False

    def __init__(
        self,
        uri: str,
        *,
        endpoint_url: str | None = None,
        profile: str | None = None,
        max_retries: int = _MAX_RETRIES,
    ) -> None:
        self._bucket, prefix = _parse_uri(uri)
        self.uri = f"s3://{self._bucket}/{prefix}".rstrip("/")
        account = _resolve_account(endpoint_url, profile)
        self._endpoint, self._anonymous = account.endpoint, account.credentials is None
        try:
            self._store = S3Store(
                self._bucket,
                prefix=prefix or None,
                region=account.region,
                aws_endpoint_url_s3=account.endpoint,
                virtual_hosted_style_request=False,
                skip_signature=self._anonymous,
                credential_provider=account.credentials,
                client_options=account.client_options,
                retry_config={"max_retries": max_retries},
            )
        except (BaseError, ValueError) as error:
            raise UsageError(f"{uri} can't be opened: {_first_line(error)}") from error

    def list_objects(self, prefix: str) -> Iterator[pa.RecordBatch]:
        """See `Source`. One batch a page; folder markers (keys that end with a slash) are left out."""
        stream = obstore.list(self._store, prefix or None, chunk_size=_PAGE_ROWS)
        with _drive_loop() as loop:
            while (page := loop.run_until_complete(self._next_page(stream, prefix))) is not None:
                yield _to_batch(page)

    def read_bodies(self, wanted: pa.Table) -> Generator[Body]:
        """See `Source`. In the order of arrival; holds at most three times `_CONCURRENCY` bodies."""
        rows = _iterate_rows(wanted)
        with _drive_loop() as loop:
            done: asyncio.Queue[Body | Exception] = asyncio.Queue(_CONCURRENCY)
            workers = [loop.create_task(self._work(rows, done)) for _ in range(min(_CONCURRENCY, wanted.num_rows))]
            missing = wanted.num_rows
            while missing:
                for body in loop.run_until_complete(_take_all(done)):
                    if isinstance(body, Exception):
                        raise body
                    yield body
                    missing -= 1
            loop.run_until_complete(asyncio.gather(*workers))

    def read_object(self, key: str) -> bytes | None:
        """See `Source`."""
        with _drive_loop() as loop:
            return loop.run_until_complete(self._get_or_none(key))

    async def _next_page(self, stream: "ListStream[Sequence[ObjectMeta]]", prefix: str) -> "list[ObjectMeta] | None":
        try:
            page = await anext(stream, None)
            return None if page is None else [meta for meta in page if not await self._is_marker(meta, prefix)]
        except BaseError as error:
            raise self._explain(error) from error

    async def _is_marker(self, meta: "ObjectMeta", prefix: str) -> bool:
        """Whether the object is a folder marker. obstore cuts their slash off: only asking for the object tells."""
        if meta["size"]:
            return False
        if not meta["path"].startswith(prefix):
            return True
        try:
            await obstore.head_async(self._store, meta["path"])
        except FileNotFoundError:
            return True
        return False

    async def _work(self, rows: Iterator[_Row], done: "asyncio.Queue[Body | Exception]") -> None:
        try:
            for row in rows:
                await done.put(await self._read_body(*row))
        except Exception as error:  # noqa: BLE001  raised where the bodies are taken, which would wait forever otherwise
            await done.put(error)

    async def _read_body(self, row: int, key: str, size: int, etag: str) -> Body:
        try:
            found = await self._get(key)
        except FileNotFoundError:
            return Body(row, error="not found")
        except ValueError as error:
            return Body(row, error=f"not a key that can be asked for: {_first_line(error)}")
        content, meta = found
        if (len(content), _plain_etag(meta)) != (size, etag):
            return Body(row, error="changed since it was listed")
        return Body(row, content)

    async def _get_or_none(self, key: str) -> bytes | None:
        try:
            return (await self._get(key))[0]
        except FileNotFoundError:
            return None

    async def _get(self, key: str) -> "tuple[bytes, ObjectMeta]":
        try:
            result = await obstore.get_async(self._store, key)
            return bytes(await result.bytes_async()), result.meta
        except FileNotFoundError as error:
            if "NoSuchBucket" in str(error):
                raise self._explain(error) from error
            raise
        except BaseError as error:
            raise self._explain(error) from error

    def _explain(self, error: Exception) -> SourceError:
        """What failed and what to do. obstore's types don't tell: most failures are `GenericError` with a text."""
        text, where = str(error), f"{self.uri} at {self._endpoint}"
        code = match[1] if (match := re.search(r"<Code>(\w+)</Code>", text)) else ""
        if code == "NoSuchBucket":
            message = f"There is no bucket {self._bucket} at {self._endpoint}: check its name and the endpoint."
        elif "redirect" in text.lower():
            message = f"{where} is in another region: set AWS_REGION to the bucket's."
        elif "403 Forbidden" in text:
            message = f"{where} denies access ({code or 'no code'}): {self._access_remedy()}"
        elif isinstance(error, UnauthenticatedError):
            message = f"{where} can't be asked, the credentials have ended: log in again. {_first_line(error)}"
        elif isinstance(error, InvalidPathError):
            message = f"{where} can't be listed: rename or delete this object. {_first_line(error)}"
        elif "error sending request" in text:
            message = f"Can't reach {where}: check the endpoint, the network and the proxy."
        else:
            message = f"Can't read {where}: {_first_line(error)}"
        return SourceError(message)

    def _access_remedy(self) -> str:
        if self._anonymous:
            return (
                "no credentials were found, and it isn't public: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and its secret."
            )
        return "check the credentials, and that they allow s3:ListBucket and s3:GetObject on it."


@dataclass(frozen=True, slots=True)
class _Account:
    """What boto3 found out: who asks, and where. Without credentials, requests go unsigned."""

    region: str
    endpoint: str
    credentials: Boto3CredentialProvider | None
    client_options: "ClientConfig"


def _resolve_account(endpoint_url: str | None, profile: str | None) -> _Account:
    try:
        core = botocore.session.Session(profile=profile)
        session = boto3.Session(botocore_session=core)
        # every AWS tool but boto3 knows AWS_REGION
        region = os.environ.get("AWS_REGION") or session.region_name or _DEFAULT_REGION
        endpoint = session.client("s3", region_name=region, endpoint_url=endpoint_url).meta.endpoint_url
        options: ClientConfig = {"allow_http": endpoint.startswith("http://")}
        if ca_bundle := core.get_config_variable("ca_bundle"):
            options["root_certificate"] = Path(ca_bundle).read_bytes()
        if credentials := session.get_credentials():
            credentials.get_frozen_credentials()  # an expired login must fail here, where it can be named
        return _Account(region, endpoint, Boto3CredentialProvider(session) if credentials else None, options)
    except ProfileNotFound as error:
        raise UsageError(f"{error}: check the profile's name (AWS_PROFILE), or add it with `aws configure`.") from error
    except (BotoCoreError, ClientError, OSError, ValueError) as error:
        remedy = "log in again, or mend it; an endpoint is written http://HOST:PORT"
        raise UsageError(f"The AWS configuration can't be used ({error}): {remedy}.") from error


def _parse_uri(uri: str) -> tuple[str, str]:
    match = re.fullmatch(r"s3://([a-zA-Z0-9][a-zA-Z0-9._-]*)(?:/(.*))?", uri)
    if not match:
        raise UsageError(f"{uri} names no bucket: write s3://BUCKET or s3://BUCKET/PREFIX.")
    bucket, prefix = match[1], (match[2] or "").strip("/")
    parent, _, last = prefix.rpartition("/")
    if f"{last}/" == METADATA_PREFIX:
        raise UsageError(f"{uri} is the folder of the documents: did you mean {f's3://{bucket}/{parent}'.rstrip('/')}?")
    return bucket, prefix


@contextmanager
def _drive_loop() -> Iterator[asyncio.AbstractEventLoop]:
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        try:
            yield loop
        finally:
            if unfinished := asyncio.all_tasks(loop):
                loop.run_until_complete(_cancel(unfinished))


async def _cancel(tasks: set[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    # The Rust side of a cancelled request still looks at its Python future once; should the interpreter be gone by
    # then, it would print a panic. Nothing tells when it has looked (10 ms were enough for 64 requests).
    await asyncio.sleep(_GRACE_SECONDS)


async def _take_all(done: "asyncio.Queue[Body | Exception]") -> list[Body | Exception]:
    """Everything that is there, at least one: starting and stopping the loop costs more than a body."""
    taken = [await done.get()]
    while not done.empty():
        taken.append(done.get_nowait())
    return taken


def _iterate_rows(wanted: pa.Table) -> Iterator[_Row]:
    columns = wanted.select(["key", "size", "etag"])
    row = 0
    for batch in columns.to_batches(max_chunksize=_WANTED_ROWS):
        for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            yield row, *values
            row += 1


def _to_batch(page: "Sequence[ObjectMeta]") -> pa.RecordBatch:
    columns = [
        [meta["path"] for meta in page],
        [meta["size"] for meta in page],
        [_plain_etag(meta) for meta in page],
        [meta["last_modified"].replace(tzinfo=None) for meta in page],  # obstore gives UTC
    ]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, LISTING_SCHEMA, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=LISTING_SCHEMA)


def _plain_etag(meta: "ObjectMeta") -> str:
    return (meta["e_tag"] or "").removeprefix("W/").strip('"')


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
