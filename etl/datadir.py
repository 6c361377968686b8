"""Where things lie below the data directory. No other module joins these paths.

- `raw/listing.parquet`: what the source held when it was last listed
- `raw/images.parquet`: the pictures it held, when they were listed
- `raw/not_fetched.parquet`: what the last fetch could not get, and why
- `raw/documents/*.parquet`: shards of whole documents
- `warehouse/releases/<id>/`: a release, complete or absent
- `warehouse/current`: relative symlink to the release to read
- `warehouse/staging/`: where a release is made; nothing in it is ever read by others
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class DataDir:
    """The root of everything that the pipeline keeps."""

    root: Path

    @property
    def raw(self) -> Path:
        """The raw layer."""
        return self.root / "raw"

    @property
    def shards(self) -> Path:
        """The folder of shards."""
        return self.raw / "documents"

    @property
    def listing(self) -> Path:
        """The last listing of the documents."""
        return self.raw / "listing.parquet"

    @property
    def images(self) -> Path:
        """The last listing of the pictures."""
        return self.raw / "images.parquet"

    @property
    def not_fetched(self) -> Path:
        """What the last fetch could not get."""
        return self.raw / "not_fetched.parquet"

    @property
    def warehouse(self) -> Path:
        """Everything that a build makes."""
        return self.root / "warehouse"

    @property
    def releases(self) -> Path:
        """The folder of releases."""
        return self.warehouse / "releases"

    @property
    def current(self) -> Path:
        """The symlink to the release to read."""
        return self.warehouse / "current"

    @property
    def staging(self) -> Path:
        """The folder in which releases are made."""
        return self.warehouse / "staging"

    def shard_files(self) -> list[str]:
        """The complete shards, sorted. Temporary files have another ending."""
        return sorted(str(path) for path in self.shards.glob("*.parquet"))
