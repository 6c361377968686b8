"""The checks have tests too: all hold on good tables, and each one finds every fault that is planted for it."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from documents import make_document, make_line, write_bucket

from etl import rawlayer
from etl.checks import run_check, run_checks
from etl.datadir import DataDir
from etl.errors import CheckError
from etl.fetch import fetch_documents
from etl.models import define_macros, load_models
from etl.raw import RawFolder
from etl.sources.directory import DirectorySource
from etl.sqlfiles import SQL_ROOT

CHECKS = sorted(path.stem for path in (SQL_ROOT / "checks").glob("*.sql"))
ISBN, LOST = "0306406152", "B00000LOST"

DOCUMENTS = {
    "metadata/00001.json": make_document(make_line("B000000001", 2), make_line(ISBN, 1)),
    "metadata/1.json": make_document(make_line("B000000001", 1, normalizedName=...), make_line("word", 1)),
    "metadata/100000.json": make_document(make_line("B000000001", "not whole"), make_line(ISBN, 1)),
    "metadata/00002.json": make_document(make_line(None, 1)),
    "metadata/00003.json": b"not a document",
    "bin-images/00001.jpg": b"x",
}

# By check: what is done to good tables, and the row that the check must show for it.
PLANTED: dict[str, dict[str, str]] = {
    "documents_conserved": {
        "delete from bins where bin_id = '00002'": "listed=5, loaded=3, rejected=1, not_fetched=0",
        "insert into bins from bins where bin_id = '1'": "listed=5, loaded=5, rejected=1, not_fetched=0",
        "delete from rejects where scope = 'document'": "listed=5, loaded=4, rejected=0, not_fetched=0",
        "insert into missing values ('metadata/00004.json', 'x', 1)": "listed=5, loaded=4, rejected=1, not_fetched=1",
    },
    "lines_conserved": {
        "update bins set fcsku_count = 1 where bin_id = '1'": "bin_id='1', seen=2, loaded=1, rejected=0",
        "update bins set rejected_line_count = 0 where bin_id = '100000'": "seen=2, loaded=1, rejected=0",
        "delete from bins where bin_id = '00001'": "bin_id='00001', seen=2, loaded=None, rejected=None",
        # one line too many in one bin and one too few in another
        "update bins set fcsku_count = 5 - fcsku_count where bin_id in ('1', '00001')": "seen=2, loaded=3, rejected=0",
    },
    "keys_unique": {
        "insert into bins from bins where bin_id = '1'": "table_name='bins', key='1', rows=2",
        "update bins set bin_id = null where bin_id = '1'": "table_name='bins', key=None, rows=1",
        "insert into observations from observations where bin_id = '00002'": "key='00002 ZZ0', rows=2",
        "update observations set fcsku = null where bin_id = '00002'": "table_name='observations', key=None, rows=1",
        "update observations set bin_id = null where bin_id = '00002'": "table_name='observations', key=None, rows=1",
        "insert into quantities from quantities where bin_id = '00002'": "key='00002 ZZ0', rows=2",
        "update quantities set fcsku = null where bin_id = '00002'": "table_name='quantities', key=None, rows=1",
        "update quantities set bin_id = null where bin_id = '00002'": "table_name='quantities', key=None, rows=1",
        "insert into items from items where asin = 'word'": "table_name='items', key='word', rows=2",
        "update items set asin = null where asin = 'word'": "table_name='items', key=None, rows=1",
        "insert into dimensions from dimensions where asin = 'word'": "key='word 1', rows=2",
        "update dimensions set variant = null where asin = 'word'": "table_name='dimensions', key=None, rows=1",
        "update dimensions set asin = null where asin = 'word'": "table_name='dimensions', key=None, rows=1",
        "insert into images from images": "table_name='images', key='bin-images/00001.jpg', rows=2",
        "update images set image_key = null": "table_name='images', key=None, rows=1",
        "insert into rejects from rejects where scope = 'document'": "key='metadata/00003.json $', rows=2",
        "update rejects set metadata_key = null where scope = 'line'": "table_name='rejects', key=None, rows=1",
        "update rejects set json_path = null where scope = 'line'": "table_name='rejects', key=None, rows=1",
    },
    "foreign_keys": {
        "update observations set bin_id = '00009' where bin_id = '1'": "refers='observations.bin_id', key='00009'",
        "update quantities set bin_id = '00009' where bin_id = '1'": "refers='quantities.bin_id', key='00009'",
        f"update quantities set asin = '{LOST}' where bin_id = '1'": f"refers='quantities.asin', key='{LOST}'",
        f"update dimensions set asin = '{LOST}' where asin = 'word'": f"refers='dimensions.asin', key='{LOST}'",
        "delete from dimensions where asin = 'word'": "refers='items.asin (in dimensions)', key='word'",
        "delete from quantities where asin = 'word'": "refers='items.asin (in quantities)', key='word'",
        "delete from items where asin = 'word'": "refers='quantities.asin', key='word'",
        "delete from bins where bin_id = '1'": "refers='observations.bin_id', key='1'",
    },
    "partition_keys": {
        "update bins set bin_bucket = 'b0' where bin_id = '1'": "table_name='bins', key='1', partition_key='b0'",
        "update observations set bin_bucket = 'b0' where bin_id = '100000'": "table_name='observations', key='100000'",
        "update quantities set bin_bucket = null where bin_id = '00002'": "key='00002', partition_key=None",
        f"update items set asin_kind = 'asin' where asin = '{ISBN}'": f"table_name='items', key='{ISBN}'",
        "update dimensions set asin_kind = 'isbn10' where asin = 'word'": "table_name='dimensions', key='word'",
    },
}  # fmt: skip
FAULTS = [(check, fault) for check, faults in PLANTED.items() for fault in faults]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Everything that a build has when it checks, in tables that can be changed."""
    folder: Path = tmp_path_factory.mktemp("checks")
    data = DataDir(folder / "data")
    fetch_documents(DirectorySource(write_bucket(folder / "bucket", DOCUMENTS)), data)
    with duckdb.connect() as connection:
        rawlayer.open_raw_layer(connection, RawFolder(data.raw))
        define_macros(connection)
        for model in load_models().values():
            connection.execute(f"create table {model.name} as {model.query}")
        yield connection


