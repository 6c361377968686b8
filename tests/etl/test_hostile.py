"""Documents that somebody meant harm with, or that a failing disk left: no surprise is possible, whatever they say.

Each is judged by Python's own JSON reader (`oracle`), and the release must say the same of it: the same values where it
can be loaded, else the same reason and place. `ABID_HOSTILE` says how many thousand are made.
"""

import os
import random
from collections import Counter
from functools import cache

import pytest
from documents import run_pipeline, write_bucket
from grammar import valid_documents
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from mutations import mutate
from oracle import Verdict, judge
from rebuilding import Place, parse_place, rebuild, spell

from etl.models import load_tables
from etl.warehouse import Warehouse

THOUSANDS = int(os.environ.get("ABID_HOSTILE", "10"))
_EACH = 20


@cache
def make_documents() -> dict[str, bytes]:
    """Hostile documents by the stem of their keys."""
    bodies: list[bytes] = []

    @settings(
        max_examples=1_000 * THOUSANDS // _EACH,
        phases=[Phase.generate],
        database=None,
        suppress_health_check=list(HealthCheck),
        deadline=None,
    )
    @given(valid_documents(), st.integers(0, 2**32))
    def collect(document: object, seed: int) -> None:
        random_ = random.Random(seed)
        bodies.extend(mutate(document, random_) for _ in range(_EACH))

    collect()
    return {f"{number:05d}": body for number, body in enumerate(bodies, 1)}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    folder = tmp_path_factory.mktemp("hostile")
    documents = {f"metadata/{stem}.json": body for stem, body in make_documents().items()}
    run_pipeline(write_bucket(folder / "bucket", documents), folder / "data")
    return Warehouse.open(folder / "data")


@pytest.fixture(scope="module")
def verdicts() -> dict[str, Verdict]:
    return {stem: judge(body) for stem, body in make_documents().items()}


def test_what_a_strict_reader_accepts_is_loaded_with_equal_values(
    warehouse: Warehouse, verdicts: dict[str, Verdict]
) -> None:
    tables = [warehouse.table(name).pl().iter_rows(named=True) for name in ("bins", "observations")]
    rebuilt = rebuild(*tables)
    differing = {
        stem: (body, verdict.document, rebuilt.get(stem))
        for (stem, body), verdict in zip(make_documents().items(), verdicts.values(), strict=True)
        if spell(verdict.document) != spell(rebuilt.get(stem))
    }
    assert differing == {}


def test_everything_else_is_rejected_with_the_right_reason_and_place(
    warehouse: Warehouse, verdicts: dict[str, Verdict]
) -> None:
    found: dict[str, dict[Place, str]] = {stem: {} for stem in verdicts}
    for stem, path, reason in warehouse.sql("select bin_id, json_path, reason from rejects").rows():
        found[stem][parse_place(path)] = reason
    differing = {
        stem: (make_documents()[stem], verdict.faults, found[stem])
        for stem, verdict in verdicts.items()
        if verdict.faults != found[stem]
    }
    assert differing == {}


def test_the_books_balance(warehouse: Warehouse, verdicts: dict[str, Verdict]) -> None:
    loaded = [verdict for verdict in verdicts.values() if verdict.document is not None]
    lines = sum(len(verdict.document["BIN_FCSKU_DATA"]) for verdict in loaded if verdict.document)
    rejected = sum(len(verdict.faults) for verdict in loaded)
    manifest = warehouse.release.manifest
    assert manifest["documents"] == {
        "listed": len(verdicts),
        "loaded": len(loaded),
        "rejected": len(verdicts) - len(loaded),
        "not_fetched": 0,
    }
    assert manifest["lines"] == {"seen": lines + rejected, "loaded": lines, "rejected": rejected}


def test_the_documents_are_as_hostile_as_they_are_meant_to_be(verdicts: dict[str, Verdict]) -> None:
    """Every reason that the header of `rejects` names, but that of keys; and enough that can be loaded."""
    reasons = Counter(reason for verdict in verdicts.values() for reason in verdict.faults.values())
    [column] = [column for column in load_tables()["rejects"].columns if column.name == "reason"]
    named = set(column.description.removeprefix("What is wrong: ").rstrip(".").replace(";", ",").split(", "))
    assert reasons.keys() == named - {"unrecognised_key"}
    assert sum(verdict.document is not None for verdict in verdicts.values()) > len(verdicts) // 4
    assert len(verdicts) > 900 * THOUSANDS
