"""Documents that don't fit: each is rejected with its place, its reason and its bytes, and the rest is loaded."""

import base64
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from documents import encode, make_document, make_line, run_pipeline, write_bucket

from etl.models import load_tables
from etl.warehouse import Warehouse

LINES = '$.BIN_FCSKU_DATA."B00TEST001"'
GOOD = make_document(make_line())


@dataclass(frozen=True)
class Bad:
    """A document to reject as a whole, or for one of its lines."""

    body: bytes
    reason: str
    json_path: str = "$"
    scope: str = "document"


def swap(text: str, replacement: str, document: Any = GOOD) -> bytes:
    body = encode(document).decode()
    assert text in body
    return body.replace(text, replacement, 1).encode()


def line(reason: str, member: str = "", **changes: Any) -> Bad:
    return Bad(encode(make_document(make_line(**changes))), reason, LINES + member, "line")


def spelled(text: str, replacement: str, reason: str, member: str) -> Bad:
    return Bad(swap(text, replacement), reason, LINES + member, "line")


S3_ERROR = b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code></Error>'
EXPECTED = "$.EXPECTED_QUANTITY"
MAP = "$.BIN_FCSKU_DATA"

BAD_DOCUMENTS = {
    "empty file": Bad(b"", "empty"),
    "truncated JSON": Bad(encode(GOOD)[:-20], "not_json"),
    "S3 error page": Bad(S3_ERROR, "not_json"),
    "top level a list": Bad(b"[1, 2]", "not_object"),
    "top level a text": Bad(b'"BIN_FCSKU_DATA"', "not_object"),
    "byte order mark": Bad(b"\xef\xbb\xbf" + encode(GOOD), "byte_order_mark"),
    "invalid UTF-8": Bad(swap("Invented", "Inv\x00nted").replace(b"\x00", b"\xff"), "not_utf8"),
    "UTF-16": Bad(encode(GOOD).decode().encode("utf-16"), "not_utf8"),
    "comma before a bracket": Bad(b'{"BIN_FCSKU_DATA": {}, "EXPECTED_QUANTITY": 0,}', "not_json"),
    "comment": Bad(b'{"BIN_FCSKU_DATA": {}, /* none */ "EXPECTED_QUANTITY": 0}', "not_json"),
    "two documents": Bad(encode(GOOD) * 2, "not_json"),
    "lone surrogate escape": Bad(swap("Invented", "\\ud800"), "not_json"),
    "duplicate top-level key": Bad(swap('"EXPECTED', '"EXPECTED_QUANTITY": 9, "EXPECTED'), "duplicate_key"),
    "duplicate FCSKU": Bad(b'{"BIN_FCSKU_DATA": {"A": {}, "A": {}}, "EXPECTED_QUANTITY": 0}', "duplicate_key", MAP),
    "lines null": Bad(encode(make_document(BIN_FCSKU_DATA=None)), "lines_not_object", MAP),
    "lines a list": Bad(encode(make_document(BIN_FCSKU_DATA=[])), "lines_not_object", MAP),
    "lines missing": Bad(encode(make_document(BIN_FCSKU_DATA=...)), "missing_field", MAP),
    "expected missing": Bad(encode(make_document(EXPECTED_QUANTITY=...)), "missing_field", EXPECTED),
    "expected null": Bad(encode(make_document(EXPECTED_QUANTITY=None)), "expected_quantity_not_whole", EXPECTED),
    "expected text": Bad(encode(make_document(EXPECTED_QUANTITY="3")), "expected_quantity_not_whole", EXPECTED),
    "expected 2.0": Bad(encode(make_document(EXPECTED_QUANTITY=2.0)), "expected_quantity_not_whole", EXPECTED),
    "expected true": Bad(encode(make_document(EXPECTED_QUANTITY=True)), "expected_quantity_not_whole", EXPECTED),
    "expected negative": Bad(encode(make_document(EXPECTED_QUANTITY=-1)), "expected_quantity_not_whole", EXPECTED),
    "expected NaN": Bad(encode(make_document(EXPECTED_QUANTITY=float("nan"))), "expected_quantity_not_whole", EXPECTED),
    "expected too large": Bad(encode(make_document(EXPECTED_QUANTITY=2**31)), "expected_quantity_not_whole", EXPECTED),
    "line null": Bad(encode(make_document(BIN_FCSKU_DATA={"B00TEST001": None})), "line_not_object", LINES, "line"),
    "line a list": Bad(encode(make_document(BIN_FCSKU_DATA={"B00TEST001": [1]})), "line_not_object", LINES, "line"),
    "quantity text": line("quantity_not_whole", ".quantity", quantity="3"),
    "quantity 2.5": line("quantity_not_whole", ".quantity", quantity=2.5),
    "quantity 3.0": line("quantity_not_whole", ".quantity", quantity=3.0),
    "quantity negative": line("quantity_not_whole", ".quantity", quantity=-1),
    "quantity 1e300": line("quantity_not_whole", ".quantity", quantity=1e300),
    "quantity 2**64": line("quantity_not_whole", ".quantity", quantity=2**64),
    "quantity 2**64-1": line("quantity_not_whole", ".quantity", quantity=2**64 - 1),
    "quantity null": line("quantity_not_whole", ".quantity", quantity=None),
    "quantity missing": line("missing_field", ".quantity", quantity=...),
    "asin a number": spelled('"asin": "B00TEST001"', '"asin": 7', "not_text", ".asin"),
    "asin missing": spelled('"asin": "B00TEST001",', "", "missing_field", ".asin"),
    "name a list": line("not_text", ".name", name=["x"]),
    "name missing": line("missing_field", ".name", name=...),
    "normalizedName a number": line("not_text", ".normalizedName", normalizedName=1),
    "weight missing": line("missing_field", ".weight", weight=...),
    "weight a number": line("measurement_not_object", ".weight", weight=3),
    "weight without unit": line("missing_field", ".weight", weight={"value": 1}),
    "weight without value": line("missing_field", ".weight", weight={"unit": "pounds"}),
    **{
        f"unit null of {member}": line("not_text", f".{member}", **{member: {"unit": None, "value": 1.5}})
        for member in ("length", "width", "height", "weight")
    },
    "value text": line("measurement_not_number", ".weight", weight={"unit": "pounds", "value": "1"}),
    "value null": line("measurement_not_number", ".weight", weight={"unit": "pounds", "value": None}),
    "value NaN": line("measurement_not_finite", ".width", width={"unit": "IN", "value": float("nan")}),
    "value Infinity": line("measurement_not_finite", ".height", height={"unit": "IN", "value": float("inf")}),
    "value -Infinity": line("measurement_not_finite", ".length", length={"unit": "IN", "value": float("-inf")}),
    "value 1e400": spelled("1.5", "1e400", "measurement_not_finite", ".height"),
    "unknown Infinity": Bad(encode(make_document(x=[float("inf")])), "not_json"),
    "unknown NaN in a line": line("not_json", note={"by": float("nan")}),
    "duplicate key in a line that lacks another": spelled('"name":', '"asin":', "duplicate_key", ""),
    "duplicate key in a line": spelled('"quantity": 1', '"quantity": 1, "quantity": 2', "duplicate_key", ""),
    "duplicate unknown key in a line": spelled('"quantity": 1', '"quantity": 1, "x": 1, "x": 2', "duplicate_key", ""),
    "duplicate key in a measurement": spelled(
        '"unit": "pounds"', '"unit": "pounds", "unit": "kilograms"', "duplicate_key", ".weight"
    ),
}
# The same with no number but doubles, as nearly all real lines are: the models have a short way for those.
BAD_DOCUMENTS |= {
    f"{name}, in doubles": replace(bad, body=bad.body.replace(b'"value": 3\n', b'"value": 3.0\n'))
    for name, bad in BAD_DOCUMENTS.items()
    if b'"value": 3\n' in bad.body
}
BAD_KEYS = [
    "metadata/abc.json",
    "metadata/00 01.json",
    "metadata/nested/00001.json",
    "metadata/0523.json",
    "metadata/000523.json",
    "metadata/0.json",
    "metadata/-1.json",
    "metadata/1234567890123.json",
    "metadata/00001.JSON",
    "metadata/00001.json.bak",
    "metadata/\u0660\u0660\u0660\u0660\u0661.json",  # 00001 in Arabic digits
]
KEYS = {name: f"metadata/{number:05d}.json" for number, name in enumerate(BAD_DOCUMENTS, 1)}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    folder = tmp_path_factory.mktemp("bad")
    documents: dict[str, Any] = {KEYS[name]: bad.body for name, bad in BAD_DOCUMENTS.items()}
    documents |= dict.fromkeys(BAD_KEYS, GOOD)
    documents["metadata/90000.json"] = GOOD
    run_pipeline(write_bucket(folder / "bucket", documents), folder / "data")
    return Warehouse.open(folder / "data")


