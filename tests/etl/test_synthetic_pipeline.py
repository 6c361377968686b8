"""The synthetic bucket through the whole pipeline: what was planted is what is found."""

import json
from pathlib import Path

import pytest
from documents import run_pipeline

from etl.synthetic import synthesize
from etl.warehouse import Warehouse


@pytest.fixture(scope="module")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dirty")
    synthesize(folder / "bucket", bins=3000, seed=3, dirty=0.05)
    run_pipeline(folder / "bucket", folder / "data")
    return folder


def test_exactly_what_was_planted_is_rejected_for_the_planted_reason(dirty: Path) -> None:
    lines = (dirty / "bucket" / "planted.jsonl").read_text().splitlines()
    planted = [(fault["key"], fault["scope"], fault["reason"]) for fault in map(json.loads, lines)]
    found = Warehouse.open(dirty / "data").sql("select metadata_key, scope, reason from rejects order by all").rows()
    assert found == sorted(fault for fault in planted if fault[1] != "none")
    assert {fault[1] for fault in planted} == {"document", "line", "none"}


def test_a_release_of_invented_documents_says_so(dirty: Path) -> None:
    synthetic = Warehouse.open(dirty / "data").release.manifest["synthetic"]
    assert {name: synthetic[name] for name in ("bins", "seed", "dirty")} == {"bins": 3000, "seed": 3, "dirty": 0.05}
