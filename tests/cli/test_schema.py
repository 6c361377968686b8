"""`abid-report schema`: what it says is what the database of a release says."""

import csv
import io
from pathlib import Path

import duckdb
from commands import Run

from etl.models import load_tables


def test_the_dictionary_is_that_of_the_release(run: Run, data_dir: Path) -> None:
    done = run("abid-report", "schema", "--format", "csv")
    assert (done.returncode, done.stderr) == (0, "")
    told = {(row["table"], row["column"]): row for row in csv.DictReader(io.StringIO(done.stdout))}
    catalog = data_dir / "warehouse" / "current" / "abid.duckdb"
    with duckdb.connect(str(catalog), read_only=True) as connection:
        columns = connection.execute(
            "select table_name, column_name, lower(data_type), comment from duckdb_columns() where not internal"
        ).fetchall()
    assert sorted(told) == sorted((table, column) for table, column, *_ in columns)
    for table, column, type_, comment in columns:
        assert (told[table, column]["type"], told[table, column]["meaning"]) == (type_, comment)


def test_one_table_is_told_of_as_a_whole_on_standard_error(run: Run, tmp_path: Path) -> None:
    done = run("abid-report", "schema", "items", "--format", "tsv", ABID_DATA_DIR=str(tmp_path / "nowhere"))
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert lines[0] == ["table", "column", "type", "nullable", "meaning"]
    assert [line[:2] for line in lines[1:]] == [["items", name] for name in load_tables()["items"].column_names]
    assert "Grain: one row per asin." in done.stderr
    assert "Partitioned by asin_kind." in done.stderr


def test_an_unknown_table_is_refused_with_the_nearest(run: Run) -> None:
    done = run("abid-report", "schema", "bin")
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no table bin: did you mean bins?" in done.stderr
