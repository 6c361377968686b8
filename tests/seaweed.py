"""A real S3 server on loopback, SeaweedFS, for the tests and the benchmark."""

import http.client
import json
import os
import shutil
import socket
import subprocess
import sysconfig
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import boto3

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NO_ACCOUNT = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "NO_PROXY": "127.0.0.1",
}
"""In an environment without other variables `AWS_*`: no account and no proxy of the machine."""

_PORTS = (
    *("s3.port", "s3.port.grpc", "filer.port", "filer.port.grpc", "master.port", "master.port.grpc"),
    *("volume.port", "volume.port.grpc", "admin.port", "admin.port.grpc", "webdav.port"),
)
_START_SECONDS = 60.0


@dataclass(frozen=True)
class S3Server:
    """A SeaweedFS on loopback. `access_key` may do everything; without it, only public buckets can be read."""

    endpoint_url: str
    access_key: str = "warehouse"
    secret_key: str = "not-a-secret"

    @cached_property
    def client(self) -> "S3Client":
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
        )

    def create_bucket(self, bucket: str, objects: Mapping[str, bytes] | None = None, *, public: bool = False) -> None:
        self.client.create_bucket(Bucket=bucket)
        if public:
            statement = {
                "Effect": "Allow",
                "Principal": "*",
                "Action": ["s3:GetObject", "s3:ListBucket"],
                "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
            }
            policy = {"Version": "2012-10-17", "Statement": [statement]}
            self.client.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
        self.put_objects(bucket, objects or {})

    def put_objects(self, bucket: str, objects: Mapping[str, bytes]) -> None:
        with ThreadPoolExecutor(8) as pool:
            for _ in pool.map(lambda key: self.client.put_object(Bucket=bucket, Key=key, Body=objects[key]), objects):
                pass

    def upload(self, bucket: str, directory: Path) -> None:
        files = [path for path in directory.rglob("*") if path.is_file()]
        self.put_objects(bucket, {path.relative_to(directory).as_posix(): path.read_bytes() for path in files})


@contextmanager
def run_seaweed(home: Path) -> Iterator[S3Server]:
    """Run a server that keeps everything in the folder `home`, which is removed at the end."""
    home.mkdir(parents=True, exist_ok=True)
    ports = _find_free_ports()
    server = S3Server(f"http://127.0.0.1:{ports['s3.port']}")
    process = _start_seaweed(home, ports, server)
    try:
        _wait_until_ready(process, ports["s3.port"], home / "log")
        yield server
    finally:
        server.client.close()
        process.kill()  # asked politely, it takes up to ten seconds
        process.wait()
        for port in ports.values():
            for path in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):  # where it always puts them
                path.unlink()
        shutil.rmtree(home)


def _find_free_ports() -> dict[str, int]:
    with ExitStack() as stack:
        sockets = {name: stack.enter_context(socket.create_server(("127.0.0.1", 0))) for name in _PORTS}
        return {name: sock.getsockname()[1] for name, sock in sockets.items()}


def _start_seaweed(home: Path, ports: dict[str, int], server: S3Server) -> "subprocess.Popen[bytes]":
    identity = {
        "name": "warehouse",
        "credentials": [{"accessKey": server.access_key, "secretKey": server.secret_key}],
        "actions": ["Admin", "Read", "List", "Write"],
    }
    (home / "s3.json").write_text(json.dumps({"identities": [identity]}))
    command = [
        *(f"{sysconfig.get_path('scripts')}/weed", f"-logdir={home}", "mini"),
        *(f"-dir={home}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
        *(f"-{name}={port}" for name, port in ports.items()),
        *(f"-s3.config={home}/s3.json", "-s3.port.iceberg=0", "-s3.port.lance=0", "-webdav=false", "-admin.ui=false"),
        *(f"-s3.localSocket={home}/s3.sock", f"-filer.localSocket={home}/filer.sock"),
        *("-master.telemetry=false", "-volume.preStopSeconds=0"),
    ]
    with (home / "log").open("wb") as log:
        return subprocess.Popen(command, cwd=home, stdout=log, stderr=log)


def _wait_until_ready(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", "/")
            connection.getresponse()
        except (OSError, http.client.HTTPException):
            try:
                process.wait(0.02)
            except subprocess.TimeoutExpired:
                continue
        else:
            return
        finally:
            connection.close()
    raise RuntimeError(f"SeaweedFS did not start:\n{log.read_text()[-2000:]}")
