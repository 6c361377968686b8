"""The directory: what makes two buckets the same, and what is refused."""

import hashlib
import json
from pathlib import Path

import pytest

from etl.errors import UsageError
from etl.sources.base import SYNTHETIC_MARKER
from etl.synthetic import Synthesis, synthesize
from etl.synthetic.writer import MARKER


def digest_tree(directory: Path) -> str:
    """Hash of names, bytes and modification times of all files."""
    digest = hashlib.sha256()
    for path in sorted(path for path in directory.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(directory)} {path.stat().st_mtime_ns}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def test_the_number_of_processes_changes_nothing(tmp_path: Path) -> None:
    for processes in (1, 3):
        synthesize(tmp_path / str(processes), bins=3500, seed=7, dirty=0.02, processes=processes)
    assert digest_tree(tmp_path / "1") == digest_tree(tmp_path / "3")


def test_another_seed_gives_another_bucket(tmp_path: Path) -> None:
    for seed in (1, 2):
        synthesize(tmp_path / str(seed), bins=50, seed=seed, processes=1)
    assert (tmp_path / "1/metadata/00002.json").read_bytes() != (tmp_path / "2/metadata/00002.json").read_bytes()


def test_times_are_whole_seconds_of_2017_and_differ(tmp_path: Path) -> None:
    synthesize(tmp_path / "bucket", bins=200, seed=1, processes=1)
    times = [path.stat().st_mtime_ns for path in (tmp_path / "bucket/metadata").iterdir()]
    assert len(set(times)) == 200
    assert all(time % 1_000_000_000 == 0 for time in times)
    assert 1_483_228_800 <= min(times) // 1_000_000_000 <= max(times) // 1_000_000_000 < 1_514_764_800


def test_the_result_counts_what_was_written(tmp_path: Path) -> None:
    result = synthesize(tmp_path / "bucket", bins=1500, seed=1, dirty=0.1, processes=1)
    files = [path for path in (tmp_path / "bucket/metadata").rglob("*") if path.is_file()]
    assert result == Synthesis(1500, sum(path.stat().st_size for path in files), 150, result.seconds)
    assert len(files) == 1500


def test_progress_adds_up_to_all_documents(tmp_path: Path) -> None:
    steps: list[int] = []
    synthesize(tmp_path / "bucket", bins=2500, seed=1, processes=1, on_progress=steps.append)
    assert len(steps) > 2
    assert sum(steps) == 2500


def test_the_marker_says_how_the_bucket_was_made(tmp_path: Path) -> None:
    synthesize(tmp_path / "bucket", bins=10, seed=4, processes=1)
    marker = json.loads((tmp_path / "bucket" / MARKER).read_text())
    assert marker == {"synthetic": True, "bins": 10, "seed": 4, "dirty": 0.0, "generator": 1}


def test_the_marker_is_the_one_that_sources_look_for() -> None:
    assert MARKER == SYNTHETIC_MARKER


@pytest.mark.parametrize("bins", [1, 99, 100, 1000, 1001])
def test_any_number_of_bins_gives_so_many_documents(tmp_path: Path, bins: int) -> None:
    synthesize(tmp_path / "bucket", bins=bins, seed=1, processes=1)
    stems = [path.stem for path in (tmp_path / "bucket/metadata").iterdir()]
    assert len(stems) == bins
    assert ("1" in stems) == (bins >= 100)


def test_a_directory_with_something_in_it_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty: name a new or empty directory"):
        synthesize(tmp_path, bins=10, seed=1, processes=1)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_synthetic_bucket_is_not_overwritten(tmp_path: Path) -> None:
    synthesize(tmp_path, bins=10, seed=1, processes=1)
    with pytest.raises(UsageError, match="name another directory or delete this one"):
        synthesize(tmp_path, bins=10, seed=1, processes=1)


def test_a_file_in_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="is a file"):
        synthesize(tmp_path / "file", bins=10, seed=1, processes=1)


@pytest.mark.parametrize(("bins", "dirty"), [(0, 0.0), (-1, 0.0), (1, -0.1), (1, 1.1), (1, float("nan"))])
def test_arguments_out_of_range_are_refused_before_anything_is_made(tmp_path: Path, bins: int, dirty: float) -> None:
    with pytest.raises(UsageError):
        synthesize(tmp_path / "bucket", bins=bins, seed=1, dirty=dirty)
    assert not (tmp_path / "bucket").exists()
