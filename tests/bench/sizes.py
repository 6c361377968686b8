"""How much each part measures, quickly and in full; and what several parts share, made once."""

from dataclasses import dataclass
from pathlib import Path

from bench.measure import BIN, Run, run_module, run_process

REAL_BUCKET = 536_434
"""Documents of the Amazon Bin Image Dataset."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Documents of each part; how often the peers on S3 take their turn; how many keys are listed.

    A site is of as many bins as a person would look through.
    """

    pipeline: int
    peers: int
    reports: int
    objects: int
    rounds: int
    listed: int
    scale: tuple[int, ...]
    site: int = 3_004


QUICK = Sizes(100_000, 20_000, 100_000, 10_000, 1, 500_000, (10_000, 100_000))
FULL = Sizes(
    pipeline=REAL_BUCKET,
    peers=REAL_BUCKET,
    reports=REAL_BUCKET,
    objects=50_000,
    rounds=3,
    listed=500_000,
    scale=(10_000, 100_000, REAL_BUCKET, 10 * REAL_BUCKET),
)


@dataclass(frozen=True, slots=True)
class Place:
    """A folder of buckets and data directories. What is there already is used again."""

    folder: Path

    def make_bucket(self, bins: int) -> Path:
        """A synthetic bucket, as files."""
        bucket = self.folder / f"bucket-{bins}"
        if not bucket.exists():
            self.synthesize(bucket, bins)
        return bucket

    def synthesize(self, bucket: Path, bins: int) -> Run:
        """Make a bucket anew."""
        return run_process(BIN / "abid-etl", "synthesize", bucket, "--bins", str(bins), "--seed", "1", "--quiet")

    def make_raw(self, bins: int) -> Path:
        """A data directory with the raw layer of such a bucket, of which there are no files."""
        data = self.folder / f"data-{bins}"
        if not (data / "raw").exists():
            part = data.with_name(f"{data.name}.part")
            run_module("bench.bulk", part / "raw", str(bins))
            part.rename(data)
        return data

    def make_release(self, bins: int) -> Path:
        """A data directory with a release, too."""
        data = self.make_raw(bins)
        if not (data / "warehouse" / "current").exists():
            run_process(BIN / "abid-etl", "build", "--data-dir", data, "--quiet")
        return data


def count_bytes(folder: Path) -> int:
    """Of all files below a folder; those that vanish meanwhile are left out."""
    size = 0
    for path in folder.rglob("*"):
        try:
            size += path.stat().st_size if path.is_file() and not path.is_symlink() else 0
        except FileNotFoundError:
            continue
    return size
