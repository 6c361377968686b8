"""A release held to its manifest: a whole one passes, and whatever is changed in one is found and named."""

import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from documents import make_document, make_line, run_pipeline, write_bucket

from etl.build import build_release
from etl.catalog import CATALOG
from etl.datadir import DataDir
from etl.errors import UsageError
from etl.manifest import MANIFEST, describe_file, read_manifest, write_manifest
from etl.release import Release, open_release
from etl.verify_release import verify_release

WRITTEN = "the manifest is as it was written"
TRUE = "every file has the size and the SHA-256 recorded for it"
NAMED = "every file is one that the manifest names"
READABLE = "every file of a table can be read, with the rows and columns recorded for it"
SHOWN = f"every view of {CATALOG} answers"
COUNTED = "the tables hold what the receipt says"
CHECKED = "every check that needs no raw layer holds"
QUANTITIES = "quantities/bin_bucket=b0/part-0.parquet"

DOCUMENTS: dict[str, Any] = {
    "metadata/00001.json": make_document(make_line("B000000001", 2), make_line("0306406152", 3)),
    "metadata/1.json": make_document(make_line("B000000001", 4, normalizedName=...), image_fname="1.jpg"),
    "metadata/100000.json": make_document(make_line("word", 1, weight=None), make_line(None, 4, name=None)),
    "metadata/00003.json": make_document(make_line("word", 1.5)),
    "metadata/00002.json": b"not a document",
    "bin-images/00001.jpg": b"x",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> DataDir:
    folder = tmp_path_factory.mktemp("verified")
    run_pipeline(write_bucket(folder / "bucket", DOCUMENTS), folder / "data")
    return DataDir(folder / "data")


@pytest.fixture
def data(built: DataDir, tmp_path: Path) -> Iterator[DataDir]:
    """What a test does to the release is undone."""
    path = built.current.resolve()
    shutil.copytree(path, tmp_path / "whole")
    yield built
    shutil.rmtree(path, ignore_errors=True)
    shutil.copytree(tmp_path / "whole", path)


def find_broken(data: DataDir, wanted: str | None = None) -> dict[str, list[str]]:
    """What breaks each promise that isn't kept."""
    return {finding.promise: finding.broken for finding in verify_release(data, wanted) if finding.broken}


def list_names(release: Release) -> list[str]:
    return sorted(str(path.relative_to(release.path)) for path in release.path.rglob("*") if path.is_file())


def test_a_whole_release_passes_and_everything_is_looked_at(data: DataDir) -> None:
    release = open_release(data)
    assert {finding.promise: (finding.checked, finding.broken) for finding in verify_release(data)} == {
        WRITTEN: (1, []),
        TRUE: (len(list_names(release)) - 1, []),
        NAMED: (len(list_names(release)), []),
        READABLE: (len(list(release.path.rglob("*.parquet"))), []),
        SHOWN: (len(list_views(release)), []),
        COUNTED: (13, []),
        CHECKED: (count_checks_of_tables(release), []),
    }


def list_views(release: Release) -> list[str]:
    with duckdb.connect(str(release.path / CATALOG), read_only=True) as connection:
        return [
            name for (name,) in connection.execute("select view_name from duckdb_views() where not internal").fetchall()
        ]


def count_checks_of_tables(release: Release) -> int:
    """All but those that name what only a build has."""
    checks = [path.read_text() for path in (Path(__file__).parents[2] / "sql" / "checks").glob("*.sql")]
    only_in_a_build = ("from documents", "from listing", "from missing", "from rejected_lines")
    assert len(checks) > len(release.tables)
    of_files = 4  # header, nulls, folders, order
    return sum(not any(name in check for name in only_in_a_build) for check in checks) + of_files


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[random.Random(str(path.name)).randrange(len(content))] ^= 0x10
    path.write_bytes(content)


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def replace_by_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("damage", [flip_a_byte, truncate, empty, Path.unlink, replace_by_a_folder])
def test_a_damaged_file_is_named_whichever_it_is(damage: Callable[[Path], None], data: DataDir) -> None:
    release = open_release(data)
    names = list_names(release)
    assert {MANIFEST, CATALOG, QUANTITIES} < set(names)
    for name in names:
        whole = (release.path / name).read_bytes()
        damage(release.path / name)
        [(promise, [said])] = find_broken(data).items()
        assert (promise, said.split()[0].rstrip(":")) == (WRITTEN if name == MANIFEST else TRUE, name)
        if (release.path / name).is_dir():
            (release.path / name).rmdir()
        (release.path / name).write_bytes(whole)
    assert find_broken(data) == {}


@pytest.mark.parametrize("name", [MANIFEST, CATALOG])
def test_no_byte_can_be_flipped_unseen(name: str, data: DataDir) -> None:
    path = open_release(data).path / name
    whole = path.read_bytes()
    for position in random.Random(1).sample(range(len(whole)), 20):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        assert [said.split()[0] for [said] in find_broken(data).values()] == [name], position


@pytest.mark.parametrize("name", ["bins/extra.parquet", "bins/bin_bucket=b0/.part-1.parquet", "notes.txt", "new/x"])
def test_a_file_too_many_is_named(name: str, data: DataDir) -> None:
    path = open_release(data).path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"")
    assert find_broken(data) == {NAMED: [name]}


