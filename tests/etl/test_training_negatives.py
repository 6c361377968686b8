"""The negatives of the verification task: true, as hard on each side, and no giveaway."""

from pathlib import Path

import pytest
from documents import make_document, make_line
from loaded import load
from questions import ask

from etl.training.plan import Plan
from etl.training.sides import Split


@pytest.mark.parametrize("kind", ["hard", "random"])
def test_nothing_is_denied_that_a_bin_has_as_the_fcsku_of_something_else(kind: str, tmp_path: Path) -> None:
    documents = {
        "00010": make_document(BIN_FCSKU_DATA={"B00000000X": make_line("B00000000Y", name="Lamp")}),
        "00050": make_document(BIN_FCSKU_DATA={"ZZX1": make_line("B00000000X", name="Bulb")}),
        "00090": make_document(make_line("B00000000Z", name="Chair")),
    }
    warehouse = load(tmp_path, documents).warehouse
    for seed in range(4):
        rows = ask(warehouse, Plan("verification", Split({"train": 1.0}, seed=seed), negatives=kind))
        denied = {row["bin_id"]: row["asin"] for row in rows if not row["answer"]}
        assert denied.keys() == documents.keys()
        assert denied["00010"] == denied["00050"] == "B00000000Z"
