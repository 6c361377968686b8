"""Every document can be rebuilt from `bins` and `observations`: nothing that it said is lost or changed."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from documents import make_document, make_line, run_pipeline, write_bucket
from grammar import valid_documents
from hypothesis import HealthCheck, given, settings
from rebuilding import Document, rebuild, spell

from etl.warehouse import Warehouse

EXAMPLES = 250
REAL_SAMPLE = os.environ.get("ABID_REAL_SAMPLE", "")


def load(documents: dict[str, Any], folder: Path) -> Warehouse:
    bucket = write_bucket(folder / "bucket", {f"metadata/{stem}.json": body for stem, body in documents.items()})
    run_pipeline(bucket, folder / "data")
    return Warehouse.open(folder / "data")


def find_differences(warehouse: Warehouse, documents: dict[str, Document]) -> dict[str, tuple[Any, Any]]:
    """What was written and what was rebuilt, where they differ."""
    tables = [warehouse.table(name).pl().iter_rows(named=True) for name in ("bins", "observations")]
    rebuilt = rebuild(*tables)
    stems = documents.keys() | rebuilt.keys()
    return {s: (documents.get(s), rebuilt.get(s)) for s in stems if spell(documents.get(s)) != spell(rebuilt.get(s))}


# --- invented documents ---------------------------------------------------------------------------------------------

ODD_DOCUMENTS = {
    "padded": make_document(make_line("B000000001", 2), make_line("B000000002", 1)),
    "unpadded": make_document(make_line(normalizedName=...), image_fname="2.jpg"),
    "empty": make_document(),
    "no asin": make_document(make_line(None)),
    "no names": make_document(make_line(name=None, normalizedName=None)),
    "normalised to nothing": make_document(make_line(normalizedName=None)),
    "nothing measured": make_document(make_line(length=None, width=None, height=None, weight=None)),
    "only the weight": make_document(make_line(length=None, width=None, height=None)),
    "no file name": make_document(image_fname=None),
    "file name a number": make_document(image_fname=3),
    "file name empty": make_document(image_fname=""),
    "float noise": make_document(make_line(weight={"unit": "pounds", "value": 0.1 + 0.2})),
    "unknown truths and numbers": make_document(make_line(x=True, y=[1, 1.0, -0.0]), x=False, y={"z": [0, 0.0, True]}),
    "large unknown numbers": make_document(make_line(x=2**64, y=10**40), x=[-(2**63) - 1, 1e300]),
    "odd unit": make_document(make_line(weight={"unit": "", "value": -1e-300})),
    "unknown beside known": make_document(make_line(note=None, weight={"unit": "g", "value": 1, "by": [1]}), v=1.0),
    "unknown inside only": make_document(make_line(length={"unit": "IN", "value": 2, "": {"by": None}})),
    "empty unknown": make_document(make_line(**{"": ""}), **{"": {}}),
    "odd FCSKUs": make_document(BIN_FCSKU_DATA={key: make_line() for key in ("", '"', "$.a", "a.b", "ü\t", "B", "b")}),
    "odd names": make_document(make_line(name="\u0092\u00ad\t\n\ufffd\u2028&amp;\\\"/'\x00\U0001f4e6 \x7f")),
    "long name": make_document(make_line(name="lång " * 10_000)),
    "many lines": make_document(*(make_line(f"B{number:09d}", number) for number in range(3_000))),
}  # fmt: skip


@pytest.mark.parametrize(("one", "other"), [(True, 1), (1, 1.0), (0.0, -0.0), (None, "null"), ([False], [0])])
def test_a_value_of_another_type_is_a_difference(one: Any, other: Any) -> None:
    def put(value: Any) -> list[Document]:
        inside = {"unit": "IN", "value": 1, "by": value}
        return [make_document(x=value), make_document(make_line(x=value)), make_document(make_line(width=inside))]

    for document, same, changed in zip(put(one), put(one), put(other), strict=True):
        assert spell(document) == spell(same) != spell(changed)


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Any, Any]]:
    stems = {kind: str(number) for number, kind in enumerate(ODD_DOCUMENTS, 1)}
    documents = {stems[kind]: document for kind, document in ODD_DOCUMENTS.items()}
    differences = find_differences(load(documents, tmp_path_factory.mktemp("odd")), documents)
    return {kind: differences[stem] for kind, stem in stems.items() if stem in differences}


@pytest.mark.parametrize("kind", ODD_DOCUMENTS)
def test_an_odd_document_is_rebuilt(kind: str, odd: dict[str, tuple[Any, Any]]) -> None:
    assert odd.get(kind) is None


# --- generated documents --------------------------------------------------------------------------------------------


def generate_documents() -> list[Document]:
    documents: list[Document] = []

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(valid_documents())
    def collect(document: Document) -> None:
        documents.append(document)

    collect()
    return documents


def test_any_valid_document_is_rebuilt(tmp_path: Path) -> None:
    # one build for all of them
    documents = {f"{number:05d}": document for number, document in enumerate(generate_documents())}
    raw = {
        stem: json.dumps(document, ensure_ascii=number % 2 == 0).encode()
        for number, (stem, document) in enumerate(documents.items())
    }
    warehouse = load(raw, tmp_path)
    assert warehouse.sql("select json_path, reason, body from rejects").rows() == []
    assert find_differences(warehouse, documents) == {}
    assert len(documents) >= EXAMPLES // 2


# --- real documents -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sources() -> dict[str, Document]:
    folder = Path(REAL_SAMPLE) / "metadata"
    return {path.stem: json.loads(path.read_bytes()) for path in folder.glob("*.json")}


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    data = tmp_path_factory.mktemp("real")
    run_pipeline(Path(REAL_SAMPLE), data)
    return Warehouse.open(data)


needs_real_documents = pytest.mark.skipif(not REAL_SAMPLE, reason="ABID_REAL_SAMPLE names no copy of real documents")


@needs_real_documents
def test_every_real_document_is_rebuilt(real: Warehouse, sources: dict[str, Document]) -> None:
    assert find_differences(real, sources) == {}


@needs_real_documents
def test_all_real_documents_are_loaded_and_add_up(real: Warehouse, sources: dict[str, Document]) -> None:
    held = [line for document in sources.values() for line in document["BIN_FCSKU_DATA"].values()]
    manifest = real.release.manifest
    assert manifest["documents"] == {"listed": 3004, "loaded": 3004, "rejected": 0, "not_fetched": 0}
    assert manifest["lines"] == {"seen": len(held), "loaded": len(held), "rejected": 0}
    totals = "select sum(expected_quantity), sum(total_quantity), sum(fcsku_count), sum(metadata_bytes) from bins"
    assert real.sql(totals).rows() == [
        (
            sum(document["EXPECTED_QUANTITY"] for document in sources.values()),
            sum(line["quantity"] for line in held),
            len(held),
            sum(path.stat().st_size for path in Path(REAL_SAMPLE).glob("metadata/*.json")),
        )
    ]
    [(items,)] = real.sql("select count(*) from items").rows()
    assert items == len({line["asin"] for line in held} - {None})


@needs_real_documents
def test_real_bins_with_a_gap_and_real_twins_are_told_apart(real: Warehouse, sources: dict[str, Document]) -> None:
    gaps = {
        stem: gap
        for stem, document in sources.items()
        if (gap := document["EXPECTED_QUANTITY"] - sum(x["quantity"] for x in document["BIN_FCSKU_DATA"].values()))
    }
    assert dict(real.sql("select bin_id, quantity_gap from bins where quantity_gap <> 0").rows()) == gaps
    assert {"01405", "01406", "02081", "02082"} <= gaps.keys()
    twins = real.sql("select id_style, inventory_hash from bins where bin_number = 523 order by bin_id").rows()
    assert [style for style, _ in twins] == ["padded", "unpadded"]
    assert twins[0][1] != twins[1][1]
