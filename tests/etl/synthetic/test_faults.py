"""The bad documents: all kinds, each as its line of `planted.jsonl` says."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from etl.synthetic import synthesize
from etl.synthetic.faults import FAULTS

BINS = 2000


@pytest.fixture(scope="module")
def dirty_bucket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("dirty") / "bucket"
    synthesize(directory, bins=BINS, seed=1, dirty=0.05, processes=1)
    return directory


@pytest.fixture(scope="module")
def planted(dirty_bucket: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in (dirty_bucket / "planted.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def spoiled(dirty_bucket: Path, planted: list[dict[str, str]]) -> dict[str, bytes]:
    """The first bad document of each kind."""
    return {fault["kind"]: (dirty_bucket / fault["key"]).read_bytes() for fault in reversed(planted)}


def test_as_many_documents_are_planted_as_asked(dirty_bucket: Path, planted: list[dict[str, str]]) -> None:
    documents = [path for path in (dirty_bucket / "metadata").rglob("*") if path.is_file()]
    assert len({fault["key"] for fault in planted}) == len(planted) == 100
    assert len(documents) == BINS


def test_every_kind_is_planted_in_turn_and_the_huge_bin_once(planted: list[dict[str, str]]) -> None:
    kinds = Counter(fault["kind"] for fault in planted)
    assert set(kinds) == {fault.kind for fault in FAULTS}
    assert kinds.pop("huge_bin") == 1
    assert set(kinds.values()) == {3, 4}


def test_kinds_reasons_and_scopes_are_the_agreed_ones(planted: list[dict[str, str]]) -> None:
    reasons = {(fault["scope"], fault["reason"]) for fault in planted}
    assert reasons == {
        ("document", "empty"),
        ("document", "not_json"),
        ("document", "not_object"),
        ("document", "byte_order_mark"),
        ("document", "not_utf8"),
        ("document", "duplicate_key"),
        ("document", "lines_not_object"),
        ("document", "missing_field"),
        ("document", "expected_quantity_not_whole"),
        ("document", "unrecognised_key"),
        ("line", "quantity_not_whole"),
        ("line", "missing_field"),
        ("line", "measurement_not_finite"),
        ("line", "measurement_not_object"),
        ("line", "line_not_object"),
        ("line", "duplicate_key"),
        ("none", "loads"),
    }


def test_documents_that_are_not_planted_are_those_of_the_clean_bucket(
    dirty_bucket: Path, planted: list[dict[str, str]], tmp_path: Path
) -> None:
    synthesize(tmp_path / "clean", bins=BINS, seed=1, processes=1)
    keys = {fault["key"] for fault in planted}
    kept = [path for path in (dirty_bucket / "metadata").glob("*.json") if f"metadata/{path.name}" not in keys]
    assert len(kept) == BINS - 100
    assert all(path.read_bytes() == (tmp_path / "clean/metadata" / path.name).read_bytes() for path in kept)


@pytest.mark.parametrize("kind", ["truncated", "store_error_page"])
def test_what_is_not_json_does_not_parse(spoiled: dict[str, bytes], kind: str) -> None:
    with pytest.raises(json.JSONDecodeError):
        json.loads(spoiled[kind])


def test_deep_nesting_is_20000_levels_of_a_document_that_is_else_whole(spoiled: dict[str, bytes]) -> None:
    deep = b"[" * 20_000 + b"]" * 20_000
    assert deep in spoiled["deep_nesting"]
    assert set(json.loads(spoiled["deep_nesting"].replace(deep, b"0"))) >= {"BIN_FCSKU_DATA", "note"}


def test_broken_text_is_broken_where_it_says(spoiled: dict[str, bytes]) -> None:
    assert spoiled["empty_file"] == b""
    assert spoiled["byte_order_mark"].startswith(b"\xef\xbb\xbf{")
    assert rb"\ud83d " in spoiled["lone_surrogate"]
    with pytest.raises(UnicodeDecodeError):
        spoiled["invalid_utf8"].decode()


@pytest.mark.parametrize("kind", ["duplicate_fcsku", "duplicate_field"])
def test_duplicate_keys_are_seen_by_a_parser_that_looks(spoiled: dict[str, bytes], kind: str) -> None:
    def refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(pairs)) == len(pairs), "duplicate"
        return dict(pairs)

    with pytest.raises(AssertionError, match="duplicate"):
        json.loads(spoiled[kind], object_pairs_hook=refuse_duplicates)


def find_line(document: dict[str, Any]) -> Any:
    return next(iter(document["BIN_FCSKU_DATA"].values()))


DOCUMENT_CHECKS: dict[str, Callable[[Any], bool]] = {
    "top_level_list": lambda document: isinstance(document, list),
    "lines_null": lambda document: document["BIN_FCSKU_DATA"] is None,
    "lines_list": lambda document: document["BIN_FCSKU_DATA"] == [],
    "lines_missing": lambda document: "BIN_FCSKU_DATA" not in document,
    "expected_missing": lambda document: "EXPECTED_QUANTITY" not in document,
    "expected_string": lambda document: document["EXPECTED_QUANTITY"] == "3",
    "quantity_string": lambda document: find_line(document)["quantity"] == "1",
    "quantity_float": lambda document: find_line(document)["quantity"] == 1.5,
    "quantity_negative": lambda document: find_line(document)["quantity"] == -1,
    "quantity_huge": lambda document: find_line(document)["quantity"] == 1e300,
    "quantity_missing": lambda document: "quantity" not in find_line(document),
    "measurement_nan": lambda document: str(find_line(document)["weight"]["value"]) == "nan",
    "measurement_infinite": lambda document: str(find_line(document)["length"]["value"]) == "inf",
    "measurement_number": lambda document: find_line(document)["height"] == 2.5,
    "line_string": lambda document: isinstance(find_line(document), str),
    "nul_in_name": lambda document: "\0" in find_line(document)["name"],
    "unknown_field": lambda document: "SHELF" in document,
    "huge_bin": lambda document: len(document["BIN_FCSKU_DATA"]) == 10_000,
}


@pytest.mark.parametrize("kind", DOCUMENT_CHECKS)
def test_json_that_parses_is_wrong_as_its_kind_says(spoiled: dict[str, bytes], kind: str) -> None:
    assert DOCUMENT_CHECKS[kind](json.loads(spoiled[kind]))


def test_faults_of_a_line_leave_the_other_lines_whole(spoiled: dict[str, bytes]) -> None:
    lines = list(json.loads(spoiled["quantity_missing"])["BIN_FCSKU_DATA"].values())
    assert len(lines) > 1
    assert all(isinstance(line["quantity"], int) for line in lines[1:])


def test_odd_keys_are_odd_in_each_way(planted: list[dict[str, str]]) -> None:
    keys = {fault["kind"]: fault["key"] for fault in reversed(planted) if fault["reason"] == "unrecognised_key"}
    assert not keys["stem_not_number"].removeprefix("metadata/").removesuffix(".json").isdigit()
    assert " " in keys["key_with_space"]
    assert keys["nested_key"].startswith("metadata/nested/")


def test_an_empty_bin_gets_a_line_when_the_fault_needs_one(tmp_path: Path) -> None:
    for name, dirty in (("clean", 0.0), ("dirty", 1.0)):
        synthesize(tmp_path / name, bins=1000, seed=1, dirty=dirty, processes=1)
    faults = [json.loads(line) for line in (tmp_path / "dirty/planted.jsonl").read_text().splitlines()]
    keys = [fault["key"] for fault in faults if fault["scope"] == "line"]
    emptied = [key for key in keys if not json.loads((tmp_path / "clean" / key).read_bytes())["BIN_FCSKU_DATA"]]
    assert emptied
    assert all(json.loads((tmp_path / "dirty" / key).read_bytes())["BIN_FCSKU_DATA"] for key in emptied)
