"""Releases in a bucket: where a cluster publishes, and a data directory gets them from.

A bucket knows no rename. So the files of a release are put first, under its id, where nobody looks; then its manifest,
without which it isn't a release; last the object `current`, which holds the id of the one to read. Each is put by one
request. Who reads goes the same way back, and so never sees a part of one: a file under an id never changes, since the
same documents and the same code make the same bytes.

There is no `abid.duckdb` among the files: its views hold the paths of a machine's disk, so `pull` makes it there.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import obstore

from etl.errors import UsageError, explain_damage
from etl.manifest import MANIFEST, list_files, parse_manifest, seal_manifest
from etl.release import CURRENT
from etl.sources.bucket import Bucket
from etl.sources.options import S3Options

_RELEASES = "releases"
_ID = re.compile("[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class BucketStore:
    """The folder of one release; see `etl.spark.store.Store`."""

    bucket: Bucket
    release_id: str

    def put(self, path: Path, name: str) -> None:
        """See `etl.spark.store.Store`."""
        self.bucket.put(f"{_RELEASES}/{self.release_id}/{name}", path)


@dataclass(frozen=True, slots=True)
class BucketWarehouse:
    """The releases below `uri`, `s3://bucket/prefix`. Every method raises SourceError when the bucket can't be used."""

    uri: str
    options: S3Options

    @property
    def bucket(self) -> Bucket:
        """Where it is."""
        return Bucket("The warehouse", self.uri, self.options)

    def require_usable(self) -> None:
        """Ask whether the bucket can be used at all, before any work is done for it."""
        _ = self.bucket.store

    def open_store(self, release_id: str) -> BucketStore:
        """Where the files of a release are put."""
        return BucketStore(self.bucket, release_id)

    def is_whole(self, release_id: str) -> bool:
        """Whether a release is there with all its files, as far as sizes tell."""
        try:
            manifest = self.read_manifest(release_id)
        except UsageError:  # there is none, or it is damaged
            return False
        prefix = f"{_RELEASES}/{release_id}/"
        with self.bucket.name_failures():
            found = {
                meta["path"].removeprefix(prefix): meta["size"]
                for page in obstore.list(self.bucket.store, prefix)
                for meta in page
            }
        return all(found.get(file["path"]) == file["bytes"] for file in list_files(manifest))

    def publish(self, manifest: dict[str, Any]) -> None:
        """Make a release visible and current; its files are there."""
        self.bucket.put(f"{_RELEASES}/{manifest['release']}/{MANIFEST}", seal_manifest(manifest))
        self.make_current(manifest["release"])

    def make_current(self, release_id: str) -> None:
        """Have a release be the one to read."""
        self.bucket.put(CURRENT, f"{release_id}\n".encode())

    def find_current(self) -> str:
        """The id of the release to read.

        Raises:
            UsageError: there is none.
        """
        current = self.bucket.get(CURRENT)
        if current is None:
            raise UsageError(
                f"there is no release in {self.uri} yet: make one with "
                f"`abid-etl build --engine spark --warehouse {self.uri}`"
            )
        name = current.decode(errors="replace").strip()
        if not _ID.fullmatch(name):
            raise UsageError(
                f"{CURRENT} in {self.uri} is {name[:40]!r}, which is no release: was it put by something else?"
            )
        return name

    def read_manifest(self, release_id: str) -> dict[str, Any]:
        """What a release says of itself, taken at its word.

        Raises:
            UsageError: its manifest is missing, or damaged.
        """
        name = f"{_RELEASES}/{release_id}/{MANIFEST}"
        with explain_damage(f"{name} in {self.uri}", "Make the release again with `abid-etl build`."):
            manifest = parse_manifest(self.bucket.get(name) or b"")
            if manifest["release"] != release_id:
                raise ValueError(f"it is that of {manifest['release']}")
            return manifest

    def copy_file(self, release_id: str, name: str, path: Path) -> None:
        """Copy one file of a release to `path`; streams."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.bucket.copy(f"{_RELEASES}/{release_id}/{name}", path)
