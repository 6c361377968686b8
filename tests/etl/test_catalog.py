"""`abid.duckdb` in every DuckDB that people have: the tables, their comments, and no data of its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from documents import make_document, make_line, run_pipeline, write_bucket

from etl.build import build_release
from etl.catalog import CATALOG
from etl.datadir import DataDir
from etl.models import load_readable
from etl.release import Release
from etl.verify_release import verify_release

SHELL = str(Path(sys.executable).with_name("duckdb"))
# `make test` puts older ones beside the environment, which has room for one.
LIBRARIES = {version: Path(sys.prefix) / f"duckdb-{version}" for version in ("1.2.2", "1.4.5")}
ASK = """
import json, sys
import duckdb

assert duckdb.__version__.startswith(sys.argv[1]), duckdb.__version__
connection = duckdb.connect(sys.argv[2], read_only=True)
found = connection.execute(sys.argv[3])
names = [column[0] for column in found.description]
print(json.dumps([dict(zip(names, row)) for row in found.fetchall()]))
"""
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    folder = tmp_path_factory.mktemp("catalog")
    documents = {"metadata/00001.json": make_document(make_line()), "metadata/1.json": make_document()}
    return run_pipeline(write_bucket(folder / "bucket", documents), folder / "data")


@pytest.fixture(params=["shell 1.5", *LIBRARIES, "2.0"])
def program(request: pytest.FixtureRequest) -> str:
    library = LIBRARIES.get(request.param)
    if library and not (library / "duckdb").exists():
        pytest.skip(f"DuckDB {request.param} isn't in {library}: `make test` puts it there, if this Python can have it")
    return str(request.param)


def ask(program: str, catalog: Path, query: str, folder: Path) -> Rows:
    """Stands in `folder`."""
    if program.startswith("shell"):
        command, environment = [SHELL, "-readonly", "-json", str(catalog), "-c", query], {}
    else:
        command = [sys.executable, "-c", ASK, program, str(catalog), query]
        environment = {"PYTHONPATH": str(LIBRARIES[program])} if program in LIBRARIES else {}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    rows: Rows = json.loads(done.stdout or "[]")
    return rows


def test_all_tables_are_there_with_their_comments(release: Release, program: str, tmp_path: Path) -> None:
    catalog = release.path / CATALOG
    views = "select view_name, comment from duckdb_views() where not internal"
    columns = "select table_name, column_name, data_type, comment from duckdb_columns() where not internal"
    described = {row["view_name"]: row["comment"] for row in ask(program, catalog, views, tmp_path)}
    assert described == {name: f"{model.about} Grain: {model.grain}." for name, model in load_readable().items()}
    listed = ask(program, catalog, f"{columns} order by table_name, column_index", tmp_path)
    assert [tuple(row.values()) for row in listed] == [
        (name, column.name, column.type.upper(), column.description)
        for name, model in sorted(load_readable().items())
        for column in model.columns
    ]


def test_all_tables_can_be_read_from_anywhere(release: Release, program: str, tmp_path: Path) -> None:
    counts = " union all ".join(f"select '{name}' as name, count(*) as rows from {name}" for name in load_readable())
    rows = ask(program, release.path / CATALOG, counts, tmp_path)
    assert {row["name"]: row["rows"] for row in rows} == {
        "bins": 2,
        "observations": 1,
        "quantities": 1,
        "items": 1,
        "dimensions": 1,
        "images": 0,
        "rejects": 0,
        "label_trust": 2,
    }


def test_it_holds_no_data(release: Release, program: str, tmp_path: Path) -> None:
    assert ask(program, release.path / CATALOG, "select * from duckdb_tables()", tmp_path) == []


@pytest.fixture(scope="module")
def odd_data(tmp_path_factory: pytest.TempPathFactory) -> DataDir:
    """In a folder whose name DuckDB takes for a pattern, and for a path with a query behind it."""
    folder = tmp_path_factory.mktemp("odd")
    data = DataDir(folder / "wh*t? [a]'b=1")
    run_pipeline(write_bucket(folder / "bucket", {"metadata/1.json": make_document(make_line())}), data.root)
    return data


def test_it_can_be_read_in_a_folder_of_any_name(odd_data: DataDir, program: str, tmp_path: Path) -> None:
    query = "select bin_id, asin from quantities"
    assert ask(program, odd_data.current / CATALOG, query, tmp_path) == [{"bin_id": "1", "asin": "B00TEST001"}]


def test_it_is_verified_and_written_anew_in_a_folder_of_any_name(odd_data: DataDir) -> None:
    catalog = odd_data.current / CATALOG
    catalog.write_bytes(bytes(catalog.stat().st_size))
    assert [finding.broken for finding in verify_release(odd_data) if finding.broken] != []
    build_release(odd_data)
    assert [finding.broken for finding in verify_release(odd_data) if finding.broken] == []
