"""The models that training sets are asked of: each header tells its columns, their types, their nulls and the grain."""

import re
from pathlib import Path
from typing import Any

import pytest
from documents import make_document, make_line, run_pipeline, write_bucket

from etl.models import load_inferences
from etl.training.groups import Grouping, group_bins
from etl.training.plan import Plan
from etl.training.sides import Split, parse_ratios
from etl.training.tables import ask_leaks, ask_splits, ask_task
from etl.warehouse import Warehouse

SPLIT = Split(parse_ratios("80/10/10"), seed=7)
TYPES = {
    "varchar": str,
    "bigint": int,
    "integer": int,
    "double": float,
    "boolean": bool,
    "texts": list,
}
ASKED = [name for name in load_inferences() if not name.startswith("challenge_")]
"""`test_training_formats.py` holds the others to their headers, where lists of the challenge are made."""
TASKS = ("counting", "verification", "quantity-verification")
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """Items of a kind in bins of their own, a shelf, a bridge, an empty bin, and a line of which little is known."""
    folder = tmp_path_factory.mktemp("inferences")
    documents = {
        f"{10 * number:05d}": make_document(make_line(f"B0ITEM{number}", 2), make_line(f"B0OTHER{number}", name=None))
        for number in range(1, 41)
    }
    documents |= {"01000": make_document(make_line("B0LEFT")), "01001": make_document(make_line("B0RIGHT"))}
    documents |= {"01002": make_document(make_line("B0LEFT"), make_line("B0RIGHT"))}
    documents |= {
        "01010": make_document(make_line("B0LEFT")),
        "01020": make_document(make_line(None)),
        "7": make_document(),
    }
    bucket = write_bucket(
        folder / "bucket", {f"metadata/{stem}.json": document for stem, document in documents.items()}
    )
    run_pipeline(bucket, folder / "data")
    return Warehouse.open(folder / "data")


@pytest.fixture(scope="module")
def inferred(warehouse: Warehouse) -> dict[str, Rows]:
    """The rows of every model."""
    bins = list(group_bins(warehouse.connect(), Grouping()))
    results = {task.replace("-", "_"): ask_task(warehouse, Plan(task, SPLIT)) for task in TASKS}
    rows = {name: result.arrow().to_pylist() for name, result in results.items()}
    rows["splits"] = ask_splits(warehouse, bins, SPLIT).arrow().to_pylist()
    rows["leaks"] = ask_leaks(warehouse, bins, SPLIT).arrow().to_pylist()
    beside = results["verification"].connect()
    for name in ("candidates", "name_keys", "item_keys", "held_keys", "positives", "near_classes"):
        rows[name] = beside.sql(f"select * from {name}").to_arrow_table().to_pylist()
    evidence = load_inferences()["capture_evidence"].query
    parameters = {"window": 2, "overlap": 0.0, "group_by": "item", "kept": []}
    rows["capture_evidence"] = warehouse.connect().sql(evidence, params=parameters).to_arrow_table().to_pylist()
    return rows


@pytest.mark.parametrize("name", ASKED)
def test_a_header_tells_the_columns_of_its_model(name: str, inferred: dict[str, Rows]) -> None:
    model, rows = load_inferences()[name], inferred[name]
    assert list(rows[0]) == model.column_names
    for column in model.columns:
        values = [row[column.name] for row in rows]
        assert {type(value) for value in values} - {type(None)} <= {TYPES[column.type]}
        assert column.nullable or None not in values, column.name


@pytest.mark.parametrize("name", ASKED)
def test_a_header_tells_the_grain_of_its_model(name: str, inferred: dict[str, Rows]) -> None:
    [told] = re.findall(r"one row per \(?([\w, ]+)\)?", load_inferences()[name].grain)
    keys = [tuple(row[column] for column in told.split(", ")) for row in inferred[name]]
    assert len(keys) == len(set(keys)) > 0


@pytest.mark.parametrize("name", load_inferences())
def test_a_header_describes_each_column(name: str) -> None:
    model = load_inferences()[name]
    assert model.kind == "inference"
    assert model.about.endswith((".", "?"))
    assert [column.name for column in model.columns if not column.description.endswith(".")] == []


def test_no_name_of_a_model_is_that_of_another() -> None:
    folders = [Path(__file__).parents[2] / "sql" / folder for folder in ("models", "models/inferred", "views")]
    names = [path.stem for folder in folders for path in folder.glob("*.sql")]
    assert len(names) == len(set(names))
