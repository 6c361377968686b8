"""Who asks S3, and where: what boto3 finds out, for its own client and for obstore's.

So whatever works for every other AWS tool works here: environment, profile, SSO, role, region, endpoint, certificates,
proxy. Where no credentials are found, requests go unsigned, which is all that a public bucket needs.
"""

import asyncio
import math
import os
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
import botocore.session
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    ProfileNotFound,
    ReadTimeoutError,
    SSOError,
    TokenRetrievalError,
)
from obstore.auth.boto3 import Boto3CredentialProvider
from obstore.exceptions import BaseError
from obstore.store import S3Store
from urllib3.exceptions import HTTPError

from etl.errors import SourceError, UsageError
from etl.sources.failures import Place, explain_failure
from etl.sources.options import S3Options

if TYPE_CHECKING:
    from botocore.model import OperationModel
    from mypy_boto3_s3 import S3Client
    from obstore.store import ClientConfig

T = TypeVar("T")
PUBLIC_BUCKET = "aft-vbi-pds"
_DEFAULT_REGION = "us-east-1"  # where the public bucket is
_CONNECT_SECONDS = 5
_READ_SECONDS = 8


class Account:
    """The way to what lies below `uri`, which must be `s3://bucket` or `s3://bucket/prefix`. Opens no connection.

    Raises:
        SourceError: the login has ended.
        UsageError: the URI, the endpoint, the profile or the credentials can't be used.
    """

    def __init__(self, uri: str, options: S3Options) -> None:
        self.bucket, self.prefix = _parse_uri(uri)
        self.root = f"{self.prefix}/" if self.prefix else ""
        self.options = options
        self._threads = ThreadPoolExecutor(options.concurrency)
        self._clients: dict[float, S3Client] = {}
        try:
            self._core = botocore.session.Session(profile=options.profile)
            self._session = boto3.Session(botocore_session=self._core)
            # every AWS tool but boto3 knows AWS_REGION
            self._region = os.environ.get("AWS_REGION") or self._session.region_name or _DEFAULT_REGION
            self._credentials = self._find_credentials()
            endpoint = self.client.meta.endpoint_url
            ca_bundle = self._core.get_config_variable("ca_bundle")
            self._authorities = Path(ca_bundle).read_bytes() if ca_bundle else None
        except ProfileNotFound as error:
            raise UsageError(
                f"{error}: check the profile's name (AWS_PROFILE), or add it with `aws configure`."
            ) from error
        except (BotoCoreError, ClientError, OSError, ValueError) as error:
            remedy = "log in again, or mend it; an endpoint is written http://HOST:PORT"
            raise UsageError(f"The AWS configuration can't be used ({error}): {remedy}.") from error
        signed = self._credentials is not None
        self.place = Place(f"s3://{self.bucket}/{self.prefix}".rstrip("/"), self.bucket, endpoint, signed)

    @property
    def client(self) -> "S3Client":
        """The client of boto3."""
        return self._get_client(_READ_SECONDS)

    async def ask(self, call: "Callable[[S3Client, dict[str, Any]], T]", seconds: float) -> T:
        """Make a call of boto3's client in a thread. `call` gets the client and the arguments that every call needs.

        Raises:
            RequestError: it failed.
            TimeoutError: nothing came for `seconds`.
        """
        arguments: dict[str, Any] = {"Bucket": self.bucket}
        if self.options.requester_pays:
            arguments["RequestPayer"] = "requester"
        client = self._get_client(seconds)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, call, client, arguments)
        except ReadTimeoutError as error:
            raise TimeoutError from error
        except (BotoCoreError, ClientError, HTTPError, OSError) as error:
            raise explain_failure(error, self.place) from error

    def _get_client(self, seconds: float) -> "S3Client":
        """A client that waits for an answer up to `seconds`, rounded down to a power of two.

        A thread that waits can't be interrupted, and a client can't be told how long to wait for one answer. No client
        asks twice by itself: who calls it decides that.
        """
        read_seconds = 2.0 ** math.floor(math.log2(seconds))
        if read_seconds not in self._clients:
            config = Config(
                signature_version=None if self._credentials else UNSIGNED,
                s3={"addressing_style": "path"},
                retries={"total_max_attempts": 1},
                max_pool_connections=self.options.concurrency,
                connect_timeout=_CONNECT_SECONDS,
                read_timeout=read_seconds,
            )
            client = self._session.client(
                "s3", region_name=self._region, endpoint_url=self.options.endpoint_url, config=config
            )
            client.meta.events.register_first("needs-retry.s3", _refuse_redirect)
            self._clients[read_seconds] = client
        return self._clients[read_seconds]

    def open_store(self, max_retries: int = 0) -> S3Store:
        """The client of obstore, on what lies below the prefix."""
        options: ClientConfig = {
            "allow_http": self.place.endpoint.startswith("http://"),
            "connect_timeout": f"{_CONNECT_SECONDS}s",
        }
        if self._authorities:
            options["root_certificate"] = self._authorities
        try:
            return S3Store(
                self.bucket,
                prefix=self.prefix or None,
                region=self._region,
                aws_endpoint_url_s3=self.place.endpoint,
                virtual_hosted_style_request=False,
                request_payer=self.options.requester_pays,
                skip_signature=self._credentials is None,
                credential_provider=self._credentials,
                client_options=options,
                retry_config={"max_retries": max_retries},
            )
        except (BaseError, ValueError, OSError) as error:
            cause = str(error).partition("\n")[0]
            raise UsageError(f"{self.place.uri} can't be opened: {cause}") from error

    def _find_credentials(self) -> Boto3CredentialProvider | None:
        sign = self.options.sign
        if sign is None and self.bucket == PUBLIC_BUCKET:
            sign = self.options.requester_pays
        if sign is False:
            return None
        if _find_login(self._session):
            return Boto3CredentialProvider(self._session)
        if sign or self.options.requester_pays:
            raise UsageError(
                "requests can't be signed, no credentials were found: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and its "
                "secret, or log in."
            )
        return None


def _find_login(session: boto3.Session) -> bool:
    """Whether there are credentials. A login that has ended must fail here, where it can be named."""
    try:
        credentials = session.get_credentials()
        return bool(credentials and credentials.get_frozen_credentials())
    except (ClientError, CredentialRetrievalError, HTTPClientError, SSOError, TokenRetrievalError) as error:
        raise SourceError(f"The credentials can't be had: log in again ({error}).") from error


def _refuse_redirect(operation: "OperationModel", response: tuple[Any, dict[str, Any]] | None, **_: object) -> None:
    """Let no client follow an answer to another region: only boto3's would, and never tell obstore's."""
    if response and "Error" in response[1]:
        raise ClientError(response[1], operation.name)  # type: ignore[arg-type]  # an answer as botocore hands it on


def _parse_uri(uri: str) -> tuple[str, str]:
    match = re.fullmatch(r"s3://([a-zA-Z0-9][a-zA-Z0-9._-]*)(?:/(.*))?", uri)
    if not match:
        raise UsageError(f"{uri} names no bucket: write s3://BUCKET or s3://BUCKET/PREFIX.")
    return match[1], (match[2] or "").strip("/")