def test_a_link_too_many_is_named_and_not_followed(data: DataDir) -> None:
    (open_release(data).path / "up").symlink_to("..")
    assert find_broken(data) == {NAMED: ["up"]}


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"release": 1}', "\x00", "\ud800"])
def test_a_manifest_that_is_none_is_named(text: str, data: DataDir) -> None:
    (open_release(data).path / MANIFEST).write_bytes(text.encode(errors="surrogatepass"))
    [(promise, [said])] = find_broken(data).items()
    assert (promise, said.split()[0]) == (WRITTEN, MANIFEST)


def test_a_release_under_the_name_of_another_is_found(data: DataDir) -> None:
    path = open_release(data).path
    shutil.copytree(path, path.with_name("0" * 12))
    try:
        assert find_broken(data, "0" * 12) == {WRITTEN: [f"{MANIFEST} of {'0' * 12} is that of {path.name}"]}
    finally:
        shutil.rmtree(path.with_name("0" * 12))


def test_a_release_that_is_gone_is_missed(data: DataDir) -> None:
    path = open_release(data).path
    shutil.rmtree(path)
    assert find_broken(data) == {WRITTEN: [f"{MANIFEST} of {path.name} can't be read: No such file or directory"]}


# --- what hashes can't tell: a release that was made wrong, and says so of itself -------------------------------------


def rewrite(release: Release, name: str, change: Callable[[pa.Table], pa.Table]) -> None:
    """Change a file of a table, and let the manifest say so."""
    path = release.path / name
    pq.write_table(change(pq.read_table(path, partitioning=None)), path)
    manifest = read_manifest(release.path)
    table = manifest["tables"][name.partition("/")[0]]
    rows = pq.read_metadata(path).num_rows
    table["files"] = [
        describe_file(path, release.path, rows=rows) if file["path"] == name else file for file in table["files"]
    ]
    table["rows"] = sum(file["rows"] for file in table["files"])
    write_manifest(release.path, manifest)


def test_a_row_that_is_there_twice_breaks_a_check(data: DataDir) -> None:
    rewrite(open_release(data), QUANTITIES, lambda rows: pa.concat_tables([rows, rows.slice(0, 1)]))
    broken = find_broken(data)
    assert broken.keys() == {CHECKED}
    [said] = [said for said in broken[CHECKED] if said.startswith("keys_unique: ")]
    assert "00001 0306406152" in said


def test_a_row_that_is_lost_breaks_the_receipt(data: DataDir) -> None:
    rewrite(open_release(data), "bins/bin_bucket=u0/part-0.parquet", lambda rows: rows.slice(1))
    assert "documents loaded: 4 recorded, 3 found" in find_broken(data)[COUNTED]


