"""The checks have tests too: all hold on good tables, and each one finds every fault that is planted for it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from documents import make_document, make_line, write_bucket

from etl import rawlayer
from etl.build import build_release
from etl.checks import run_check, run_checks
from etl.datadir import DataDir
from etl.errors import CheckError
from etl.failure import Failure
from etl.fetch import fetch_documents
from etl.filechecks import check_files
from etl.models import define_macros, load_models, load_tables
from etl.raw import RawFolder
from etl.release import Release
from etl.sources.directory import DirectorySource
from etl.sqlfiles import SQL_ROOT

Row = tuple[Any, ...]

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
    "receipt_balanced": {
        "delete from bins where bin_id = '00002'": "equation='documents', whole=5, parts=4",
        "insert into bins from bins where bin_id = '1'": "equation='documents', whole=5, parts=6",
        "delete from rejects where scope = 'document'": "equation='documents', whole=5, parts=4",
        "insert into missing values ('metadata/00001.json', 'x', 1)": "equation='documents', whole=5, parts=6",
        "update bins set metadata_bytes = metadata_bytes + 1 where bin_id = '1'": "equation='bytes', whole=",
        "delete from observations where bin_id = '00002'": "equation='lines', whole=7, parts=6",
        "delete from rejects where scope = 'line'": "equation='lines', whole=7, parts=6",
        "update documents set line_count = 3 where bin_id = '1'": "equation='lines', whole=8, parts=7",
        "update items set total_quantity = 9 where asin = 'word'": "equation='units', whole=7, parts=15",
        "update bins set total_quantity = 9 where bin_id = '00002'": "equation='units', whole=15, parts=7",
        "update dimensions set observation_count = 2 where asin = 'word'": "equation='measurements', whole=6, parts=7",
        "delete from images": "equation='pictures', whole=1, parts=0",
    },
    "loaded_or_rejected": {
        "update rejects set metadata_key = 'metadata/1.json' where scope = 'document'":
            "metadata_key='metadata/1.json', rejected_line_count=0, rejected_lines=0, rejected_documents=1",
        "update rejects set metadata_key = 'metadata/00009.json' where scope = 'line'":
            "metadata_key='metadata/00009.json', rejected_line_count=None, rejected_lines=1, rejected_documents=0",
        "update bins set rejected_line_count = 2 where bin_id = '100000'": "rejected_line_count=2, rejected_lines=1",
        "update bins set rejected_line_count = 1 where bin_id = '1'": "rejected_line_count=1, rejected_lines=None",
        "delete from rejects where scope = 'line'": "rejected_line_count=1, rejected_lines=None",
    },
    "quantities_recorded": {
        "delete from quantities where bin_id = '00002'": "bin_id='00002', fcsku='ZZ0', recorded_asin=None, asin=None",
        "delete from observations where bin_id = '00002'": "recorded_quantity=None, quantity=1",
        "update quantities set quantity = 5 where bin_id = '00002'": "recorded_quantity=1, quantity=5",
        "update quantities set asin = 'word' where bin_id = '00002'": "recorded_asin=None, asin='word'",
    },
    "bin_counts": {
        "update bins set fcsku_count = 3 where bin_id = '1'": "bin_id='1', fcsku_count=3, counted_fcskus=2",
        "update bins set asin_count = 1 where bin_id = '00002'": "asin_count=1, counted_asins=0",
        "update bins set total_quantity = 3 where bin_id = '1'": "total_quantity=3, counted_units=2",
        "update bins set quantity_gap = 7 where bin_id = '1'": "quantity_gap=7, counted_gap=0",
        "update bins set quantity_gap = null where bin_id = '1'": "quantity_gap=None, counted_gap=0",
        "delete from quantities where bin_id = '1'": "fcsku_count=2, counted_fcskus=0",
    },
    "item_counts": {
        "update items set bin_count = 1 where asin = 'B000000001'": "bin_count=1, counted_bins=2",
        "update items set fcsku_count = 2 where asin = 'B000000001'": "fcsku_count=2, counted_fcskus=1",
        "update items set total_quantity = 4 where asin = 'B000000001'": "total_quantity=4, counted_units=3",
        "update items set first_bin_id = '1' where asin = 'B000000001'": "first_bin_id='1', counted_first='00001'",
        "update items set last_bin_id = '00001' where asin = 'B000000001'": "last_bin_id='00001', counted_last='1'",
    },
    "measurement_counts": {
        "update items set dimension_variant_count = 2 where asin = 'word'": "dimension_variant_count=2, measurements=1",
        "update dimensions set observation_count = 2 where asin = 'word'": "observed=2, lines=1",
        "insert into dimensions from dimensions where asin = 'word'": "dimension_variant_count=1, measurements=2",
    },
    "primary_measurement": {
        "update dimensions set is_primary = false where asin = 'word'": "asin='word', primaries=0, measurements=1",
        "insert into dimensions from dimensions where asin = 'word'": "asin='word', primaries=2, measurements=2",
        "update dimensions set variant = 2 where asin = 'word'": "first_variant=2, last_variant=2",
        """insert into dimensions select * replace (false as is_primary, 3 as variant)
            from dimensions where asin = 'word'""": "primaries=1, measurements=2, first_variant=1, last_variant=3",
        """insert into dimensions select * replace (false as is_primary, 2 as variant, 9 as observation_count)
            from dimensions where asin = 'word'""": "primaries=1, measurements=2, first_variant=1, last_variant=2",
    },
    "domain_bins": {
        f"update bins set {change} where bin_id = '00001'": f"column_name='{change.split()[0]}', key='00001'"
        for change in (
            "bin_number = 2", "id_style = 'unpadded'", "expected_quantity = -1", "total_quantity = -1",
            "asin_count = 3", "asin_count = -1", "rejected_line_count = -1", "known_weight_lb = -0.5",
            "known_weight_lb = 'nan'", "known_volume_in3 = -1", "known_volume_in3 = 'inf'", "lines_without_weight = 3",
            "lines_without_dimensions = -1", "inventory_hash = 'x'", "metadata_bytes = 0", "metadata_md5 = ''",
            "image_key = 'bin-images/1.jpg'", "image_url = 'https://example.org/00001.jpg'", "image_bytes = -1",
            "image_bytes = null", "rescued = '[1]'", "rescued = '{'",
        )
    } | {
        "update bins set bin_id = '0002', bin_number = 2 where bin_id = '00002'": "column_name='bin_id', key='0002'",
        "update bins set image_bytes = 1 where bin_id = '00002'": "column_name='image_bytes', key='00002', value='1'",
    },
    "domain_observations": {
        f"update observations set {change} where fcsku = 'word'": f"column_name='{change.split()[0]}', key='1 word'"
        for change in (
            "bin_number = 2", "quantity = -1", "length_value = null", "length_value = 'nan'",
            "width_value = 'inf'", "height_value = null", "weight_value = '-inf'", "rescued = '1'",
        )
    } | {
        f"update observations set {name}_unit = null where fcsku = 'word'": f"column_name='{name}_value'"
        for name in ("length", "width", "height", "weight")
    } | {
        "update observations set normalized_name = 'x' where bin_id = '1' and fcsku <> 'word'":
            "column_name='normalized_name', key='1 B000000001', value='x'",
    },
    "domain_quantities": {
        "update quantities set bin_number = 2 where bin_id = '1'": "column_name='bin_number', key='1 B000000001'",
        "update quantities set quantity = -1 where bin_id = '00002'": "column_name='quantity', key='00002 ZZ0'",
    },
    "domain_items": {
        f"update items set {change} where asin = 'word'": f"column_name='{change.split()[0]}', key='word'"
        for change in (
            "name = null", "name_variant_count = -1", "dimension_variant_count = 0", "fcsku_count = 0", "bin_count = 0",
            "total_quantity = -1", "last_bin_id = '00001'",
        )
    } | {"update items set name_variant_count = 0 where asin = 'word'": "column_name='name', key='word'"},
    "domain_dimensions": {
        f"update dimensions set {change} where asin = 'word'": f"column_name='{change.split()[0]}', key='word 1'"
        for change in (
            "observation_count = 0", "length_value = null", "width_value = 'nan'", "height_value = 'inf'",
            "weight_value = null", "length_in = 0", "width_in = null", "height_in = 2", "weight_lb = 'nan'",
            "volume_in3 = 1", "length_cm = 1", "width_cm = null", "height_cm = 1", "weight_kg = 0.45",
        )
    } | {
        f"update dimensions set {name}_unit = null where asin = 'word'": f"column_name='{name}_value'"
        for name in ("length", "width", "height", "weight")
    },
    "domain_images": {
        "update images set bin_id = '00002'": "column_name='bin_id', key='bin-images/00001.jpg', value='00002'",
        "update images set image_bytes = -1": "column_name='image_bytes'",
    },
    "domain_rejects": {
        f"update rejects set {change} where scope = '{scope}'": f"column_name='{change.split()[0]}'"
        for scope, change in (
            ("line", "bin_id = null"), ("line", "scope = 'member'"), ("line", "json_path = 'quantity'"),
            ("line", "json_path = '$'"), ("line", "json_path = '$.BIN_FCSKU_DATA.x'"),
            ("document", "json_path = '$.image_fname'"), ("document", "json_path = '$.BIN_FCSKU_DATA.\"x\"'"),
            ("line", "reason = 'empty'"), ("document", "reason = 'not_text'"),
            ("document", "reason = 'quantity_not_whole'"), ("line", "reason = 'odd'"),
            ("line", "detail = repeat('x', 201)"), ("line", "bytes = -1"), ("line", "body_encoding = 'utf8'"),
        )
    },
    "images_joined": {
        "update bins set has_image = false, image_bytes = null where bin_id = '00001'":
            "bin_id='00001', has_image=False, joined_has_image=True, image_bytes=None, joined_image_bytes=1",
        "update bins set has_image = true, image_bytes = 1 where bin_id = '1'":
            "bin_id='1', has_image=True, joined_has_image=False, image_bytes=1, joined_image_bytes=None",
        "update bins set has_image = null where bin_id = '1'": "bin_id='1', has_image=None, joined_has_image=False",
        "update bins set has_image = null, image_bytes = null": "bin_id='00001', has_image=None, joined_has_image=True",
        "update bins set image_bytes = 2 where bin_id = '00001'": "image_bytes=2, joined_image_bytes=1",
        "update images set image_bytes = 2": "image_bytes=1, joined_image_bytes=2",
        "delete from images": "bin_id='00001', has_image=True, joined_has_image=False",
        "update images set image_key = 'bin-images/1.jpg', bin_id = '1'": "bin_id='1', has_image=False",
    },
    "images_listed": {
        "update listing_facts set images_listed = false": "bin_id='00001', has_image=True, images_listed=False",
        "update bins set has_image = null where bin_id = '1'": "bin_id='1', has_image=None, images_listed=True",
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
        "insert into images from images": "table_name='images', key='bin-images/00001.jpg', rows=2",
        "update images set image_key = null": "table_name='images', key=None, rows=1",
        "insert into rejects from rejects where scope = 'document'": "key='metadata/00003.json $', rows=2",
        "update rejects set metadata_key = null where scope = 'line'": "table_name='rejects', key=None, rows=1",
        "update rejects set json_path = null where scope = 'line'": "table_name='rejects', key=None, rows=1",
    },
    "keys_unique_of_items": {
        "insert into items from items where asin = 'word'": "table_name='items', key='word', rows=2",
        "update items set asin = null where asin = 'word'": "table_name='items', key=None, rows=1",
        "insert into dimensions from dimensions where asin = 'word'": "key='word 1', rows=2",
        "update dimensions set variant = null where asin = 'word'": "table_name='dimensions', key=None, rows=1",
        "update dimensions set asin = null where asin = 'word'": "table_name='dimensions', key=None, rows=1",
    },
    "foreign_keys": {
        "update observations set bin_id = '00009' where bin_id = '1'": "refers='observations.bin_id', key='00009'",
        "update quantities set bin_id = '00009' where bin_id = '1'": "refers='quantities.bin_id', key='00009'",
        "delete from bins where bin_id = '1'": "refers='observations.bin_id', key='1'",
        "update rejects set bin_id = '00009' where scope = 'line'": "refers='rejects.bin_id (lines)', key='00009'",
    },
    "foreign_keys_of_items": {
        f"update quantities set asin = '{LOST}' where bin_id = '1'": f"refers='quantities.asin', key='{LOST}'",
        f"update dimensions set asin = '{LOST}' where asin = 'word'": f"refers='dimensions.asin', key='{LOST}'",
        "delete from dimensions where asin = 'word'": "refers='items.asin (in dimensions)', key='word'",
        "delete from quantities where asin = 'word'": "refers='items.asin (in quantities)', key='word'",
        "delete from items where asin = 'word'": "refers='quantities.asin', key='word'",
        "update dimensions set first_bin_id = '9' where asin = 'word'": "refers='dimensions.first_bin_id', key='9'",
    },
    "partition_keys": {
        "update bins set bin_bucket = 'b0' where bin_id = '1'": "table_name='bins', key='1', partition_key='b0'",
        "update observations set bin_bucket = 'b0' where bin_id = '100000'": "table_name='observations', key='100000'",
        "update quantities set bin_bucket = null where bin_id = '00002'": "key='00002', partition_key=None",
    },
    "partition_keys_of_items": {
        f"update items set asin_kind = 'asin' where asin = '{ISBN}'": f"table_name='items', key='{ISBN}'",
        "update dimensions set asin_kind = 'isbn10' where asin = 'word'": "table_name='dimensions', key='word'",
    },
}  # fmt: skip
FAULTS = [(check, fault) for check, faults in PLANTED.items() for fault in faults]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> DataDir:
    folder: Path = tmp_path_factory.mktemp("checks")
    data = DataDir(folder / "data")
    fetch_documents(DirectorySource(write_bucket(folder / "bucket", DOCUMENTS)), data)
    return data


@pytest.fixture(scope="module")
def release(data: DataDir) -> Release:
    return build_release(data)


@pytest.fixture(scope="module")
def built(data: DataDir) -> Iterator[duckdb.DuckDBPyConnection]:
    """Everything that a build has when it checks, in tables that can be changed."""
    with duckdb.connect(config={"threads": 1}) as connection:  # so few rows are waited for longer than worked on
        rawlayer.open_raw_layer(connection, RawFolder(data.raw))
        define_macros(connection)
        for model in load_models().values():
            kind = "view" if model.kind == "view" else "table"
            connection.execute(f"create {kind} {model.name} as {model.query}")
        yield connection


@pytest.fixture
def tables(built: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """The good tables; what a test does to them is undone."""
    built.begin()
    yield built
    built.rollback()


def show(failure: Failure | None) -> str:
    """The rows that a check found, one a line."""
    assert failure
    pairs = [zip(failure.columns, row, strict=True) for row in failure.rows]
    return "\n".join(", ".join(f"{column}={value!r}" for column, value in row) for row in pairs)


def test_every_check_has_planted_faults() -> None:
    assert sorted(name for name, faults in PLANTED.items() if faults) == CHECKS


@pytest.mark.parametrize("check", CHECKS)
def test_a_check_holds_on_good_tables(check: str, tables: duckdb.DuckDBPyConnection) -> None:
    assert run_check(tables, check) is None


@pytest.mark.parametrize(("check", "fault"), FAULTS)
def test_a_planted_fault_is_found_and_shown(check: str, fault: str, tables: duckdb.DuckDBPyConnection) -> None:
    tables.execute(fault)
    failure = run_check(tables, check)
    assert failure
    assert failure.check == check
    assert PLANTED[check][fault] in show(failure)


def test_a_failure_is_told_with_the_count_and_a_table_of_the_first_rows(tables: duckdb.DuckDBPyConnection) -> None:
    tables.execute("insert into images select 'bin-images/' || range || '\x1b[31m.jpg', 'x', 1, '', null from range(7)")
    tables.execute("update images set bin_id = null where image_key like '%\x1b%'")
    tables.execute("insert into images from images")
    told = str(run_check(tables, "keys_unique")).splitlines()
    rule = "No key of a table of bins, pictures or rejects occurs twice, and no part of one is null."
    assert told[0] == f"  keys_unique: 8 rows against the rule: {rule}"
    assert told[1].split() == ["table_name", "key", "rows"]
    assert {line.index(" 2") + 1 for line in told[2:7]} == {told[1].index("rows")}
    assert len(told) == 8
    assert told[-1] == "    and 3 more"
    assert all("'images'" in line and line.endswith("2") and "\x1b" not in line for line in told[2:7])


def test_all_checks_that_fail_are_shown(built: duckdb.DuckDBPyConnection, release: Release) -> None:
    built.begin()
    try:
        built.execute("insert into bins select bins.* from bins cross join range(2)")
        with pytest.raises(CheckError) as failure:
            run_checks(built, release.path, load_tables(), CHECKS)
    finally:
        built.rollback()
    failed = [check for check in CHECKS if f"\n  {check}: " in str(failure.value)]
    assert failed == ["keys_unique", "receipt_balanced"]


def test_good_tables_and_files_pass_as_a_whole(tables: duckdb.DuckDBPyConnection, release: Release) -> None:
    run_checks(tables, release.path, load_tables(), CHECKS)


# --- the files ------------------------------------------------------------------------------------------------------

Damage = Callable[[pa.Table], pa.Table]


def null_first(table: pa.Table, column: str) -> pa.Table:
    values = [None, *table[column].to_pylist()[1:]]
    place = table.schema.get_field_index(column)
    return table.set_column(place, column, pa.array(values, table.schema.field(column).type))


FILES: dict[str, tuple[str, Damage, Row]] = {
    "a column too few": ("header", lambda t: t.drop_columns("fcsku"), ("fcsku string", "asin string")),
    "a column too many": ("header", lambda t: t.append_column("x", t["asin"]), (None, "x string")),
    "another name": (
        "header", lambda t: t.rename_columns({"asin": "ASIN"}), ("asin string", "ASIN string")
    ),
    "another type": (
        "header",
        lambda t: t.set_column(4, "quantity", t["quantity"].cast("int64")),
        ("quantity int32", "quantity int64"),
    ),
    "a null": ("not_null", lambda t: null_first(t, "quantity"), ("quantity", 1)),
    "rows out of order": ("sort_order", lambda t: t.take([0, 2, 1, *range(3, len(t))]), (2, "00001", "B000000001")),
    "the same row twice": ("sort_order", lambda t: t.take([0, *range(len(t))]), (1, "00001", ISBN)),
    "rows of another partition": (
        "partition_folders",
        lambda t: t.set_column(5, "bin_bucket", pa.array(["b1"] * len(t)).dictionary_encode()),
        ("b1", 3),
    ),
}  # fmt: skip


@pytest.fixture
def copied(release: Release, tmp_path: Path) -> Path:
    return Path(shutil.copytree(release.path, tmp_path / "release"))


@pytest.mark.parametrize("damage", FILES)
def test_a_file_that_is_not_as_its_header_says_is_found(damage: str, copied: Path) -> None:
    check, change, row = FILES[damage]
    file = copied / "quantities" / "bin_bucket=b0" / "part-0.parquet"
    table = pq.read_table(file, partitioning=None)
    pq.write_table(change(table), file, row_group_size=2)
    failures = check_files(copied, load_tables()["quantities"])
    assert check in {failure.check for failure in failures}
    [failure] = [failure for failure in failures if failure.check == check]
    assert failure.rows[0] == ("quantities/bin_bucket=b0/part-0.parquet", *row)


@pytest.mark.parametrize("table", load_tables())
def test_the_files_of_a_release_are_as_their_headers_say(table: str, release: Release) -> None:
    assert check_files(release.path, load_tables()[table]) == []
