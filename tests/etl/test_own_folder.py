"""Folders that a command makes whole: what may be replaced, and that nobody's work is lost for it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from documents import make_document, make_line, run_pipeline, write_bucket

from etl.errors import UsageError
from etl.ownfolder import Kind, replace_own_folder, write_list
from etl.release import Release

SET, SITE = Kind("training set", "manifest.json", "--output"), Kind("site", "site.json", "OUT")
# Says how many folders were opened to be listed.
COUNTED = """
import sys
from pathlib import Path
from etl.errors import UsageError
from etl.ownfolder import Kind, replace_own_folder
from etl.release import Release

opened = []
sys.addaudithook(lambda event, arguments: opened.append(arguments) if event == "os.scandir" else None)
try:
    with replace_own_folder(Path(sys.argv[2]), Release(Path(sys.argv[1]), {}), Kind("site", "site.json", "OUT")):
        pass
except UsageError:
    print(len(opened))
"""


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    folder = tmp_path_factory.mktemp("release")
    bucket = write_bucket(folder / "bucket", {"metadata/00001.json": make_document(make_line())})
    return run_pipeline(bucket, folder / "data")


def fill(folder: Path, text: str = "rows", kind: Kind = SET) -> None:
    (folder / "train").mkdir()
    (folder / "train/rows.csv").write_text(text)
    (folder / "README.md").write_text("about")
    write_list(folder, kind, {"release": "x"}, {"train/rows.csv": 1})


def do_nothing(_: Path) -> None:
    pass


def make(
    out: Path,
    release: Release,
    text: str = "rows",
    kind: Kind = SET,
    meanwhile: Callable[[Path], object] = do_nothing,
) -> None:
    with replace_own_folder(out, release, kind) as folder:
        fill(folder, text, kind)
        meanwhile(out)


def read(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_replaces_a_former_one_of_its_kind(release: Release, tmp_path: Path) -> None:
    for text in ("old", "new"):
        make(tmp_path / "out", release, text)
        assert read(tmp_path / "out")["train/rows.csv"] == text
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_file_that_was_removed_from_a_former_one_is_missed_by_nobody(release: Release, tmp_path: Path) -> None:
    make(tmp_path / "out", release)
    (tmp_path / "out/README.md").unlink()
    make(tmp_path / "out", release, "new")
    assert set(read(tmp_path / "out")) == {"train/rows.csv", "README.md", "manifest.json"}


def edit_alike(folder: Path) -> None:
    (folder / "train/rows.csv").write_text("ROWS")
    os.utime(folder / "train/rows.csv", (0, 0))


def edit_list(folder: Path) -> None:
    [path] = folder.glob("*.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "note": "mine"}, indent=2) + "\n")


def link_away(folder: Path) -> None:
    (folder / "README.md").rename(folder.parent / "README.md")
    (folder / "README.md").symlink_to("../README.md")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda folder: (folder / "diary.txt").write_text("mine"), "out holds diary.txt, which isn't of a former"),
        (lambda folder: (folder / "mine").mkdir(), "out holds mine, which isn't of a former training set"),
        (lambda folder: (folder / "train/rows.csv").write_text("rows and more"), "out/train/rows.csv isn't as it was"),
        (edit_alike, "out/train/rows.csv isn't as it was made"),
        (edit_list, "out/(manifest|site).json isn't as it was made"),
        (link_away, "out/README.md isn't as it was made"),
    ],
)
@pytest.mark.parametrize("kind", [SET, SITE])
def test_what_somebody_did_to_a_former_one_is_kept(
    kind: Kind, change: Callable[[Path], object], said: str, release: Release, tmp_path: Path
) -> None:
    make(tmp_path / "out", release, kind=kind)
    change(tmp_path / "out")
    before = read(tmp_path)
    with pytest.raises(UsageError, match=said.replace("training set", kind.name)):
        make(tmp_path / "out", release, "new", kind)
    assert read(tmp_path) == before


@pytest.mark.parametrize(
    "listed",
    [
        {"files": ["a.txt"], "tool": "somebody else"},
        {"files": {"a.txt": {}, "manifest.json": {}}, "made_by": "abid-warehouse 0.1.0", "kind": "site"},
        {"files": {"a.txt": {}}, "made_by": "somebody else", "kind": "training set"},
        {"files": {"a.txt": {}}, "made_by": "abid-warehouse 0.1.0", "kind": "\ud800"},
        ["a.txt"],
    ],
)
def test_a_list_of_files_alone_makes_no_folder_ours(listed: object, release: Release, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/a.txt").write_text("mine")
    (tmp_path / "out/manifest.json").write_text(json.dumps(listed, indent=2) + "\n")
    before = read(tmp_path)
    with pytest.raises(UsageError, match="which isn't of a former training set: name a folder that is empty"):
        make(tmp_path / "out", release)
    assert read(tmp_path) == before


@pytest.mark.parametrize(("first", "second"), [(SET, SITE), (SITE, SET)])
def test_no_kind_replaces_another(first: Kind, second: Kind, release: Release, tmp_path: Path) -> None:
    make(tmp_path / "out", release, kind=first)
    before = read(tmp_path)
    with pytest.raises(UsageError, match=f"isn't of a former {second.name}"):
        make(tmp_path / "out", release, kind=second)
    assert read(tmp_path) == before


def put_note(out: Path) -> None:
    (out / "notes").mkdir()
    (out / "notes/today.txt").write_text("mine")


def mend_label(out: Path) -> None:
    """Of the same size, and by its times as old as before."""
    about = (out / "train/rows.csv").stat()
    (out / "train/rows.csv").write_text("ROWS")
    os.utime(out / "train/rows.csv", ns=(about.st_atime_ns, about.st_mtime_ns))


@pytest.mark.parametrize(("change", "name"), [(put_note, "notes"), (mend_label, "train/rows.csv")])
def test_what_is_done_to_the_former_one_in_the_meantime_is_kept(
    change: Callable[[Path], None], name: str, release: Release, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    make(out, release)
    change_copy(out, tmp_path / "expected", change)
    with pytest.raises(UsageError, match=f"out/{name} was put there or changed in the meantime"):
        make(out, release, "new", meanwhile=change)
    assert read(out) == read(tmp_path / "expected")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["expected", "out"]


def change_copy(folder: Path, copy: Path, change: Callable[[Path], None]) -> None:
    shutil.copytree(folder, copy)
    change(copy)


def test_a_file_that_is_put_into_a_new_folder_in_the_meantime_is_kept(release: Release, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="in the meantime"):
        make(tmp_path / "out", release, meanwhile=lambda out: (out / "diary.txt").write_text("mine"))
    assert read(tmp_path) == {"out/diary.txt": "mine"}


def test_two_never_make_one_folder_at_once(release: Release, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for text in ("in a new place", "in the place of a former one"):
        with replace_own_folder(out, release, SET) as folder:
            fill(folder, text)
            with pytest.raises(UsageError, match=r"another abid-report is writing to .*/out: .* use another --output"):
                make(out, release, "second")
        assert read(out)["train/rows.csv"] == text


def test_two_make_folders_beside_one_another_at_once(release: Release, tmp_path: Path) -> None:
    with replace_own_folder(tmp_path / "one", release, SET) as folder:
        fill(folder)
        make(tmp_path / "two", release)
    assert read(tmp_path / "one") == read(tmp_path / "two")


def test_a_folder_that_is_not_made_leaves_nothing(release: Release, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), replace_own_folder(tmp_path / "out", release, SET) as folder:
        (folder / "half").write_text(str(1 / 0))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_something_else_is_not_read_to_its_end(release: Release, tmp_path: Path) -> None:
    for number in range(50):
        (tmp_path / f"home/{number}/more").mkdir(parents=True)
        (tmp_path / f"home/{number}/more/file").touch()
    done = subprocess.run(
        [sys.executable, "-c", COUNTED, release.path, tmp_path / "home"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "1\n"
