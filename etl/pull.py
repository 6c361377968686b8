"""From a bucket's current release to that of a data directory: the same files, and a catalog for this machine."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from etl.bucketwarehouse import BucketWarehouse
from etl.datadir import DataDir
from etl.errors import SourceError, explain_full_disk
from etl.lock import lock_writing
from etl.manifest import describe_file, list_files
from etl.placing import open_staging, place_release, take_up_release
from etl.progress import UNWATCHED, Progress
from etl.release import Release, find_damage, open_release
from etl.retention import remove_releases

_AT_ONCE = 8


def pull_release(warehouse: BucketWarehouse, data: DataDir, *, progress: Progress = UNWATCHED) -> Release:
    """Copy the current release of `warehouse` to `data`, hold every file to its SHA-256, and make it current there.

    Raises:
        SourceError: the bucket can't be used, or a file there isn't what its manifest says.
        UsageError: there is no release in the bucket, or another process writes to `data`.
        StorageError: no space is left in `data`.
    """
    with explain_full_disk(data.root), lock_writing(data):
        release_id = warehouse.find_current()
        with open_staging(data) as folder:
            if find_damage(data.releases / release_id, read=True):  # or it isn't there
                manifest = warehouse.read_manifest(release_id)
                _copy(warehouse, manifest, folder, progress)
                place_release(folder, data, manifest)
            else:
                take_up_release(folder, data, release_id)
        remove_releases(data)
        return open_release(data)


def _copy(warehouse: BucketWarehouse, manifest: dict[str, Any], folder: Path, progress: Progress) -> None:
    files = list_files(manifest)
    with progress.step("getting the release", len(files), "files") as step, ThreadPoolExecutor(_AT_ONCE) as pool:
        for file in pool.map(lambda file: _copy_file(warehouse, manifest["release"], file, folder), files):
            step.advance(1, file["bytes"])


def _copy_file(warehouse: BucketWarehouse, release_id: str, file: dict[str, Any], folder: Path) -> dict[str, Any]:
    path = folder / file["path"]
    warehouse.copy_file(release_id, file["path"], path)
    if describe_file(path, folder)["sha256"] != file["sha256"]:
        raise SourceError(
            f"{file['path']} of release {release_id} in {warehouse.uri} isn't what its manifest says: "
            f"remove releases/{release_id}/manifest.json there, and the same build makes the release again"
        )
    return file
