"""The commands about releases, as a user meets them."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from commands import Run
from documents import make_document, make_line, run_pipeline, write_bucket

from etl.release import Release


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Release]]:
    """A data directory, and its releases: of one bin, of two."""
    folder = tmp_path_factory.mktemp("releases")
    documents = {"metadata/00001.json": make_document(make_line()), "metadata/00003.json": b"{"}
    first = run_pipeline(write_bucket(folder / "bucket", documents), folder / "data")
    second = write_bucket(folder / "bucket", {"metadata/00002.json": make_document(make_line())})
    return folder / "data", [first, run_pipeline(second, folder / "data")]


@pytest.fixture
def releases(whole: tuple[Path, list[Release]], tmp_path: Path) -> list[Release]:
    """The releases of `data` in the test's own folder."""
    shutil.copytree(whole[0], tmp_path / "data", symlinks=True)
    return [Release(tmp_path / "data/warehouse/releases" / release.id, release.manifest) for release in whole[1]]


@pytest.fixture
def etl(run: Run) -> Run:
    return lambda *arguments: run("abid-etl", *arguments, "--data-dir", "data")


def read_current(etl: Run) -> str:
    rows = csv.DictReader(etl("releases", "--format", "csv").stdout.splitlines())
    [current] = [row["release"] for row in rows if row["is_current"] == "true"]
    return current


def test_releases_are_listed_the_latest_first(etl: Run, releases: list[Release]) -> None:
    rows = json.loads(etl("releases", "--format", "json").stdout)
    first, second = releases
    assert rows == [
        {
            "release": release.id,
            "published_at": release.manifest["published_at"].replace("T", " "),
            "bins": bins,
            "rejected": 1,
            "bytes": sum(
                p.stat().st_size for p in release.path.rglob("*") if p.is_file() and p.name != "manifest.json"
            ),
            "is_current": release is second,
            "state": "whole",
        }
        for release, bins in [(second, 2), (first, 1)]
    ]
    assert etl("releases").stdout.split()[:3] == ["release", "published_at", "bins"]


def test_a_damaged_release_is_listed_and_named(etl: Run, releases: list[Release]) -> None:
    (releases[0].path / "abid.duckdb").unlink()
    rows = json.loads(etl("releases", "--format", "json").stdout)
    assert [(row["release"], row["state"], row["bins"]) for row in rows] == [
        (releases[1].id, "whole", 2),
        (releases[0].id, "damaged", None),
    ]
    assert f"  kept {releases[0].id}, which is damaged" in etl("prune").stderr
    (releases[1].path / "abid.duckdb").unlink()
    done = etl("prune")
    assert done.returncode == 2
    assert "no release in data is whole (" in done.stderr


def test_rollback_and_the_way_forward_again(etl: Run, releases: list[Release]) -> None:
    done = etl("rollback", releases[0].id[:4])
    assert (done.returncode, done.stdout, done.stderr) == (0, "", f"current is release {releases[0].id}\n")
    assert read_current(etl) == releases[0].id
    assert etl("build").returncode == 0
    assert read_current(etl) == releases[1].id


def test_prune_says_what_it_removes(etl: Run, releases: list[Release]) -> None:
    assert etl("prune", "--keep", 1).stderr == "removed 0 releases (0 bytes), 2 are left\n"
    done = etl("prune", "--keep", 1, "--grace", 0)
    assert done.returncode == 0
    assert done.stderr.startswith("removed 1 releases (")
    assert done.stderr.splitlines()[1].startswith(f"  {releases[0].id}, ")
    assert [release.path.exists() for release in releases] == [False, True]


def test_verify_names_a_damaged_file_and_the_remedy_helps(etl: Run, releases: list[Release]) -> None:
    path = releases[1].path / "items/asin_kind=asin/part-0.parquet"
    path.write_bytes(path.read_bytes()[:-3])
    done = etl("verify")
    assert done.returncode == 1
    assert "\n        items/asin_kind=asin/part-0.parquet has " in done.stdout
    assert "`abid-etl build` makes it again" in done.stderr
    assert etl("build").returncode == 0
    assert etl("verify").returncode == 0


def test_a_release_and_the_raw_layer_can_be_verified_at_once(etl: Run, releases: list[Release]) -> None:
    etl("rollback", releases[0].id)
    both = etl("verify", "--raw", "--release", releases[0].id)
    assert both.returncode == 0
    assert both.stdout == etl("verify").stdout + etl("verify", "--raw").stdout
    assert "broken" not in both.stdout


@pytest.mark.parametrize("command", [("rollback", "nothing"), ("verify", "--release", "nothing")])
def test_an_id_that_nothing_has_is_a_mistake(command: tuple[str, ...], etl: Run, releases: list[Release]) -> None:
    done = etl(*command)
    assert (done.returncode, done.stdout) == (2, "")
    assert all(release.id in done.stderr for release in releases)


@pytest.mark.parametrize("command", [("verify",), ("rollback", "x"), ("prune",), ("releases",)])
def test_without_a_release_the_way_to_one_is_told(command: tuple[str, ...], etl: Run) -> None:
    done = etl(*command)
    assert done.returncode == 2
    assert "make one with `abid-etl run" in done.stderr
