"""The second stage: from the raw layer to a published release. Every build is complete, so no state can go stale.

It is made in a staging folder, where nobody looks, and held against the checks there.
"""

import datetime as dt
import shlex

from etl import rawlayer
from etl.datadir import DataDir
from etl.describing import Missing, describe_release
from etl.duckengine import DuckEngine
from etl.engine import Engine
from etl.errors import CheckError, explain_full_disk
from etl.lock import lock_writing
from etl.models import fingerprint_code
from etl.placing import open_staging, place_release, take_up_release
from etl.progress import UNWATCHED, Progress
from etl.raw import Raw, RawFolder
from etl.release import Release, find_damage, open_release
from etl.retention import remove_releases

_DUCKDB = DuckEngine()


def build_release(
    data: DataDir,
    *,
    raw: Raw | None = None,
    engine: Engine = _DUCKDB,
    allow_missing: bool = False,
    progress: Progress = UNWATCHED,
) -> Release:
    """Build a release from the raw layer, check it, and make it current. Nothing is visible before it is whole.

    A release of the same documents by the same code is the same release, whichever engine makes it, and is made
    current as it is.

    Raises:
        UsageError: nothing has been fetched yet, the limits are too low, or another process writes to `data`.
        CheckError: documents that were listed have not been fetched and `allow_missing` is false, or a check failed.
        StorageError: no space is left in `data`.
    """
    raw = raw or RawFolder(data.raw)
    with explain_full_disk(data.root), lock_writing(data):
        with open_staging(data) as folder, engine.open(raw, data, progress) as opened:
            missing = opened.list_missing()
            if not allow_missing:
                refuse_missing(missing, data, raw)
            release_id = opened.identify(fingerprint_code())
            if find_damage(data.releases / release_id, read=True):  # or it isn't there
                started = dt.datetime.now(dt.UTC)
                made = opened.make_tables(folder)
                place_release(folder, data, describe_release(release_id, raw, missing, made, started))
            else:
                take_up_release(folder, data, release_id)
        remove_releases(data)
        return open_release(data)


def refuse_missing(missing: Missing, data: DataDir, raw: Raw) -> None:
    """Raise a CheckError if any document that was listed is missing."""
    if missing:
        source = rawlayer.read_facts(raw)["source"]
        sample = "".join(f"\n  {key}: {error}" for key, error in missing[:5])
        raise CheckError(
            f"{len(missing)} of the listed documents have not been fetched:{sample}\n"
            f"Run `abid-etl fetch {shlex.quote(source)} --data-dir {shlex.quote(str(data.root))}` again, "
            "or build without them with --allow-missing."
        )
