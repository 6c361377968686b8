"""`abid-etl build`, on either engine, and what belongs to a build elsewhere: `pull` and `spark-job`."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from cli import summary
from cli.options import (
    DEFAULT_DATA_DIR,
    AllowMissingOption,
    DataDirOption,
    EndpointOption,
    Engine,
    EngineOption,
    LogFormat,
    LogFormatOption,
    MasterOption,
    MemoryOption,
    ProfileOption,
    QuietOption,
    RawEndpointOption,
    RawOption,
    RawProfileOption,
    TempDirOption,
    ThreadsOption,
    WarehouseArgument,
    WarehouseEndpointOption,
    WarehouseOption,
    WarehouseProfileOption,
)
from cli.stderr import open_progress, say, set_log
from cli.stdout import print_text
from etl.datadir import DataDir
from etl.errors import UsageError
from etl.sources.options import S3Options

if TYPE_CHECKING:
    from etl.bucketwarehouse import BucketWarehouse
    from etl.engine import Engine as BuildEngine
    from etl.engine import Limits
    from etl.raw import Raw


def build(
    *,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    allow_missing: AllowMissingOption = False,
    threads: ThreadsOption = None,
    memory: MemoryOption = None,
    temp_dir: TempDirOption = None,
    engine: EngineOption = Engine.DUCKDB,
    master: MasterOption = None,
    warehouse: WarehouseOption = None,
    warehouse_endpoint_url: WarehouseEndpointOption = None,
    warehouse_profile: WarehouseProfileOption = None,
    raw: RawOption = None,
    raw_endpoint_url: RawEndpointOption = None,
    raw_profile: RawProfileOption = None,
    quiet: QuietOption = False,
    log_format: LogFormatOption = LogFormat.TEXT,
) -> None:
    """Build a release from the raw layer, check it and publish it: the second stage of `run`.

    With --engine spark, the machines of a cluster share the work; the release is the same, byte for byte. They all
    have to see the data directory, or --raw and --warehouse both name a bucket.

    Examples:

        abid-etl build --memory 4GB --temp-dir /fast

        abid-etl build --engine spark --master 'local[2]'

        abid-etl build --engine spark --raw s3://lake/abid/raw --warehouse s3://lake/abid/warehouse
    """
    set_log(log_format, quiet=quiet)
    from etl.engine import Limits  # noqa: PLC0415  (pyarrow is slow to import)

    limits = Limits(threads, memory, temp_dir)
    layer = open_raw(data_dir, raw, raw_endpoint_url, raw_profile)
    if engine is Engine.DUCKDB:
        _refuse_spark_options(master, warehouse)
        build_here(data_dir, layer, limits, allow_missing=allow_missing)
        return
    from etl.spark.engine import SparkEngine  # noqa: PLC0415  (an optional extra)

    if warehouse is None:
        build_here(data_dir, layer, limits, SparkEngine(master, limits), allow_missing=allow_missing)
        return
    from etl.spark.bucketbuild import build_in_bucket  # noqa: PLC0415  (so are the S3 libraries)

    started = time.monotonic()
    place = _open_warehouse(warehouse, warehouse_endpoint_url, warehouse_profile)
    manifest = build_in_bucket(
        DataDir(data_dir),
        place,
        raw=layer,
        engine=SparkEngine(master, limits),
        allow_missing=allow_missing,
        progress=open_progress(),
    )
    say(summary.describe_manifest(manifest, f"is current in {place.uri}, {time.monotonic() - started:.1f} s"))


def pull(
    warehouse: WarehouseArgument,
    *,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    endpoint_url: EndpointOption = None,
    profile: ProfileOption = None,
    quiet: QuietOption = False,
    log_format: LogFormatOption = LogFormat.TEXT,
) -> None:
    """Get the current release of a warehouse in a bucket, and make it current in the data directory.

    Every file is held to its SHA-256. What is there already isn't got again.

    Example:

        abid-etl pull s3://lake/abid/warehouse
    """
    from etl.pull import pull_release  # noqa: PLC0415  (pyarrow is slow to import)
    from etl.release import find_current  # noqa: PLC0415

    set_log(log_format, quiet=quiet)
    started = time.monotonic()
    before = find_current(DataDir(data_dir))
    place = _open_warehouse(warehouse, endpoint_url, profile)
    release = pull_release(place, DataDir(data_dir), progress=open_progress())
    say(summary.describe_release(release, before, time.monotonic() - started))


def spark_job() -> None:
    """Print the path of a Python file for `spark-submit`; it takes the options of `abid-etl build`, but for --master.

    Example:

        spark-submit --master yarn $(abid-etl spark-job) --raw s3://lake/abid/raw --warehouse s3://lake/abid/warehouse
    """
    print_text(str(Path(__file__).parent / "submitted" / "spark_job.py"))


def build_here(
    data_dir: Path,
    raw: "Raw",
    limits: "Limits",
    engine: "BuildEngine | None" = None,
    *,
    allow_missing: bool,
) -> None:
    """Build a release in the data directory, with DuckDB unless another engine is given, and say what it is."""
    from etl.build import build_release  # noqa: PLC0415  (pyarrow is slow to import)
    from etl.duckengine import DuckEngine  # noqa: PLC0415
    from etl.release import find_current  # noqa: PLC0415

    started = time.monotonic()
    before = find_current(DataDir(data_dir))
    release = build_release(
        DataDir(data_dir),
        raw=raw,
        engine=engine or DuckEngine(limits),
        allow_missing=allow_missing,
        progress=open_progress(),
    )
    say(summary.describe_release(release, before, time.monotonic() - started))


def open_raw(data_dir: Path, raw: str | None, endpoint_url: str | None, profile: str | None) -> "Raw":
    """The raw layer of a data directory, or the one that is named."""
    from etl.raw import RawFolder  # noqa: PLC0415  (pyarrow is slow to import)

    if raw is None:
        return RawFolder(DataDir(data_dir).raw)
    from etl.rawbucket import RawBucket  # noqa: PLC0415  (so are the S3 libraries)

    return RawBucket(_read_uri(raw), S3Options(endpoint_url, profile))


def _open_warehouse(uri: str, endpoint_url: str | None, profile: str | None) -> "BucketWarehouse":
    from etl.bucketwarehouse import BucketWarehouse  # noqa: PLC0415  (the S3 libraries are slow to import)

    return BucketWarehouse(_read_uri(uri), S3Options(endpoint_url, profile))


def _read_uri(uri: str) -> str:
    """Spark's people say s3a:// for what all others call s3://."""
    return f"s3://{uri.removeprefix('s3a://')}" if uri.startswith("s3a://") else uri


def _refuse_spark_options(master: str | None, warehouse: str | None) -> None:
    for option, value in {"--master": master, "--warehouse": warehouse}.items():
        if value is not None:
            raise UsageError(f"{option} is for --engine spark only: DuckDB builds on this machine, in its --data-dir")
