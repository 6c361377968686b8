"""How hard a picture is by the volume of what lies in it, held against the documents in plain Python."""

from math import prod
from typing import Any

import pytest
from documents import make_document, make_line
from loaded import Document, Loaded, convert, lines_of, load

from etl.training.plan import TASKS, Plan
from etl.training.sides import Split
from etl.training.tables import ask_task

SIDES = ("length", "width", "height")


def make_box(asin: str, units: int, height: Any, width: Any = 10, length: Any = 10) -> Document:
    """By inches, or as a document has it: 100 cubic inches an inch of its height."""
    sides = {"height": height, "width": width, "length": length}
    return make_line(asin, units, **{side: measured(it) for side, it in sides.items()})


def measured(length: Any) -> Any:
    return {"unit": "IN", "value": length} if isinstance(length, int | float) else length


DOCUMENTS = {
    "00010": make_document(),
    "00020": make_document(make_box("B01", 1, 0.99)),
    "00030": make_document(make_box("B02", 1, 1)),
    "00040": make_document(make_box("B03", 1, 0.5), make_box("B04", 1, 0.5)),
    "00050": make_document(make_box("B05", 5, 1)),
    "00060": make_document(make_box("B06", 5, 1), make_box("B07", 1, 0.01)),
    "00070": make_document(make_box("B08", 2, 9)),
    "00080": make_document(make_box("B09", 1, {"unit": "CM", "value": 2.54})),
    # what has no volume, alone, beside much, and beside none of it
    "00090": make_document(make_box("B10", 1, None)),
    "00100": make_document(make_box("B11", 9, 1), make_box("B12", 1, 1, width={"unit": "ells", "value": 1})),
    "00110": make_document(make_box("B13", 1, 1), make_box("B14", 0, 1, length=0)),
    # of which a line can't be loaded
    "00140": make_document(make_box("B17", 1, 1), make_line("B18", "1")),
    # for as many units of one item to be asked about as of another
    "00120": make_document(make_box("B15", 2, 0.3)),
    "00130": make_document(make_box("B16", 2, None)),
}


@pytest.fixture(scope="module")
def invented(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return load(tmp_path_factory.mktemp("strata"), DOCUMENTS, {("00140", "B18")})


@pytest.mark.parametrize("task", TASKS)
def test_invented_bins_are_classed_by_their_volume(task: str, invented: Loaded) -> None:
    assert hold_strata(invented, task) == {"unknown", "below 100", "100-500", "above 500"}


def test_real_bins_are_classed_by_their_volume(real_sample: Loaded) -> None:
    assert hold_strata(real_sample, "counting") == {"unknown", "below 100", "100-500", "above 500"}


def hold_strata(loaded: Loaded, task: str) -> set[str]:
    """Each row has the class of its bin; returns the classes that there are."""
    result = ask_task(loaded.warehouse, Plan(task, Split({"train": 1.0})))
    rows = [dict(zip(result.columns, row, strict=True)) for row in result.rows()]
    found = {row["bin_id"]: row["volume_stratum"] for row in rows}
    expected = {stem: classify(document) for stem, document in loaded.bins.items()}
    assert found == {stem: "unknown" if loaded.rejected_lines[stem] else expected[stem] for stem in found}
    if task == "counting":
        assert found.keys() == loaded.bins.keys()
    return set(found.values())


def classify(document: Document) -> str:
    volumes = [measure(line) for line in lines_of(document)]
    if None in volumes:
        return "unknown"
    volume = round(sum(volume for volume in volumes if volume), 6)
    return "below 100" if volume < 100 else "100-500" if volume <= 500 else "above 500"


def measure(line: Document) -> float | None:
    """The cubic inches of all units of a line."""
    lengths = [length for side in SIDES if (length := convert(line.get(side)))]
    return float(line["quantity"] * prod(lengths)) if len(lengths) == len(SIDES) else None
