"""A build whose release goes to a bucket: the tasks put its files there, and no disk is shared."""

import datetime as dt
from typing import Any

from etl.bucketwarehouse import BucketWarehouse
from etl.build import refuse_missing
from etl.datadir import DataDir
from etl.describing import describe_release
from etl.lock import lock_writing
from etl.models import fingerprint_code
from etl.progress import UNWATCHED, Progress
from etl.raw import Raw
from etl.spark.engine import SparkEngine


def build_in_bucket(  # noqa: PLR0913  each is a choice of its own
    data: DataDir,
    warehouse: BucketWarehouse,
    *,
    raw: Raw,
    engine: SparkEngine,
    allow_missing: bool = False,
    progress: Progress = UNWATCHED,
) -> dict[str, Any]:
    """Build a release from the raw layer, check it, and make it current in a bucket; returns its manifest.

    The same documents by the same code are the same release: one that is there is made current as it is.

    Raises:
        SourceError: the bucket can't be used.
        UsageError, CheckError: as `build_release` does.
    """
    warehouse.require_usable()
    with lock_writing(data), engine.open(raw, data, progress) as opened:
        missing = opened.list_missing()
        if not allow_missing:
            refuse_missing(missing, data, raw)
        release_id = opened.identify(fingerprint_code())
        if warehouse.is_whole(release_id):
            warehouse.make_current(release_id)
        else:
            started = dt.datetime.now(dt.UTC)
            made = opened.make_tables_in(warehouse.open_store(release_id))
            warehouse.publish(describe_release(release_id, raw, missing, made, started))
        return warehouse.read_manifest(release_id)
