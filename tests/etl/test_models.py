"""The models: small documents, and the rows that they must become, written by hand."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from documents import make_document, make_line, run_pipeline, write_bucket

from etl.models import load_tables
from etl.warehouse import Warehouse

TABLES = sorted(load_tables())
ROW_GROUP_ROWS = 122_880


def inches(value: float) -> dict[str, Any]:
    return {"unit": "IN", "value": value}


def pounds(value: float) -> dict[str, Any]:
    return {"unit": "pounds", "value": value}


NOTHING = {"length": None, "width": None, "height": None, "weight": None}
SMALL = {"length": inches(2), "width": inches(1), "height": inches(0.5), "weight": pounds(2)}
LARGE = {
    "length": {"unit": "CM", "value": 25.4},
    "width": {"unit": "MM", "value": 50.8},
    "height": {"unit": "inches", "value": 1},
    "weight": {"unit": "ounces", "value": 8},
}
ODD = {
    "length": {"unit": "furlongs", "value": 2},
    "width": inches(-1),
    "height": inches(0),
    "weight": {"unit": "KG", "value": 1e6},
}

NAMES, TIES, NAMELESS, SIZES, ODDS = "B0000NAMES", "B00000TIES", "B0NAMELESS", "B0000SIZES", "B0000ODDLY"
ISBN, WORD = "030640615X", "WORD"

DOCUMENTS: dict[str, Any] = {
    # 523 and 00523 are different bins
    "00523": make_document(make_line(NAMES, 2, name="Zeta", normalizedName="zeta", **SMALL)),
    "523": make_document(
        make_line(NAMES, 7, name="Zeta", normalizedName=..., **NOTHING), EXPECTED_QUANTITY=9, image_fname="523.jpg"
    ),
    "00001": make_document(make_line(NAMES, 1, name="Alpha", normalizedName="beta", **SMALL)),
    # two names, once each: 9 comes before 20, though "00020" comes before "9"
    "9": make_document(make_line(TIES, 1, name="Zeta", normalizedName=None)),
    "00020": make_document(make_line(TIES, 1, name="Alpha", normalizedName="alpha")),
    "00030": make_document(make_line(NAMELESS, 0, name=None, normalizedName=None)),
    # measurements: SMALL twice, then LARGE and nothing once each
    "00041": make_document(make_line(SIZES, 1, **LARGE)),
    "00042": make_document(make_line(SIZES, 1, **SMALL)),
    "00043": make_document(make_line(SIZES, 1, **SMALL)),
    "00044": make_document(make_line(SIZES, 1, **NOTHING)),
    "00045": make_document(make_line(ODDS, 1, **ODD)),
    # an FCSKU that isn't the ASIN, one ASIN twice, and no ASIN at all
    "100000": make_document(
        EXPECTED_QUANTITY=6,
        BIN_FCSKU_DATA={
            "ZZXI0WUSIB": make_line(ISBN, 1, **SMALL),
            ISBN: make_line(ISBN, 2, **LARGE),
            "ZZNOTHING1": make_line(None, 3, name="Nobody's", **SMALL),
        },
    ),
    # the same things as in 100000, recorded otherwise, and once more with another quantity
    "200000": make_document(make_line(ISBN, 2), BIN_FCSKU_DATA={
        "ZZNOTHING1": make_line(None, 3), "ZZ2": make_line(ISBN, 2, name="other"), "ZZ3": make_line(ISBN, 1, **NOTHING),
    }),
    "300000": make_document(make_line(ISBN, 3), BIN_FCSKU_DATA={
        "ZZNOTHING1": make_line(None, 3), "ZZ2": make_line(ISBN, 3), "ZZ3": make_line(ISBN, 1),
    }),
    # as doubles, these sums end in ...0000000004
    "400000": make_document(make_line(WORD, 3, **SMALL | {"weight": pounds(0.1), "length": inches(0.2)})),
    "500000": make_document(EXPECTED_QUANTITY=0),
    "600000": make_document(
        make_line(WORD, 1, colour="ü", size={"b": [1, None], "a": 1.50}, weight=pounds(1) | {"scale": "old"}),
        schema=2, image_fname=7,
    ),
    # a line that can't be loaded, and a document that can't
    "700001": make_document(make_line(WORD, "1"), make_line(SIZES, 1)),
    "99999": b"<Error/>",
}  # fmt: skip
PICTURES = {"00523": b"12345", "100000": b"", "cover": b"1"}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    folder = tmp_path_factory.mktemp("models")
    documents = {f"metadata/{stem}.json": document for stem, document in DOCUMENTS.items()}
    pictures = {f"bin-images/{stem}.jpg": picture for stem, picture in PICTURES.items()}
    run_pipeline(write_bucket(folder / "bucket", documents | pictures), folder / "data")
    return Warehouse.open(folder / "data")


def select(warehouse: Warehouse, table: str, columns: str, where: str) -> list[tuple[Any, ...]]:
    return warehouse.sql(f"select {columns} from {table} where {where} order by all").rows()


# --- items and dimensions -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asin", "expected"),
    [
        # kind, name, normalised, names, measurements, FCSKUs, bins, units, first, last
        (NAMES, ("asin", "Zeta", "beta", 2, 2, 1, 3, 10, "00001", "523")),
        (TIES, ("asin", "Zeta", "alpha", 2, 1, 1, 2, 2, "9", "00020")),
        (NAMELESS, ("asin", None, None, 0, 1, 1, 1, 0, "00030", "00030")),
        (ISBN, ("other", f"Invented thing {ISBN}", f"Invented thing {ISBN}", 2, 4, 4, 3, 10, "100000", "300000")),
        (WORD, ("other", f"Invented thing {WORD}", f"Invented thing {WORD}", 1, 2, 1, 2, 4, "400000", "600000")),
    ],
)
def test_an_item_sums_up_its_lines(asin: str, expected: tuple[Any, ...], warehouse: Warehouse) -> None:
    columns = """asin_kind, name, normalized_name, name_variant_count, dimension_variant_count, fcsku_count, bin_count,
        total_quantity, first_bin_id, last_bin_id"""
    assert select(warehouse, "items", columns, f"asin = '{asin}'") == [expected]


def test_every_asin_is_an_item_and_null_is_none(warehouse: Warehouse) -> None:
    asins = [asin for (asin,) in warehouse.sql("select asin from items").rows()]
    assert sorted(asins) == sorted([NAMES, TIES, NAMELESS, SIZES, ODDS, ISBN, WORD])


def test_the_measurements_of_an_item_are_numbered_by_frequency_then_by_bin(warehouse: Warehouse) -> None:
    columns = """variant, is_primary, observation_count, length_in, width_in, height_in, weight_lb, volume_in3,
        length_unit, first_bin_id"""
    assert select(warehouse, "dimensions", columns, f"asin = '{SIZES}'") == [
        (1, True, 2, 2, 1, 0.5, 2, 1, "IN", "00042"),
        (2, False, 1, 10, 2, 1, 0.5, 20, "CM", "00041"),
        (3, False, 1, None, None, None, None, None, None, "00044"),
        # the good line of the document with a bad one
        (4, False, 1, 4.399999995512001, 3, 1.5, 0.45, pytest.approx(19.8), "IN", "700001"),
    ]


def test_measurements_are_converted_and_kept_as_recorded(warehouse: Warehouse) -> None:
    metric = "length_cm, width_cm, height_cm, weight_kg"
    recorded = (
        "length_value, length_unit, width_value, width_unit, height_value, height_unit, weight_value, weight_unit"
    )
    assert select(warehouse, "dimensions", f"{metric}, {recorded}", f"asin = '{SIZES}' and variant <= 2") == [
        (*map(pytest.approx, (5.08, 2.54, 1.27, 0.90718474)), 2, "IN", 1, "IN", 0.5, "IN", 2, "pounds"),
        (*map(pytest.approx, (25.4, 5.08, 2.54, 0.226796185)), 25.4, "CM", 50.8, "MM", 1, "inches", 8, "ounces"),
    ]
    assert select(warehouse, "dimensions", f"{metric}, volume_in3, {recorded}", f"asin = '{ODDS}'") == [
        (None, None, None, None, None, 2, "furlongs", -1, "IN", 0, "IN", 1e6, "KG")
    ]


# --- bins -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bin_id", "expected"),
    [
        # number, style, expected, total, gap, FCSKUs, ASINs, rejected, weight, volume, without either, file name, image
        ("00523", (523, "padded", 1, 2, -1, 1, 1, 0, 4, 2, 0, 0, None, True, 5, "b0")),
        ("523", (523, "unpadded", 9, 7, 2, 1, 1, 0, 0, 0, 1, 1, "523.jpg", False, None, "u0")),
        ("100000", (100_000, "padded", 6, 6, 0, 3, 1, 0, 9, 44, 0, 0, None, True, 0, "b1")),
        ("400000", (400_000, "padded", 1, 3, -2, 1, 1, 0, 0.3, 0.3, 0, 0, None, False, None, "b4")),
        ("500000", (500_000, "padded", 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, None, False, None, "b5")),
        ("700001", (700_001, "padded", 2, 1, 1, 1, 1, 1, 0.45, 19.8, 0, 0, None, False, None, "b6")),
        ("00045", (45, "padded", 1, 1, 0, 1, 1, 0, 0, 0, 1, 1, None, False, None, "b0")),
    ],
)
def test_a_bin_sums_up_its_lines(bin_id: str, expected: tuple[Any, ...], warehouse: Warehouse) -> None:
    columns = """bin_number, id_style, expected_quantity, total_quantity, quantity_gap, fcsku_count, asin_count,
        rejected_line_count, known_weight_lb, known_volume_in3, lines_without_weight, lines_without_dimensions,
        image_fname, has_image, image_bytes, bin_bucket"""
    assert select(warehouse, "bins", columns, f"bin_id = '{bin_id}'") == [expected]


def test_the_inventory_hash_is_that_of_the_asins_and_their_quantities(warehouse: Warehouse) -> None:
    hashes = dict(warehouse.sql("select bin_id, inventory_hash from bins").rows())
    assert hashes["100000"] == hashes["200000"] != hashes["300000"]
    alike = {frozenset({"100000", "200000"}), frozenset({"00042", "00043", "00041", "00044", "700001"})}
    groups = {frozenset(i for i, other in hashes.items() if other == own) for own in hashes.values()}
    assert {group for group in groups if len(group) > 1} == alike | {frozenset({"9", "00020"})}


def test_bins_know_of_no_pictures_when_none_were_listed(tmp_path: Path) -> None:
    bucket = write_bucket(tmp_path / "bucket", {"metadata/00001.json": make_document()})
    run_pipeline(bucket, tmp_path / "data")
    rows = Warehouse.open(tmp_path / "data").sql("select has_image, image_bytes, image_key from bins").rows()
    assert rows == [(None, None, "bin-images/00001.jpg")]


def test_unknown_fields_are_rescued_where_they_stood(warehouse: Warehouse) -> None:
    [(of_bin, image_fname)] = select(warehouse, "bins", "rescued, image_fname", "bin_id = '600000'")
    assert (json.loads(of_bin), image_fname) == ({"schema": 2, "image_fname": 7}, None)
    [(of_line, value)] = select(warehouse, "observations", "rescued, weight_value", "bin_id = '600000'")
    assert json.loads(of_line) == {"colour": "ü", "size": {"b": [1, None], "a": 1.5}, "weight": {"scale": "old"}}
    assert value == 1
    assert select(warehouse, "bins", "bin_id", "rescued is not null") == [("600000",)]
    assert select(warehouse, "observations", "bin_id", "rescued is not null") == [("600000",)]


def test_lines_keep_their_fcsku_beside_their_asin(warehouse: Warehouse) -> None:
    assert select(warehouse, "quantities", "fcsku, asin, quantity, bin_bucket", "bin_id = '100000'") == [
        (ISBN, ISBN, 2, "b1"),
        ("ZZNOTHING1", None, 3, "b1"),
        ("ZZXI0WUSIB", ISBN, 1, "b1"),
    ]
    both = "bin_id in ('523', '00523')"
    assert select(warehouse, "observations", "bin_id, has_normalized_name, name", both) == [
        ("00523", True, "Zeta"),
        ("523", False, "Zeta"),
    ]


# --- files against headers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", TABLES)
def test_a_header_tells_the_columns_of_its_table(table: str, warehouse: Warehouse) -> None:
    told = load_tables()[table].columns
    files = f"read_parquet('{warehouse.release.table_glob(table)}', hive_partitioning = false)"
    with duckdb.connect() as connection:
        found = connection.execute(f"describe from {files}").fetchall()
        nulls = connection.execute(f"select {', '.join(f'count(*) - count({c.name})' for c in told)} from {files}")
        [counts] = nulls.fetchall()
        assert connection.execute(f"select count(*) > 0 from {files}").fetchall() == [(True,)]
    assert [(name, type_) for name, type_, *_ in found] == [(column.name, column.type.upper()) for column in told]
    assert {type_ for _, type_, *_ in found} <= {"VARCHAR", "INTEGER", "BIGINT", "DOUBLE", "BOOLEAN", "TIMESTAMP"}
    assert [column.name for column, count in zip(told, counts, strict=True) if count and not column.nullable] == []


@pytest.mark.parametrize("table", TABLES)
def test_files_are_sorted_and_lie_in_the_folder_of_their_partition(table: str, warehouse: Warehouse) -> None:
    model = load_tables()[table]
    files = sorted((warehouse.release.path / table).rglob("*.parquet"))
    for file in files:
        rows = pq.read_table(file, partitioning=None).select(model.order.split(", ")).to_pylist()
        keys = [tuple(v.encode() if isinstance(v, str) else v for v in row.values()) for row in rows]
        assert keys == sorted(set(keys))
        if model.partition:
            assert {f"{model.partition}={row[model.partition]}" for row in rows} == {file.parent.name}
    assert len(files) == (1 if not model.partition else len({file.parent for file in files})) <= 8


def test_there_is_a_partition_for_every_hundred_thousand_bins(warehouse: Warehouse) -> None:
    folders = {path.name for path in (warehouse.release.path / "bins").iterdir()}
    assert folders == {f"bin_bucket={key}" for key in ("u0", "b0", "b1", "b2", "b3", "b4", "b5", "b6")}


def test_row_groups_are_as_large_as_they_may_be(tmp_path: Path) -> None:
    line = json.dumps(make_line("@", 1, **NOTHING))
    documents = {}
    for number in range(1, 15):
        held = ", ".join(
            f'"{asin}": {line.replace("@", asin)}' for asin in (f"B{number:02d}{n:07d}" for n in range(9_000))
        )
        documents[f"metadata/{number}.json"] = f'{{"BIN_FCSKU_DATA": {{{held}}}, "EXPECTED_QUANTITY": 1}}'.encode()
    release = run_pipeline(write_bucket(tmp_path / "bucket", documents), tmp_path / "data")
    for table in ("observations", "quantities", "items", "dimensions"):
        [file] = (release.path / table).rglob("*.parquet")
        groups = pq.read_metadata(file)
        sizes = [groups.row_group(index).num_rows for index in range(groups.num_row_groups)]
        assert sizes == [ROW_GROUP_ROWS, 14 * 9_000 - ROW_GROUP_ROWS]
