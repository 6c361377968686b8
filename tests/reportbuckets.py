"""Buckets that reports are run on, the invented one and the real sample, and what there is to hold reports against."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from etl.build import build_release
from etl.datadir import DataDir
from etl.fetch import fetch_documents
from etl.sources.directory import DirectorySource
from etl.warehouse import Warehouse

Document = dict[str, Any]

P1, P2, P3, P4, P5, P6, P7, P8, P9 = (f"B0000000P{number}" for number in range(1, 10))
ISBN = "0306406152"


def measure(value: float | None, unit: str) -> Document | None:
    return None if value is None else {"unit": unit, "value": value}


def make_line(
    asin: str | None,
    quantity: float,
    size: tuple[float, float, float] | None = (4.0, 3.0, 2.5),
    weight: float | None = 0.5,
    **changes: Any,
) -> Document:
    length, width, height = size or (None, None, None)
    name = f"Sample item {asin}"
    line = {
        "asin": asin,
        "height": measure(height, "IN"),
        "length": measure(length, "IN"),
        "name": name,
        "normalizedName": name,
        "quantity": quantity,
        "weight": measure(weight, "pounds"),
        "width": measure(width, "IN"),
    }
    return line | changes


def make_document(expected: Any, *lines: Document, **keyed: Document) -> Document:
    """A document of `lines` under their own ASINs and `keyed` lines under other FCSKUs."""
    return {"BIN_FCSKU_DATA": {line["asin"]: line for line in lines} | keyed, "EXPECTED_QUANTITY": expected}


def as_unpadded(stem: str, document: Document) -> Document:
    lines = document["BIN_FCSKU_DATA"].items()
    bare = {fcsku: {k: v for k, v in line.items() if k != "normalizedName"} for fcsku, line in lines}
    return document | {"BIN_FCSKU_DATA": bare, "image_fname": f"{stem}.jpg"}


OTHER_UNITS = {
    "length": measure(25.4, "CM"),
    "width": measure(127.0, "MM"),
    "height": measure(2.54, "centimeters"),
    "weight": measure(8.0, "ounces"),
}
OTHER_SIZE = (9.25, 8.5, 1.75)

DOCUMENTS: dict[str, Document] = {
    "00001": make_document(3, make_line(P1, 2), make_line(P2, 1, OTHER_SIZE, name="Another name")),
    "1": as_unpadded("1", make_document(1, make_line(P1, 1))),
    "00002": make_document(0),
    "2": as_unpadded("2", make_document(0)),
    # one ASIN under two FCSKUs of one bin
    "00003": make_document(5, make_line(P1, 4), ZZX0000001=make_line(P1, 1)),
    # no ASIN; no weight; nothing measured
    "00004": make_document(
        6, make_line(P3, 2, weight=None), make_line(P4, 3, None, None), ZZX0000002=make_line(None, 1)
    ),
    # gaps of the documents themselves, one of them the same in two bins of one number
    "00005": make_document(4, make_line(P2, 1)),
    "5": as_unpadded("5", make_document(4, make_line(P2, 1))),
    # two items that nothing but the ASIN tells apart
    "00008": make_document(2, make_line(P9, 1), make_line(ISBN, 1)),
    # a gap of the loading: P4 has no textual name, P6 no whole quantity
    "00006": make_document(6, make_line(P2, 2), make_line(P4, 1, name=5), make_line(P6, 2.5)),
    # its only line is rejected
    "00007": make_document(1, make_line(P6, 1, length={"unit": "IN", "value": "4"})),
    # sides the wrong way round
    "00009": make_document(2, make_line(P1, 1, (1.0, 3.0, 9.0)), make_line(P3, 1, (2.0, 3.0, 0.1))),
    # P5 is in ten bins, P8 in eleven, and these have every expected quantity from 2 to 11
    **{f"{10 + n:05d}": make_document(n + 1, make_line(P5, n), make_line(P8, 1)) for n in range(1, 11)},
    # the same three times
    **{
        stem: make_document(4, make_line(P1, 1), make_line(P2, 1, name="Other"), ZZX0000003=make_line(P3, 2))
        for stem in ("00091", "00092", "00093")
    },
    "99999": make_document(30, make_line(P7, 29) | OTHER_UNITS, make_line(P8, 1)),
    "100000": make_document(12, make_line(P2, 11), make_line(P3, 1, (7.0, 1.0, 0.5), 3.0)),
}
REJECTED_LINES = {
    ("00006", P4): "not_text",
    ("00006", P6): "quantity_not_whole",
    ("00007", P6): "measurement_not_number",
}
REJECTED_DOCUMENTS = {
    "00030": ("not_json", "<Error><Code>SlowDown</Code></Error>"),
    "3": ("expected_quantity_not_whole", json.dumps(make_document("3", make_line(P1, 3)))),
    "notes": ("unrecognised_key", json.dumps(make_document(1, make_line(P1, 1)))),
}
PICTURES = {"00001": 700, "1": 40, "100000": 5, "cover": 3}


@dataclass(frozen=True)
class Bucket:
    """What the reports are held against: documents without their rejected lines, and what lies around them."""

    documents: dict[str, Document]
    sizes: dict[str, int]
    pictures: dict[str, int] | None = None
    rejected_lines: dict[tuple[str, str], str] = field(default_factory=dict)
    rejected_documents: dict[str, str] = field(default_factory=dict)

    def count_rejected_lines(self, stem: str) -> int:
        return sum(bin_id == stem for bin_id, _ in self.rejected_lines)


@dataclass(frozen=True)
class Loaded:
    """A bucket, and a release that was built of it."""

    bucket: Bucket
    warehouse: Warehouse


def write_bucket(root: Path) -> Bucket:
    texts = {stem: json.dumps(document, indent=4, sort_keys=True) for stem, document in DOCUMENTS.items()}
    texts |= {stem: text for stem, (_, text) in REJECTED_DOCUMENTS.items()}
    (root / "metadata").mkdir(parents=True)
    (root / "bin-images").mkdir()
    for stem, text in texts.items():
        (root / "metadata" / f"{stem}.json").write_bytes(text.encode())
    for stem, size in PICTURES.items():
        (root / "bin-images" / f"{stem}.jpg").write_bytes(b"x" * size)
    kept = {stem: without_rejected_lines(stem, document) for stem, document in DOCUMENTS.items()}
    sizes = {stem: len(text.encode()) for stem, text in texts.items()}
    rejected_documents = {stem: reason for stem, (reason, _) in REJECTED_DOCUMENTS.items()}
    return Bucket(kept, sizes, PICTURES, REJECTED_LINES, rejected_documents)


def without_rejected_lines(stem: str, document: Document) -> Document:
    lines = document["BIN_FCSKU_DATA"].items()
    return document | {"BIN_FCSKU_DATA": {k: v for k, v in lines if (stem, k) not in REJECTED_LINES}}


def build_warehouse(source: Path, data: Path) -> Warehouse:
    fetch_documents(DirectorySource(source), DataDir(data))
    build_release(DataDir(data))
    return Warehouse.open(data)


def load_invented(folder: Path) -> Loaded:
    return Loaded(write_bucket(folder / "bucket"), build_warehouse(folder / "bucket", folder / "data"))


def load_real(folder: Path) -> Loaded:
    """The real sample, of which nothing is rejected; skips the test where there is none."""
    sample = os.environ.get("ABID_REAL_SAMPLE")
    if not sample:
        pytest.skip("ABID_REAL_SAMPLE doesn't name a folder of real documents")
    texts = {path.stem: path.read_bytes() for path in (Path(sample) / "metadata").glob("*.json")}
    documents = {stem: json.loads(text) for stem, text in texts.items()}
    pictures = {path.stem: path.stat().st_size for path in (Path(sample) / "bin-images").glob("*.jpg")}
    bucket = Bucket(documents, {stem: len(text) for stem, text in texts.items()}, pictures or None)
    return Loaded(bucket, build_warehouse(Path(sample), folder / "data"))