@pytest.fixture
def tables(built: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """The good tables; what a test does to them is undone."""
    built.begin()
    yield built
    built.rollback()


def test_every_check_has_planted_faults() -> None:
    assert sorted(name for name, faults in PLANTED.items() if faults) == CHECKS


@pytest.mark.parametrize("check", CHECKS)
def test_a_check_holds_on_good_tables(check: str, tables: duckdb.DuckDBPyConnection) -> None:
    assert run_check(tables, check) == ""


@pytest.mark.parametrize(("check", "fault"), FAULTS)
def test_a_planted_fault_is_found_and_shown(check: str, fault: str, tables: duckdb.DuckDBPyConnection) -> None:
    tables.execute(fault)
    found = run_check(tables, check)
    assert found.startswith(f"  {check}: ")
    assert PLANTED[check][fault] in found


def test_good_tables_pass_as_a_whole(tables: duckdb.DuckDBPyConnection) -> None:
    run_checks(tables)


def test_all_checks_that_fail_are_shown_with_the_first_rows_of_each(tables: duckdb.DuckDBPyConnection) -> None:
    tables.execute("insert into bins select bins.* from bins cross join range(2)")
    tables.execute("delete from items")
    with pytest.raises(CheckError) as failure:
        run_checks(tables)
    text = str(failure.value)
    failed = [check for check in CHECKS if f"\n  {check}: " in text]
    assert failed == ["documents_conserved", "foreign_keys", "keys_unique"]
    assert (text.count("\n    refers="), text.count("\n    ...")) == (5, 1)
