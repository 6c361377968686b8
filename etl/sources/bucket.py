"""A folder of a bucket that the pipeline keeps files of its own in: the raw layer, or releases."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import obstore
from botocore.exceptions import BotoCoreError, ClientError
from obstore.exceptions import BaseError
from obstore.store import S3Store

from etl.errors import SourceError
from etl.sources.account import Account
from etl.sources.failures import explain_failure
from etl.sources.options import S3Options

_RETRIES = 10


@dataclass(frozen=True, slots=True)
class Bucket:
    """What lies below `uri`, `s3://bucket/prefix`. `what` names it in messages. Picklable."""

    what: str
    uri: str
    options: S3Options

    @property
    def store(self) -> S3Store:
        """Obstore's client, one a process.

        Raises:
            SourceError: the bucket can't be used.
        """
        return _open_store(self)

    @contextmanager
    def name_failures(self) -> Iterator[None]:
        """Turn obstore's errors into a SourceError. What they are about, boto3 tells: see `etl.sources.failures`."""
        try:
            yield
        except (BaseError, FileNotFoundError) as error:
            account = _open_account(self.uri, self.options)
            _probe(self.what, account)
            cause = str(error).partition("\n")[0]
            raise SourceError(f"{self.what} can't be used. {account.place}: {cause}") from error

    def put(self, name: str, content: bytes | Path) -> None:
        """Put a file, which appears whole or not at all."""
        with self.name_failures():
            obstore.put(self.store, name, content)

    def get(self, name: str) -> bytes | None:
        """The bytes of a file; None where there is none."""
        with self.name_failures():
            try:
                return obstore.get(self.store, name).bytes().to_bytes()
            except FileNotFoundError:
                return None

    def copy(self, name: str, path: Path) -> None:
        """Copy a file to a path of this machine; streams."""
        with self.name_failures(), path.open("wb") as file:
            for chunk in obstore.get(self.store, name):
                file.write(chunk)


@cache
def _open_account(uri: str, options: S3Options) -> Account:
    return Account(uri, options)


@cache
def _open_store(bucket: Bucket) -> S3Store:
    """Asks boto3 first whether the bucket can be used at all: obstore would try for long before it said no."""
    account = _open_account(bucket.uri, bucket.options)
    _probe(bucket.what, account)
    return account.open_store(max_retries=_RETRIES)


def _probe(what: str, account: Account) -> None:
    try:
        account.client.list_objects_v2(Bucket=account.bucket, Prefix=account.root, MaxKeys=1)
    except (BotoCoreError, ClientError) as error:
        raise SourceError(f"{what} can't be used. {explain_failure(error, account.place)}") from error
