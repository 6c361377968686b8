"""The reports on pictures and on the figures of the ABID challenge, against plain Python over the documents."""

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
from documents import encode, make_document, make_line, run_pipeline, write_bucket
from loaded import Document, Loaded, each_line, load

from etl.warehouse import Warehouse

STYLES = ["all", "padded", "unpadded"]
A, B, C, D, E, F, G = (f"B00000000{letter}" for letter in "ABCDEFG")


# --- pictures -------------------------------------------------------------------------------------------------------

BINS = ["00001", "00002", "00003", "1", "2", "99999", "100000", "654321"]
PICTURES = {"00001": 700, "00002": 0, "1": 40, "654321": 9, "00009": 5, "100009": 6, "250000": 1, "cover": 3, "0001": 2}


def load_pictures(folder: Path, pictures: dict[str, int]) -> Warehouse:
    documents = {f"metadata/{stem}.json": encode(make_document()) for stem in BINS}
    images = {f"bin-images/{stem}.jpg": b"x" * size for stem, size in pictures.items()}
    run_pipeline(write_bucket(folder / "bucket", documents | images), folder / "d")
    return Warehouse.open(folder / "d")


def test_image_coverage_counts_bins_and_pictures_by_partition(tmp_path: Path) -> None:
    assert load_pictures(tmp_path, PICTURES).report("image-coverage").rows() == [
        # bucket, bins, with and without a picture, share, bytes, pictures without a bin
        ("b0", 4, 2, 2, 0.5, 700, 1),
        ("b1", 1, 0, 1, 0.0, 0, 1),
        ("b2", 0, 0, 0, None, 0, 1),
        ("b6", 1, 1, 0, 1.0, 9, 0),
        ("none", 0, 0, 0, None, 0, 2),
        ("u0", 2, 1, 1, 0.5, 40, 0),
    ]


def test_image_coverage_says_nothing_where_no_pictures_were_listed(tmp_path: Path) -> None:
    assert load_pictures(tmp_path, {}).report("image-coverage").rows() == []


# --- the challenge --------------------------------------------------------------------------------------------------

DOCUMENTS: dict[str, Any] = {
    "00001": make_document(make_line(A, 2), make_line(B), EXPECTED_QUANTITY=3),
    "00002": make_document(make_line(A, 5), EXPECTED_QUANTITY=5),
    # hard; without it B is in two images
    "00003": make_document(make_line(A, 6), EXPECTED_QUANTITY=6),
    "00011": make_document(make_line(B, 7), EXPECTED_QUANTITY=7),
    "00004": make_document(make_line(C), make_line(None), EXPECTED_QUANTITY=2),
    # one ASIN twice in a bin is seen twice, but no other image has it
    "00005": {"BIN_FCSKU_DATA": {D: make_line(D), "ZZ1": make_line(D)}, "EXPECTED_QUANTITY": 2},
    # one other image has the ASIN, but on two lines
    "00015": make_document(make_line(F)),
    "00016": {"BIN_FCSKU_DATA": {F: make_line(F), "ZZ1": make_line(F)}, "EXPECTED_QUANTITY": 2},
    # nor does the moderate one count lines of hard ones, nor an image its own
    "00017": make_document(make_line(G)),
    "00018": {"BIN_FCSKU_DATA": {G: make_line(G), "ZZ1": make_line(G, 6)}, "EXPECTED_QUANTITY": 7},
    # an ASIN can be an empty text
    "00019": make_document(make_line("")),
    "00020": make_document(make_line("")),
    # nothing is expected, so that the line doesn't count
    "00006": make_document(make_line(C), EXPECTED_QUANTITY=0),
    "00007": make_document(),
    "00008": make_document(make_line(None), EXPECTED_QUANTITY=1),
    "00009": make_document(make_line(None), make_line(B), make_line(E, "1"), EXPECTED_QUANTITY=4),
    "00010": make_document(make_line(A), EXPECTED_QUANTITY=1),
    **{f"001{n}": make_document(make_line(E, n), EXPECTED_QUANTITY=n) for n in range(10, 20)},
    "1": make_document(make_line(A, normalizedName=...), EXPECTED_QUANTITY=1),
    "2": make_document(make_line(C, 9, normalizedName=...), EXPECTED_QUANTITY=9),
}


@pytest.fixture(scope="module", params=["invented", "real"])
def loaded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    if request.param == "real":
        real: Loaded = request.getfixturevalue("real_sample")
        return real
    return load(tmp_path_factory.mktemp("invented"), DOCUMENTS, {("00009", E)})


def count_for_challenge(bins: dict[str, Document]) -> dict[str, float | None]:
    """By the rules of the challenge's scripts.

    The metadata script lists the images of every category, one entry a line. The verification script goes through the
    lines of each image: the other images in the list of its category are the targets. A line with a target is a
    question, and an image with a line that has two targets is trained with.
    """
    quantities = {stem: document["EXPECTED_QUANTITY"] for stem, document in bins.items()}
    instances: dict[str | None, list[str]] = defaultdict(list)
    for stem, line in each_line(bins):
        if quantities[stem] > 0:
            instances[line["asin"]].append(stem)
    seen = Counter(map(len, instances.values()))
    classes = Counter(quantities.values())
    asked = trained = 0
    for stem, document in bins.items():
        asins = [line["asin"] for line in document["BIN_FCSKU_DATA"].values() if quantities[stem] > 0]
        targets = [[image for image in instances[asin] if image != stem] for asin in asins if asin is not None]
        asked += sum(len(found) > 0 for found in targets)
        trained += any(len(found) > 1 for found in targets)
    return {
        "images": len(bins),
        "average_quantity": round(sum(quantities.values()) / len(bins), 4) if bins else None,
        **{f"images_with_quantity_{quantity}": classes[quantity] for quantity in range(6)},
        "images_with_quantity_over_5": sum(count for quantity, count in classes.items() if quantity > 5),
        "categories": len(instances),
        "categories_seen_once": seen[1],
        "categories_seen_twice": seen[2],
        "categories_seen_ten_times": seen[10],
        "verification_questions": asked,
        "verification_training_images": trained,
    }


@pytest.mark.parametrize("style", STYLES)
def test_challenge_tables_counts_as_the_challenge_did(loaded: Loaded, style: str) -> None:
    bins = loaded.of_style(style)
    hard = count_for_challenge(bins)
    moderate = count_for_challenge({s: d for s, d in bins.items() if d["EXPECTED_QUANTITY"] <= 5})
    report = loaded.warehouse.report("challenge-tables", id_style=style)
    assert report.columns == ["figure", "moderate", "hard"]
    rows = [(name, *(None if v is None else float(v) for v in values)) for name, *values in report.rows()]
    assert rows == [(figure, moderate[figure], hard[figure]) for figure in hard]


def test_challenge_tables_counts_padded_bins_unless_told_otherwise(loaded: Loaded) -> None:
    figures = {figure: hard for figure, _, hard in loaded.warehouse.report("challenge-tables").rows()}
    padded = loaded.of_style("padded")
    assert figures["images"] == len(padded) < len(loaded.bins)
