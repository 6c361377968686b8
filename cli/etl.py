"""`abid-etl`: fetch documents, build releases, see where things stand."""

import time
from pathlib import Path
from typing import Annotated

import typer

from cli import summary
from cli.options import (
    DEFAULT_DATA_DIR,
    PUBLIC_BUCKET,
    AllowMissingOption,
    DataDirOption,
    EndpointOption,
    ImagesOption,
    MemoryOption,
    ProfileOption,
    QuietOption,
    SourceArgument,
    ThreadsOption,
)
from cli.stderr import open_progress, run, say
from cli.stdout import print_text
from cli.version import VersionOption
from etl.datadir import DataDir

app = typer.Typer(
    help="Bring the metadata of the Amazon Bin Image Dataset into a warehouse of Parquet tables.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


@app.callback()
def main_options(*, version: VersionOption = False) -> None:
    """`abid-etl run` does everything; `fetch` and `build` are its two stages."""


@app.command("run")
def run_pipeline(
    source: SourceArgument = PUBLIC_BUCKET,
    *,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    endpoint_url: EndpointOption = None,
    profile: ProfileOption = None,
    images: ImagesOption = None,
    allow_missing: AllowMissingOption = False,
    threads: ThreadsOption = None,
    memory: MemoryOption = None,
    quiet: QuietOption = False,
) -> None:
    """Fetch what is new at the source, then build and publish a release.

    Run it again whenever you like: what is held isn't fetched again, and an interrupted run goes on where it stopped.

    Examples:

        abid-etl run

        abid-etl run path/to/bucket-copy --data-dir /big/abid
    """
    _fetch(source, data_dir, endpoint_url, profile, images=images, quiet=quiet, strict=not allow_missing)
    _build(data_dir, threads, memory, allow_missing=allow_missing, quiet=quiet)


@app.command("fetch")
def fetch(
    source: SourceArgument = PUBLIC_BUCKET,
    *,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    endpoint_url: EndpointOption = None,
    profile: ProfileOption = None,
    images: ImagesOption = None,
    quiet: QuietOption = False,
) -> None:
    """Bring the raw layer up to what the source holds now: the first stage of `run`.

    Examples:

        abid-etl fetch

        abid-etl fetch s3://my-mirror/abid --profile work

        abid-etl fetch abid-metadata.tar.zst
    """
    _fetch(source, data_dir, endpoint_url, profile, images=images, quiet=quiet, strict=True)


@app.command("build")
def build(
    *,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    allow_missing: AllowMissingOption = False,
    threads: ThreadsOption = None,
    memory: MemoryOption = None,
    quiet: QuietOption = False,
) -> None:
    """Build a release from the raw layer, check it and publish it: the second stage of `run`.

    Example:

        abid-etl build --memory 4GB
    """
    _build(data_dir, threads, memory, allow_missing=allow_missing, quiet=quiet)


@app.command("status")
def status(*, data_dir: DataDirOption = DEFAULT_DATA_DIR) -> None:
    """Say what is fetched, what is published, and what is missing.

    Example:

        abid-etl status
    """
    from etl.status import read_status  # noqa: PLC0415  (pyarrow is slow to import)

    print_text(summary.describe_status(read_status(DataDir(data_dir))))


@app.command("synthesize")
def synthesize(
    directory: Annotated[Path, typer.Argument(help="The folder to make; it must not exist, or be empty.")],
    *,
    bins: Annotated[int, typer.Option("--bins", min=1, help="Documents to make.")] = 536_434,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same bytes.")] = 1,
    dirty: Annotated[
        float, typer.Option("--dirty", min=0, max=1, help="Share of documents to spoil; planted.jsonl lists them.")
    ] = 0.0,
    quiet: QuietOption = False,
) -> None:
    """Make a bucket of invented documents that resembles the real one, as a directory to run the pipeline on.

    Example:

        abid-etl synthesize bucket --bins 20000 --seed 1
    """
    from etl.synthetic import synthesize as make_bucket  # noqa: PLC0415  (no other command needs it)

    with open_progress(quiet=quiet).step("making documents", bins, "documents") as step:
        made = make_bucket(directory, bins=bins, seed=seed, dirty=dirty, on_progress=step.advance)
    if not quiet:
        say(summary.describe_synthesis(made, directory))


def _fetch(
    source: str,
    data_dir: Path,
    endpoint_url: str | None,
    profile: str | None,
    *,
    images: bool | None,
    quiet: bool,
    strict: bool,
) -> None:
    from etl.fetch import fetch_documents  # noqa: PLC0415  (pyarrow is slow to import)
    from etl.sources import open_source  # noqa: PLC0415

    started = time.monotonic()
    opened = open_source(source, endpoint_url=endpoint_url, profile=profile)
    receipt = fetch_documents(opened, DataDir(data_dir), images=images, progress=open_progress(quiet=quiet))
    if not quiet:
        say(summary.describe_receipt(receipt, time.monotonic() - started))
    if strict:
        summary.require_complete(receipt)


def _build(data_dir: Path, threads: int | None, memory: str | None, *, allow_missing: bool, quiet: bool) -> None:
    from etl.build import Limits, build_release  # noqa: PLC0415  (pyarrow is slow to import)
    from etl.release import find_current  # noqa: PLC0415

    started = time.monotonic()
    before = find_current(DataDir(data_dir))
    release = build_release(
        DataDir(data_dir),
        allow_missing=allow_missing,
        limits=Limits(threads, memory),
        progress=open_progress(quiet=quiet),
    )
    if not quiet:
        say(summary.describe_release(release, before, time.monotonic() - started))


def main() -> None:
    """Run the command."""
    run(app, "abid-etl")
