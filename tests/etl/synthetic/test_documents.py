"""The form of the documents, on which a parser of the real bucket relies."""

import json
from pathlib import Path

ITEM_FIELDS = ["asin", "height", "length", "name", "normalizedName", "quantity", "weight", "width"]


def test_bytes_are_those_of_json_dumps(bucket: Path) -> None:
    texts = [path.read_bytes() for path in (bucket / "metadata").iterdir()]
    assert [t for t in texts if t != json.dumps(json.loads(t), indent=4, sort_keys=True).encode("ascii")] == []


def test_both_styles_of_stem_are_there_in_the_real_proportion(bucket: Path) -> None:
    stems = {path.stem for path in (bucket / "metadata").iterdir()}
    assert stems == {str(n) for n in range(1, 46)} | {f"{n:05d}" for n in range(1, 19_956)}


def test_a_padded_document_has_normalised_names_and_no_picture(bucket: Path) -> None:
    document = json.loads((bucket / "metadata/00002.json").read_bytes())
    assert set(document) == {"BIN_FCSKU_DATA", "EXPECTED_QUANTITY"}
    assert document["BIN_FCSKU_DATA"]
    assert all(list(line) == ITEM_FIELDS for line in document["BIN_FCSKU_DATA"].values())


def test_an_unpadded_document_names_its_picture_and_has_no_normalised_names(bucket: Path) -> None:
    document = json.loads((bucket / "metadata/45.json").read_bytes())
    assert set(document) == {"BIN_FCSKU_DATA", "EXPECTED_QUANTITY", "image_fname"}
    assert document["image_fname"] == "45.jpg"
    assert document["BIN_FCSKU_DATA"]
    fields = [field for field in ITEM_FIELDS if field != "normalizedName"]
    assert all(list(line) == fields for line in document["BIN_FCSKU_DATA"].values())


def test_unpadded_bins_come_in_equal_shares_of_the_expected_quantities_0_to_5(bucket: Path) -> None:
    expected = [
        json.loads((bucket / f"metadata/{number}.json").read_bytes())["EXPECTED_QUANTITY"] for number in range(1, 46)
    ]
    assert sorted({q: expected.count(q) for q in expected}.items()) == [(0, 8), (1, 7), (2, 8), (3, 7), (4, 8), (5, 7)]
