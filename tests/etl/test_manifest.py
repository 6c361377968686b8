"""A manifest that says something else than a manifest does is met with a sentence by whatever reads it."""

import json
import shutil
from pathlib import Path

import pytest
from commands import Run
from documents import make_document, make_line, run_pipeline, write_bucket

from etl.datadir import DataDir
from etl.manifest import MANIFEST, read_manifest
from etl.release import find_damage

COMMANDS = {
    "status": ("abid-etl", "status"),
    "releases": ("abid-etl", "releases"),
    "prune": ("abid-etl", "prune"),
    "rollback": ("abid-etl", "rollback", "0"),
    "verify": ("abid-etl", "verify"),
    "diff": ("abid-etl", "diff", "current", "current"),
    "reconcile": ("abid-etl", "reconcile"),
    "replay": ("abid-etl", "replay"),
    "export": ("abid-etl", "export", "--flat", "flat"),
    "report": ("abid-report", "summary"),
}
FIELDS = ("release", "schema_version", "published_at", "receipt", "documents", "lines", "tables", "catalog", "source")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("manifest")
    documents = {"metadata/00001.json": make_document(make_line())}
    run_pipeline(write_bucket(folder / "bucket", documents), folder / "data")
    return folder / "data"


@pytest.fixture
def data(built: Path, tmp_path: Path) -> DataDir:
    shutil.copytree(built, tmp_path / "data", symlinks=True)
    return DataDir(tmp_path / "data")


def test_a_whole_release_has_no_damage(data: DataDir) -> None:
    assert (find_damage(data.current.resolve()), find_damage(data.current.resolve(), read=True)) == (None, None)


@pytest.mark.parametrize(
    ("field", "value"), [*((field, value) for field in FIELDS for value in (1.5, ...)), ("published_at", "yesterday")]
)
def test_a_field_that_is_missing_or_of_another_type_is_seen(field: str, value: object, data: DataDir) -> None:
    path = data.current / MANIFEST
    manifest = {name: told for name, told in json.loads(path.read_text()).items() if name != field}
    path.write_text(json.dumps(manifest if value is ... else manifest | {field: value}))
    with pytest.raises(ValueError, match=r"it is no manifest: .*|Invalid isoformat string: 'yesterday'"):
        read_manifest(data.current)
    assert find_damage(data.current.resolve())


@pytest.mark.parametrize("text", ["[]", '{"tables": null}'])
@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_stumbles_over_it(command: str, text: str, data: DataDir, run: Run) -> None:
    (data.current / MANIFEST).write_text(text)
    done = run(*COMMANDS[command], "--data-dir", data.root)
    assert done.returncode in ((0, 1, 2) if command in {"status", "releases", "verify"} else (2,))
    assert "Traceback" not in done.stderr


def test_a_build_mends_it_and_leaves_a_strange_one_alone(data: DataDir, run: Run) -> None:
    (data.current / MANIFEST).write_text("[]")
    (data.releases / "aaaa").mkdir()
    (data.releases / "aaaa" / MANIFEST).write_text("[]")
    done = run("abid-etl", "build", "--data-dir", data.root)
    assert (done.returncode, find_damage(data.current.resolve())) == (0, None)
    assert run("abid-etl", "verify", "--data-dir", data.root).returncode == 0
    assert (data.releases / "aaaa").is_dir()


def test_a_release_that_lacks_a_file_is_not_queried(data: DataDir, run: Run) -> None:
    (data.current / "bins/bin_bucket=b0/part-0.parquet").unlink()
    done = run("abid-report", "summary", "--data-dir", data.root)
    assert (done.returncode, done.stdout) == (2, "")
    assert "is damaged: bins/bin_bucket=b0/part-0.parquet: No such file" in done.stderr
    assert "`abid-etl build` makes it again" in done.stderr


def test_a_release_of_another_schema_version_is_named(data: DataDir, run: Run) -> None:
    path = data.current / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema_version": 0}))
    done = run("abid-report", "summary", "--data-dir", data.root)
    assert done.returncode == 2
    assert "of schema version 0, and this program reads" in done.stderr