@pytest.mark.parametrize("name", BAD_DOCUMENTS)
def test_a_document_that_does_not_fit_is_rejected_with_scope_reason_and_place(name: str, warehouse: Warehouse) -> None:
    bad = BAD_DOCUMENTS[name]
    rows = warehouse.sql(
        "select scope, reason, json_path, bytes from rejects where metadata_key = $key", key=KEYS[name]
    ).rows()
    assert rows == [(bad.scope, bad.reason, bad.json_path, len(bad.body))]


@pytest.mark.parametrize("name", BAD_DOCUMENTS)
def test_a_bin_stays_when_only_a_line_is_rejected(name: str, warehouse: Warehouse) -> None:
    bad = BAD_DOCUMENTS[name]
    bins = warehouse.sql(
        "select fcsku_count, rejected_line_count from bins where metadata_key = $key", key=KEYS[name]
    ).rows()
    assert bins == ([(0, 1)] if bad.scope == "line" else [])


@pytest.mark.parametrize("name", [name for name, bad in BAD_DOCUMENTS.items() if bad.scope == "document"])
def test_a_rejected_document_keeps_its_bytes(name: str, warehouse: Warehouse) -> None:
    [(body, encoding)] = warehouse.sql(
        "select body, body_encoding from rejects where metadata_key = $key", key=KEYS[name]
    ).rows()
    kept = base64.b64decode(body) if encoding == "base64" else body.encode()
    assert kept == BAD_DOCUMENTS[name].body


