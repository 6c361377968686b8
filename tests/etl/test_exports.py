"""A release in other shapes: what other programs find in them, and that nothing is overwritten or half there."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pyarrow.parquet as pq
import pytest
from commands import Run
from documents import make_document, make_line, run_pipeline, write_bucket

from etl.atomic import replace_folder
from etl.errors import AbidError, UsageError
from etl.exports.export import export_release
from etl.exports.targets import Targets
from etl.manifest import describe_file, write_manifest
from etl.models import load_tables
from etl.release import Release
from etl.warehouse import Warehouse

SHELL = str(Path(sys.executable).with_name("duckdb"))
# As a spreadsheet's formulas begin, and what XML can't hold or would spell otherwise.
HOSTILE = [
    '=cmd|" /C calc"!A0',
    "+1",
    "-2",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    " padded ",
    "_x0041_",
    "Ä 面 \U0001f4e6",
    "\x1b[31m",
]
DOCUMENTS: dict[str, Any] = {
    "metadata/00523.json": make_document(
        *(make_line(f"B00000000{number}", name=name) for number, name in enumerate(HOSTILE))
    ),
    "metadata/523.json": make_document(make_line("0306406152", 2**31 - 1, weight=None)),
    "metadata/100000.json": make_document(make_line("B000000001", 1.5), EXPECTED_QUANTITY=1),
    "metadata/00003.json": b"{",
}


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    folder = tmp_path_factory.mktemp("exports")
    return run_pipeline(write_bucket(folder / "bucket", DOCUMENTS), folder / "data")


@pytest.fixture(scope="module")
def warehouse(release: Release) -> Warehouse:
    return Warehouse.open(release.path.parents[2])


@pytest.fixture(scope="module")
def exported(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    export_release(warehouse, Targets(folder / "all.duckdb", folder / "flat", folder / "all.xlsx"))
    return folder


def read_table(release: Release, table: str) -> list[tuple[Any, ...]]:
    """The rows of a table, read without this project's code."""
    files = sorted((release.path / table).rglob("*.parquet"))
    return [tuple(row.values()) for file in files for row in pq.ParquetFile(file).read().to_pylist()]


