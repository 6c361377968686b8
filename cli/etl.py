"""`abid-etl`: fetch documents, build releases, see where things stand."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import summary
from cli.build import build, build_here, open_raw, pull, spark_job
from cli.export import export
from cli.help import PanelGroup, require_command
from cli.images import images as get_images
from cli.options import (
    DEFAULT_DATA_DIR,
    PUBLIC_BUCKET,
    AllowMissingOption,
    ConcurrencyOption,
    DataDirOption,
    EndpointOption,
    IdsOption,
    ImagesOption,
    IncludeOption,
    LimitOption,
    LogFormat,
    LogFormatOption,
    MemoryOption,
    ProfileOption,
    QuietOption,
    RawEndpointOption,
    RawOption,
    RawProfileOption,
    RequesterPaysOption,
    ShardOption,
    SignOption,
    SourceArgument,
    TempDirOption,
    ThreadsOption,
)
from cli.releases import prune, releases, rollback
from cli.stderr import open_progress, run, say, set_log
from cli.stdout import print_text
from cli.trust import diff, reconcile, replay
from cli.version import VersionOption
from etl.datadir import DataDir
from etl.sources.options import CONCURRENCY, S3Options

if TYPE_CHECKING:
    from etl.raw import Raw
    from etl.selection import Selection

app = typer.Typer(
    cls=PanelGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # see cli.help
)


@app.callback(invoke_without_command=True)
def main_options(
    context: typer.Context,
    *,
    version: VersionOption = False,  # noqa: ARG001  (its callback prints it)
) -> None:
    """Bring the metadata of the Amazon Bin Image Dataset into a warehouse of Parquet tables.

    `abid-etl run` does everything; `fetch` and `build` are its two stages.
    """
    require_command(context)


@app.command("run", short_help="Fetch what is new, build a release and publish it", rich_help_panel="Pipeline")
def run_pipeline(
    source: SourceArgument = PUBLIC_BUCKET,
    *,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    endpoint_url: EndpointOption = None,
    profile: ProfileOption = None,
    sign: SignOption = None,
    requester_pays: RequesterPaysOption = False,
    concurrency: ConcurrencyOption = CONCURRENCY,
    include: IncludeOption = None,
    ids: IdsOption = None,
    limit: LimitOption = None,
    images: ImagesOption = None,
    allow_missing: AllowMissingOption = False,
    threads: ThreadsOption = None,
    memory: MemoryOption = None,
    temp_dir: TempDirOption = None,
    raw: RawOption = None,
    raw_endpoint_url: RawEndpointOption = None,
    raw_profile: RawProfileOption = None,
    quiet: QuietOption = False,
    log_format: LogFormatOption = LogFormat.TEXT,
) -> None:
    """Fetch what is new at the source, then build and publish a release.

    Run it again whenever you like: what is held isn't fetched again, and an interrupted run goes on where it stopped.

    Examples:

        abid-etl run

        abid-etl run --limit 5000

        abid-etl run path/to/bucket-copy --data-dir /big/abid
    """
    set_log(log_format, quiet=quiet)
    options = S3Options(endpoint_url, profile, sign, requester_pays, concurrency)
    layer = open_raw(data_dir, raw, raw_endpoint_url, raw_profile)
    _fetch(source, options, data_dir, layer, _select(include, ids, limit), images=images, strict=not allow_missing)
    from etl.engine import Limits  # noqa: PLC0415  (pyarrow is slow to import)

    build_here(data_dir, layer, Limits(threads, memory, temp_dir), allow_missing=allow_missing)


@app.command("plan", short_help="What a fetch would do, and how long it would take", rich_help_panel="Pipeline")
def plan(
    source: SourceArgument = PUBLIC_BUCKET,
    *,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    endpoint_url: EndpointOption = None,
    profile: ProfileOption = None,
    sign: SignOption = None,
    requester_pays: RequesterPaysOption = False,
    concurrency: ConcurrencyOption = CONCURRENCY,
    include: IncludeOption = None,
    ids: IdsOption = None,
    limit: LimitOption = None,
    shard: ShardOption = None,
    raw: RawOption = None,
    raw_endpoint_url: RawEndpointOption = None,
    raw_profile: RawProfileOption = None,
    quiet: QuietOption = False,
    log_format: LogFormatOption = LogFormat.TEXT,
) -> None:
    """Say what `fetch` would do: what is new, what has changed, how many requests, how long. Nothing is fetched.

    Examples:

        abid-etl plan

        abid-etl plan s3://my-mirror/abid --profile work
    """
    from etl.plan import make_plan  # noqa: PLC0415  (pyarrow is slow to import)
    from etl.sources.choose import open_source  # noqa: PLC0415

    set_log(log_format, quiet=quiet)
    options = S3Options(endpoint_url, profile, sign, requester_pays, concurrency)
    made = make_plan(
        open_source(source, options),
        DataDir(data_dir),
        raw=open_raw(data_dir, raw, raw_endpoint_url, raw_profile),
        selection=_select(include, ids, limit, shard),
        progress=open_progress(),
    )
    print_text(summary.describe_plan(made))


@app.command("fetch", short_help="Bring the raw layer up to the source", rich_help_panel="Pipeline")
def fetch(
    source: SourceArgument = PUBLIC_BUCKET,
    *,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    endpoint_url: EndpointOption = None,
    profile: ProfileOption = None,
    sign: SignOption = None,
    requester_pays: RequesterPaysOption = False,
    concurrency: ConcurrencyOption = CONCURRENCY,
    include: IncludeOption = None,
    ids: IdsOption = None,
    limit: LimitOption = None,
    shard: ShardOption = None,
    images: ImagesOption = None,
    raw: RawOption = None,
    raw_endpoint_url: RawEndpointOption = None,
    raw_profile: RawProfileOption = None,
    quiet: QuietOption = False,
    log_format: LogFormatOption = LogFormat.TEXT,
) -> None:
    """Bring the raw layer up to what the source holds now: the first stage of `run`.

    Examples:

        abid-etl fetch

        abid-etl fetch s3://my-mirror/abid --endpoint-url http://127.0.0.1:8333 --profile work --concurrency 128

        abid-etl fetch abid-metadata.tar.zst

        abid-etl fetch --include '000*' --limit 5000

        abid-etl fetch --shard 3/8
    """
    set_log(log_format, quiet=quiet)
    options = S3Options(endpoint_url, profile, sign, requester_pays, concurrency)
    layer = open_raw(data_dir, raw, raw_endpoint_url, raw_profile)
    _fetch(source, options, data_dir, layer, _select(include, ids, limit, shard), images=images, strict=True)


app.command(
    "build", short_help="Build a release from the raw layer, check it and publish it", rich_help_panel="Pipeline"
)(build)
app.command("pull", short_help="Get the release that a cluster published in a bucket", rich_help_panel="Releases")(pull)
app.command("spark-job", short_help="The path of the build, for spark-submit", rich_help_panel="Pipeline")(spark_job)


@app.command("verify", short_help="Hold everything that is there to its promises", rich_help_panel="Releases")
def verify(
    *,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    release: Annotated[
        str | None, typer.Option("--release", metavar="ID", help="This release, or the one whose id begins so.")
    ] = None,
    raw: Annotated[bool, typer.Option("--raw", help="The raw layer; that of ABID_RAW, if it is set.")] = False,
    quiet: QuietOption = False,
    log_format: LogFormatOption = LogFormat.TEXT,
) -> None:
    """Read everything and hold it to its promises: the current release, or the raw layer, or both if both are named.

    Of a release: the seal of its manifest; size, SHA-256 and rows of every file, and none too many; its views, its
    equations and its checks. Of the raw layer: readable, every MD5 true, nothing twice, nothing missing.

    Examples:

        abid-etl verify

        abid-etl verify --raw
    """
    from etl.verify_raw import verify_raw  # noqa: PLC0415  (pyarrow is slow to import)
    from etl.verify_release import verify_release  # noqa: PLC0415

    set_log(log_format, quiet=quiet)
    findings = []
    if release or not raw:
        findings += verify_release(DataDir(data_dir), release, progress=open_progress())
    if raw:
        variables = ("ABID_RAW", "ABID_RAW_ENDPOINT_URL", "ABID_RAW_PROFILE")
        layer = open_raw(data_dir, *(os.environ.get(name) or None for name in variables))
        findings += verify_raw(DataDir(data_dir), raw=layer, progress=open_progress())
    print_text(summary.describe_findings(findings))
    summary.require_kept(findings)


@app.command("compact", short_help="Join small shards of the raw layer", rich_help_panel="Pipeline")
def compact(
    *,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    raw: RawOption = None,
    raw_endpoint_url: RawEndpointOption = None,
    raw_profile: RawProfileOption = None,
    quiet: QuietOption = False,
    log_format: LogFormatOption = LogFormat.TEXT,
) -> None:
    """Join small shards of the raw layer to full ones, and keep one of each document that is held twice.

    Example:

        abid-etl compact
    """
    from etl.compact import compact_raw  # noqa: PLC0415  (pyarrow is slow to import)

    set_log(log_format, quiet=quiet)
    done = compact_raw(DataDir(data_dir), raw=open_raw(data_dir, raw, raw_endpoint_url, raw_profile))
    say(summary.describe_compaction(done))


app.command("images", short_help="The pictures of a manifest or a query, in a folder", rich_help_panel="Pipeline")(
    get_images
)
app.command("releases", short_help="The releases that are kept", rich_help_panel="Releases")(releases)
app.command("rollback", short_help="Make a former release current again", rich_help_panel="Releases")(rollback)
app.command("prune", short_help="Remove old releases", rich_help_panel="Releases")(prune)
app.command("export", short_help="The release as one database, flat files or a workbook", rich_help_panel="Releases")(
    export
)
app.command("reconcile", short_help="The release beside the figures that others published", rich_help_panel="Releases")(
    reconcile
)
app.command("diff", short_help="What differs between two releases", rich_help_panel="Releases")(diff)
app.command("replay", short_help="What of the rejects this version would load", rich_help_panel="Releases")(replay)


@app.command("status", short_help="What is fetched, published and missing", rich_help_panel="Pipeline")
def status(
    *,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    raw: RawOption = None,
    raw_endpoint_url: RawEndpointOption = None,
    raw_profile: RawProfileOption = None,
) -> None:
    """Say what is fetched, what is published, and what is missing.

    Example:

        abid-etl status
    """
    from etl.status import read_status  # noqa: PLC0415  (pyarrow is slow to import)

    layer = open_raw(data_dir, raw, raw_endpoint_url, raw_profile)
    print_text(summary.describe_status(read_status(DataDir(data_dir), raw=layer)))


@app.command("synthesize", short_help="Make a bucket of invented documents", rich_help_panel="Pipeline")
def synthesize(
    directory: Annotated[Path, typer.Argument(help="The folder to make; it must not exist, or be empty.")],
    *,
    bins: Annotated[int, typer.Option("--bins", min=1, help="Documents to make.")] = 536_434,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same bytes.")] = 1,
    dirty: Annotated[
        float, typer.Option("--dirty", min=0, max=1, help="Share of documents to spoil; planted.jsonl lists them.")
    ] = 0.0,
    pictures: Annotated[
        bool,
        typer.Option("--pictures", help="Make a picture of each bin, which needs 'abid-warehouse[pictures]'."),
    ] = False,
    quiet: QuietOption = False,
    log_format: LogFormatOption = LogFormat.TEXT,
) -> None:
    """Make a bucket of invented documents that resembles the real one, as a directory to run the pipeline on.

    Examples:

        abid-etl synthesize bucket --bins 20000 --seed 1

        abid-etl synthesize bucket --bins 4000 --pictures
    """
    from etl.synthetic import synthesize as make_bucket  # noqa: PLC0415  (no other command needs it)

    set_log(log_format, quiet=quiet)
    with open_progress().step("making documents", bins, "documents") as step:
        made = make_bucket(directory, bins=bins, seed=seed, dirty=dirty, pictures=pictures, on_progress=step.advance)
    say(summary.describe_synthesis(made, directory))


def _select(include: str | None, ids: Path | None, limit: int | None, shard: str | None = None) -> "Selection":
    from etl.selection import Selection, parse_shard, read_ids  # noqa: PLC0415  (duckdb and pyarrow are slow to import)

    return Selection(include, read_ids(ids) if ids else None, limit, (1, 1) if shard is None else parse_shard(shard))


def _fetch(
    source: str,
    options: S3Options,
    data_dir: Path,
    raw: "Raw",
    selection: "Selection",
    *,
    images: bool | None,
    strict: bool,
) -> None:
    from etl.fetch import fetch_documents  # noqa: PLC0415  (pyarrow is slow to import)
    from etl.sources.choose import open_source  # noqa: PLC0415

    started = time.monotonic()
    receipt = fetch_documents(
        open_source(source, options),
        DataDir(data_dir),
        raw=raw,
        selection=selection,
        images=images,
        progress=open_progress(),
    )
    say(summary.describe_receipt(receipt, time.monotonic() - started))
    if strict:
        summary.require_complete(receipt)


def main() -> None:
    """Run the command."""
    run(app, "abid-etl", interrupted="What was done stays; the same command goes on from there.")