def test_a_rejected_line_keeps_its_json(warehouse: Warehouse) -> None:
    [(body,)] = warehouse.sql("select body from rejects where metadata_key = $key", key=KEYS["quantity 2.5"]).rows()
    assert json.loads(body) == make_line(quantity=2.5)


@pytest.mark.parametrize("key", BAD_KEYS)
def test_a_key_that_is_not_of_a_bin_is_rejected(key: str, warehouse: Warehouse) -> None:
    rows = warehouse.sql("select scope, reason, bin_id, detail from rejects where metadata_key = $key", key=key).rows()
    assert rows == [("document", "unrecognised_key", None, key)]


def test_everything_listed_is_loaded_or_rejected(warehouse: Warehouse) -> None:
    documents = warehouse.release.manifest["documents"]
    lines = [bad for bad in BAD_DOCUMENTS.values() if bad.scope == "line"]
    assert documents == {
        "listed": len(BAD_DOCUMENTS) + len(BAD_KEYS) + 1,
        "loaded": len(lines) + 1,
        "rejected": len(BAD_DOCUMENTS) - len(lines) + len(BAD_KEYS),
        "not_fetched": 0,
    }
    assert warehouse.release.manifest["lines"] == {"seen": len(lines) + 1, "loaded": 1, "rejected": len(lines)}


def test_the_reasons_are_those_that_the_header_of_rejects_names(warehouse: Warehouse) -> None:
    [column] = [column for column in load_tables()["rejects"].columns if column.name == "reason"]
    named = set(column.description.removeprefix("What is wrong: ").rstrip(".").replace(";", ",").split(", "))
    assert {reason for (reason,) in warehouse.sql("select distinct reason from rejects").rows()} == named


def test_documents_that_look_odd_but_fit_are_loaded(tmp_path: Path) -> None:
    many = [make_line(f"B{number:09d}") for number in range(10_000)]
    deep = "[" * 10_000 + "]" * 10_000
    documents = {
        "metadata/00001.json": make_document(*many),
        "metadata/00002.json": swap('"EXPECTED', f'"deep": {deep}, "EXPECTED'),
        "metadata/00003.json": make_document(make_line(name="x" * 50_000_000)),
        "metadata/00004.json": make_document(make_line(name="nul \x00 inside")),
        "metadata/00005.json": b"\n " + json.dumps(GOOD).encode() + b"\r\n",
        "metadata/00006.json": make_document(make_line(name='a ",}" and a ,] in a name')),
        "metadata/00007.json": make_document(make_line(weight={"unit": "pounds", "value": -3})),
        "metadata/00008.json": make_document(make_line("", quantity=0)),
    }
    release = run_pipeline(write_bucket(tmp_path / "bucket", documents), tmp_path / "data")
    warehouse = Warehouse.open(tmp_path / "data")
    assert release.manifest["rejects_by_reason"] == {}
    rows = warehouse.sql("select bin_id, fcsku_count, length(rescued) from bins order by bin_id").rows()
    assert [row[:2] for row in rows] == [("00001", 10_000), *((f"0000{number}", 1) for number in range(2, 9))]
    assert rows[1][2] == len('{"deep":}') + len(deep)
    names = warehouse.sql(
        "select length(name), name from observations where bin_id in ('00003', '00004') order by bin_id"
    )
    assert [names.rows()[0][0], names.rows()[1][1]] == [50_000_000, "nul \x00 inside"]