def ask_shell(*arguments: object) -> Any:
    command = [SHELL, "-json", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_nothing_is_left_beside_what_was_exported(exported: Path, release: Release) -> None:
    assert sorted(path.name for path in exported.iterdir()) == ["all.duckdb", "all.xlsx", "flat"]
    assert sorted(path.stem for path in (exported / "flat").iterdir()) == sorted(release.tables)


@pytest.mark.parametrize("table", load_tables())
def test_the_database_holds_the_rows_of_a_table_in_their_order(exported: Path, release: Release, table: str) -> None:
    with duckdb.connect(str(exported / "all.duckdb"), read_only=True) as connection:
        assert connection.execute(f"select * from {table}").fetchall() == read_table(release, table)


def test_an_older_shell_reads_the_database_without_the_release(exported: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.duckdb"
    copy.write_bytes((exported / "all.duckdb").read_bytes())
    query = "select bin_id, total_quantity from bins order by bin_id"
    assert ask_shell("-readonly", copy, "-c", query) == [
        {"bin_id": "00523", "total_quantity": 10},
        {"bin_id": "100000", "total_quantity": 0},
        {"bin_id": "523", "total_quantity": 2**31 - 1},
    ]
    kinds = ask_shell("-readonly", copy, "-c", "select distinct table_type from information_schema.tables")
    assert kinds == [{"table_type": "BASE TABLE"}]


def test_tables_and_columns_of_the_database_are_described(exported: Path) -> None:
    with duckdb.connect(str(exported / "all.duckdb"), read_only=True) as connection:
        tables = connection.execute("select table_name, comment from duckdb_tables()").fetchall()
        columns = connection.execute(
            "select table_name, column_name, lower(data_type), is_nullable, comment from duckdb_columns() "
            "where not internal order by table_name, column_index"
        ).fetchall()
    assert all(comment for _, comment in tables)
    headers = sorted(load_tables().items())
    assert columns == [
        (name, column.name, column.type, column.nullable, column.description)
        for name, model in headers
        for column in model.columns
    ]


@pytest.mark.parametrize("table", load_tables())
def test_a_flat_file_is_the_table_with_its_types_and_order(exported: Path, release: Release, table: str) -> None:
    file = pq.ParquetFile(exported / "flat" / f"{table}.parquet")
    assert [tuple(row.values()) for row in file.read().to_pylist()] == read_table(release, table)
    any_part = next((release.path / table).rglob("*.parquet"))
    assert file.schema.equals(pq.ParquetFile(any_part).schema)


def test_a_workbook_holds_text_as_text_and_numbers_as_numbers(exported: Path, release: Release) -> None:
    book = openpyxl.load_workbook(exported / "all.xlsx")
    assert book.sheetnames == ["bins", "dimensions", "images", "items", "rejects", "schema"]
    bins = list(book["bins"].values)
    assert [row[0] for row in bins] == ["bin_id", "00523", "100000", "523"]
    assert bins[3][:5] == ("523", 523, "unpadded", 1, 2**31 - 1)
    rows = read_table(release, "items")
    cells = list(book["items"].iter_rows(min_row=2))
    assert len(cells) == len(rows)
    for row, values in zip(cells, rows, strict=True):
        assert [unescape(cell.value) for cell in row] == list(values)
        assert [cell.data_type for cell in row] == ["s" if isinstance(value, str) else "n" for value in values]


def unescape(value: Any) -> Any:
    return openpyxl.utils.escape.unescape(value) if isinstance(value, str) else value


def test_a_text_in_a_workbook_stays_text_when_it_is_edited(exported: Path) -> None:
    sheet = openpyxl.load_workbook(exported / "all.xlsx")["items"]
    names = [cell for cell in sheet["C"] if cell.value and str(cell.value).startswith("=")]
    assert [cell.number_format for cell in names] == ["@"]


def test_a_table_too_large_for_a_sheet_is_refused_by_name_with_the_remedy(release: Release, tmp_path: Path) -> None:
    warehouse = make_large_warehouse(release, tmp_path / "data", rows=1_048_576)
    with pytest.raises(UsageError, match=r"quantities has 1,048,576 rows, and a sheet holds 1,048,575.*--duckdb"):
        export_release(warehouse, Targets(excel=tmp_path / "large.xlsx"), ["quantities"])
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def make_large_warehouse(origin: Release, root: Path, rows: int) -> Warehouse:
    """A release like another one, but for its table quantities, which has so many rows."""
    shutil.copytree(origin.path.parents[2], root, symlinks=True)
    release = root / origin.path.relative_to(origin.path.parents[2])
    shutil.rmtree(release / "quantities")
    file = release / "quantities" / "part-0.parquet"
    file.parent.mkdir()
    columns = ", ".join(f"null::{column.type} as {column.name}" for column in load_tables()["quantities"].columns)
    duckdb.sql(f"copy (select {columns} from range({rows})) to '{file}'")
    quantities = origin.manifest["tables"]["quantities"] | {"files": [describe_file(file, release, rows=rows)]}
    write_manifest(release, origin.manifest | {"tables": origin.manifest["tables"] | {"quantities": quantities}})
    return Warehouse.open(root)


def test_a_text_longer_than_a_cell_is_refused_and_never_cut(tmp_path: Path) -> None:
    documents = {
        "metadata/00001.json": make_document(make_line(name="x" * 32_767)),
        "metadata/00002.json": b"x" * 32_768,
    }
    run_pipeline(write_bucket(tmp_path / "bucket", documents), tmp_path / "data")
    warehouse = Warehouse.open(tmp_path / "data")
    with pytest.raises(UsageError, match=r"rejects, row 1, body: a text of 32,768 characters"):
        export_release(warehouse, Targets(excel=tmp_path / "all.xlsx"))
    assert not (tmp_path / "all.xlsx").exists()
    export_release(warehouse, Targets(excel=tmp_path / "all.xlsx"), ["items"])
    sheet = openpyxl.load_workbook(tmp_path / "all.xlsx")["items"]
    assert sheet["C2"].value == "x" * 32_767


@pytest.mark.parametrize("option", ["duckdb", "flat", "excel"])
def test_what_is_there_is_replaced_only_by_force(warehouse: Warehouse, tmp_path: Path, option: str) -> None:
    path = tmp_path / "bins.parquet" if option != "flat" else tmp_path / "flat"
    if option == "flat":
        path.mkdir()
    held = path / "bins.parquet" if option == "flat" else path
    held.write_bytes(b"precious")
    targets = Targets(**{option: path})
    with pytest.raises(UsageError, match=r"exists.*--force"):
        export_release(warehouse, targets, ["bins"])
    assert held.read_bytes() == b"precious"
    export_release(warehouse, targets, ["bins"], force=True)
    assert held.read_bytes() != b"precious"
    assert [path.name for path in tmp_path.iterdir()] == [path.name]


def test_an_export_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    bucket = write_bucket(tmp_path / "bucket", {"metadata/00001.json": make_document(make_line())})
    damaged = run_pipeline(bucket, tmp_path / "data")
    warehouse = Warehouse.open(tmp_path / "data")
    targets = Targets(tmp_path / "out" / "all.duckdb", tmp_path / "out" / "flat", tmp_path / "out" / "all.xlsx")
    export_release(warehouse, targets)
    before = read_files(tmp_path / "out")
    # the last table that each target writes
    (damaged.path / "rejects" / "part-0.parquet").write_bytes(b"PAR1 and no more")
    for target in (Targets(duckdb=targets.duckdb), Targets(flat=targets.flat), Targets(excel=targets.excel)):
        with pytest.raises(AbidError, match=r"rejects/part-0\.parquet"):
            export_release(warehouse, target, force=True)
    assert read_files(tmp_path / "out") == before


def read_files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_without_its_library_a_workbook_is_refused_with_the_remedy(warehouse: Warehouse, tmp_path: Path) -> None:
    script = (
        "import sys; sys.modules['xlsxwriter'] = None\n"
        f"sys.argv = ['abid-etl', 'export', '--excel', 'all.xlsx', '--duckdb', 'all.duckdb', "
        f"'--data-dir', {str(warehouse.release.path.parents[2])!r}]\n"
        "from cli.etl import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, "pip install 'abid-warehouse[excel]'" in done.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_holds_anything_else_is_never_replaced(warehouse: Warehouse, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years")
    with pytest.raises(UsageError, match=r"thesis\.tex, which no export made"):
        export_release(warehouse, Targets(flat=tmp_path), force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_folder_in_the_place_of_a_file_of_an_export_is_never_replaced(warehouse: Warehouse, tmp_path: Path) -> None:
    (tmp_path / "bins.parquet").mkdir()
    with pytest.raises(UsageError, match=r"bins\.parquet, which no export made"):
        export_release(warehouse, Targets(flat=tmp_path), force=True)


def test_one_target_that_is_in_the_way_stops_all(warehouse: Warehouse, tmp_path: Path) -> None:
    (tmp_path / "all.xlsx").touch()
    with pytest.raises(UsageError, match="exists"):
        export_release(warehouse, Targets(duckdb=tmp_path / "all.duckdb", excel=tmp_path / "all.xlsx"))
    assert [path.name for path in tmp_path.iterdir()] == ["all.xlsx"]


@pytest.mark.parametrize("option", ["duckdb", "flat", "excel"])
def test_a_pipe_is_never_replaced(warehouse: Warehouse, tmp_path: Path, option: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for name in ("pipe", "link"):
        with pytest.raises(UsageError, match=rf"{name} isn't a f"):
            export_release(warehouse, Targets(**{option: tmp_path / name}), ["bins"], force=True)
    assert (tmp_path / "pipe").is_fifo()
    assert (tmp_path / "link").is_symlink()
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("place", ["raw/new", "raw-copy/new", "warehouse/new", "warehouse/current/abid.duckdb", "link"])
@pytest.mark.parametrize("option", ["duckdb", "flat", "excel"])
def test_nothing_is_exported_to_where_the_pipeline_keeps_its_own(
    warehouse: Warehouse, option: str, place: str, tmp_path: Path
) -> None:
    data = warehouse.release.path.parents[2]
    (tmp_path / "link").symlink_to(data / "warehouse" / "releases")
    path = tmp_path / "link" / "new" if place == "link" else data / place
    before = read_files(data)
    with pytest.raises(UsageError, match="among what the pipeline keeps"):
        export_release(warehouse, Targets(**{option: path}), ["bins"], force=True)
    assert read_files(data) == before


@pytest.mark.parametrize("option", ["duckdb", "flat", "excel"])
def test_a_link_is_followed_and_stays(warehouse: Warehouse, tmp_path: Path, option: str) -> None:
    link, target = tmp_path / "link", tmp_path / "far" / "target"
    link.symlink_to("far/target")
    targets = Targets(**{option: link})
    with pytest.raises(UsageError, match=r"link exists.*--force"):
        export_release(warehouse, targets, ["bins"])
    assert not target.parent.exists()
    for _ in range(2):
        export_release(warehouse, targets, ["bins"], force=True)
        assert sorted(path.name for path in tmp_path.rglob("*") if path != target / "bins.parquet") == [
            *("far", "link", "target")
        ]
        assert link.is_symlink()
        assert target.is_dir() == (option == "flat")


def test_a_link_that_leads_to_itself_is_refused(warehouse: Warehouse, tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(UsageError, match="leads to itself"):
        export_release(warehouse, Targets(flat=tmp_path / "loop"), force=True)


def test_a_link_to_an_empty_folder_has_it_filled(warehouse: Warehouse, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("empty")
    export_release(warehouse, Targets(flat=tmp_path / "link"), ["bins"])
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == [
        *("empty", "empty/bins.parquet", "link")
    ]


def test_replacing_a_folder_through_a_link_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "old").touch()
    (tmp_path / "link").symlink_to("folder")
    with replace_folder(tmp_path / "link") as temporary:
        (temporary / "new").touch()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "link"]
    assert [path.name for path in (tmp_path / "link").iterdir()] == ["new"]


@pytest.mark.parametrize(("duckdb_at", "flat_at"), [("x", "x"), ("x", "link"), ("x/all.duckdb", "link"), ("x", "x/y")])
def test_two_exports_never_go_to_one_place(warehouse: Warehouse, tmp_path: Path, duckdb_at: str, flat_at: str) -> None:
    (tmp_path / "link").symlink_to("x")
    targets = Targets(duckdb=tmp_path / duckdb_at, flat=tmp_path / flat_at)
    with pytest.raises(UsageError, match="name places apart"):
        export_release(warehouse, targets, ["bins"], force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["link"]


def test_a_database_whose_path_duckdb_would_misread_is_refused(warehouse: Warehouse, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="question mark"):
        export_release(warehouse, Targets(duckdb=tmp_path / "what?" / "all.duckdb"), ["bins"])
    assert list(tmp_path.iterdir()) == []


def test_the_command_exports_what_is_named_and_says_so(run: Run, release: Release) -> None:
    data = release.path.parents[2]
    done = run("abid-etl", "export", "--data-dir", data, "--flat", "flat", "--table", "items", "--table", "bins")
    assert done.returncode == 0
    assert f"release {release.id} exported to flat" in done.stderr
    again = run("abid-etl", "export", "--data-dir", data, "--flat", "flat")
    assert (again.returncode, "--force" in again.stderr) == (2, True)
    nothing = run("abid-etl", "export", "--data-dir", data)
    assert (nothing.returncode, "say what to make" in nothing.stderr) == (2, True)
    unknown = run("abid-etl", "export", "--data-dir", data, "--flat", "other", "--table", "boxes")
    assert (unknown.returncode, "there is no table boxes" in unknown.stderr) == (2, True)
