"""Where things lie below the data directory. No other module joins these paths.

- `raw/`: the raw layer (`etl.raw`)
- `raw-copy/`: the copy of one that is kept in a bucket
- `warehouse/releases/<id>/`: a release, complete or absent
- `warehouse/current`: relative symlink to the release to read
- `spark.log`: what Spark said of the last build on it
- `warehouse/staging/`: where a release is made; nothing in it is ever read by others
"""

from dataclasses import dataclass
from pathlib import Path

from etl.errors import UsageError


@dataclass(frozen=True, slots=True)
class DataDir:
    """The root of everything that the pipeline keeps."""

    root: Path

    @classmethod
    def find(cls, release: Path) -> "DataDir":
        """That to which the folder of a release belongs."""
        return cls(release.parents[2])

    @property
    def raw(self) -> Path:
        """The raw layer."""
        return self.root / "raw"

    @property
    def raw_copy(self) -> Path:
        """Where a raw layer that is kept in a bucket is copied to, to build from."""
        return self.root / "raw-copy"

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
    def spark_log(self) -> Path:
        """What Spark says of the last build on it."""
        return self.root / "spark.log"

    @property
    def staging(self) -> Path:
        """The folder in which releases are made."""
        return self.warehouse / "staging"

    def require_outside(self, target: Path) -> None:
        """Refuse to write to `target`, which is resolved, where what is kept is.

        Raises:
            UsageError: it is there.
        """
        for kept in (self.raw, self.raw_copy, self.warehouse):
            if target.is_relative_to(kept.resolve()):
                raise UsageError(f"{target} is among what the pipeline keeps in {kept}: name a place outside")