def test_a_receipt_that_says_something_else_is_found(data: DataDir) -> None:
    release = open_release(data)
    manifest = read_manifest(release.path)
    [term] = [row for row in manifest["receipt"] if (row["equation"], row["term"]) == ("lines", "loaded")]
    term["amount"] += 1
    write_manifest(release.path, manifest)
    broken = find_broken(data)
    assert broken.keys() == {COUNTED, CHECKED}  # of which one is that it balances
    assert broken[COUNTED] == ["lines loaded: 6 recorded, 5 found"]


@pytest.mark.parametrize("wrong", ["rows", "columns"])
def test_rows_and_columns_other_than_recorded_are_found(wrong: str, data: DataDir) -> None:
    release = open_release(data)
    manifest = read_manifest(release.path)
    if wrong == "rows":
        manifest["tables"]["quantities"]["files"][0]["rows"] += 1
    else:
        manifest["tables"]["quantities"]["columns"].reverse()
    write_manifest(release.path, manifest)
    assert find_broken(data)[READABLE][0].split()[0] == QUANTITIES


def test_a_catalog_that_shows_something_else_is_found_and_a_build_mends_it(data: DataDir) -> None:
    release = open_release(data)
    with duckdb.connect(str(release.path / CATALOG)) as connection:
        connection.execute("create or replace view bins as select 1")
        connection.execute("drop view items")
    assert find_broken(data) == {TRUE: [f"{CATALOG} has another SHA-256"]}
    entry = describe_file(release.path / CATALOG, release.path)
    write_manifest(release.path, release.manifest | {"catalog": entry})
    said = [line.split(":")[1].strip() for line in find_broken(data)[SHOWN]]
    assert "bins shows 1 rows instead of 4" in said
    assert "items Catalog Error" in said
    write_manifest(release.path, release.manifest)
    build_release(data)
    assert find_broken(data) == {}


def test_a_catalog_that_can_not_be_opened_is_named(data: DataDir) -> None:
    release = open_release(data)
    (release.path / CATALOG).write_bytes(b"no database")
    entry = describe_file(release.path / CATALOG, release.path)
    write_manifest(release.path, release.manifest | {"catalog": entry})
    [(promise, [said])] = find_broken(data).items()
    assert (promise, said.split()[0]) == (SHOWN, CATALOG)


def test_a_moved_warehouse_is_found_and_a_build_mends_it(tmp_path: Path) -> None:
    run_pipeline(write_bucket(tmp_path / "bucket", DOCUMENTS), tmp_path / "it's [a]*")
    (tmp_path / "by-link").symlink_to("it's [a]*")
    assert find_broken(DataDir(tmp_path / "it's [a]*")) == find_broken(DataDir(tmp_path / "by-link")) == {}
    shutil.copytree(tmp_path / "it's [a]*", tmp_path / "copy", symlinks=True)
    copy = DataDir(tmp_path / "copy")
    tables = open_release(copy).tables
    assert find_broken(copy) == {SHOWN: [f"{CATALOG}: {table} leads to another folder" for table in sorted(tables)]}
    build_release(copy)
    assert find_broken(copy) == {}


# --- which one --------------------------------------------------------------------------------------------------------


def test_a_release_is_found_by_the_beginning_of_its_id(data: DataDir) -> None:
    release = open_release(data)
    assert find_broken(data, release.id[:3]) == {}
    with pytest.raises(UsageError, match=f"there is no release nothing: there are {release.id}"):
        verify_release(data, "nothing")


def test_without_a_release_there_is_nothing_to_verify(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no warehouse"):
        verify_release(DataDir(tmp_path))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif("ABID_REAL_SAMPLE" not in os.environ, reason="ABID_REAL_SAMPLE names no copy of real documents")
def test_the_release_of_real_documents_keeps_every_promise(tmp_path: Path) -> None:
    run_pipeline(Path(os.environ["ABID_REAL_SAMPLE"]), tmp_path)
    assert find_broken(DataDir(tmp_path)) == {}
