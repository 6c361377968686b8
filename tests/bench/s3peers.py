"""How else the documents of a public bucket are got: each peer at its barest, in a process of its own.

`python -m bench.s3peers PEER ENDPOINT BUCKET CONCURRENCY` gets every document into memory and prints the seconds
that it took. Starting Python is never counted, listing only where the peer's name says so.
"""

import asyncio
import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import boto3
import obstore
from botocore import UNSIGNED
from botocore.config import Config
from obstore.store import S3Store

PREFIX = "metadata/"
Get = Callable[[], int]
"""Gets every document and returns how many bytes came."""


def time_boto3(endpoint: str, bucket: str, threads: int) -> float:
    """One client and a pool of threads."""
    # The region is only a name that boto3 insists on.
    config = Config(signature_version=UNSIGNED, max_pool_connections=threads, region_name="us-east-1")
    client = boto3.client("s3", endpoint_url=endpoint, config=config)
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=PREFIX)
    sizes = {item["Key"]: item["Size"] for page in pages for item in page["Contents"]}

    def read(key: str) -> int:
        return len(client.get_object(Bucket=bucket, Key=key)["Body"].read())

    def get() -> int:
        with ThreadPoolExecutor(threads) as pool:
            return sum(pool.map(read, sizes))

    return _time(get, sum(sizes.values()))


def time_obstore(endpoint: str, bucket: str, concurrency: int) -> float:
    """As many asyncio tasks as requests are to be under way."""
    store = _open_store(endpoint, bucket)
    sizes = _list(store)
    return _time(lambda: asyncio.run(_get_all(store, list(sizes), concurrency)), sum(sizes.values()))


def time_obstore_and_listing(endpoint: str, bucket: str, concurrency: int) -> float:
    """The same, with the listing first."""
    store = _open_store(endpoint, bucket)
    started = time.perf_counter()
    sizes = _list(store)
    listing = time.perf_counter() - started
    return listing + _time(lambda: asyncio.run(_get_all(store, list(sizes), concurrency)), sum(sizes.values()))


def _open_store(endpoint: str, bucket: str) -> S3Store:
    return S3Store(bucket, endpoint=endpoint, skip_signature=True, client_options={"allow_http": True})


def _list(store: S3Store) -> dict[str, int]:
    return {item["path"]: item["size"] for page in obstore.list(store, PREFIX, chunk_size=1000) for item in page}


async def _get_all(store: S3Store, keys: list[str], concurrency: int) -> int:
    rest = iter(keys)
    return sum(await asyncio.gather(*(_get_some(store, rest) for _ in range(concurrency))))


async def _get_some(store: S3Store, keys: Iterator[str]) -> int:
    size = 0
    for key in keys:
        size += len(await (await obstore.get_async(store, key)).bytes_async())
    return size


def _time(get: Get, expected: int) -> float:
    started = time.perf_counter()
    size = get()
    seconds = time.perf_counter() - started
    if size != expected:
        sys.exit(f"{size} bytes came of {expected}")
    return seconds


PEERS = {
    "boto3": time_boto3,
    "obstore": time_obstore,
    "obstore-and-listing": time_obstore_and_listing,
}

if __name__ == "__main__":
    print(PEERS[sys.argv[1]](sys.argv[2], sys.argv[3], int(sys.argv[4])), flush=True)
    os._exit(0)  # obstore's threads may still hold Python objects, and abort when the interpreter goes before them
