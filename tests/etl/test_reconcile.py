"""A release against published figures. What ours must be is counted here from the JSON, in plain Python."""

import json
import os
import random
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from commands import Run
from documents import encode, make_document, make_line, run_pipeline, write_bucket

from etl.reconcile import PUBLISHED, find_obstacle, reconcile
from etl.reports import find_report
from etl.synthetic import synthesize
from etl.warehouse import Warehouse

Figures = dict[tuple[str, str], Any]
ALL, PADDED, UNPADDED = "all", "padded", "unpadded"
REAL_SAMPLE = os.environ.get("ABID_REAL_SAMPLE", "")


def invent_documents() -> dict[str, dict[str, Any]]:
    """Bins of every published expected quantity and beyond; items that are often, twice, once and ten times there."""
    chance = random.Random(1)
    stems = [f"{number:05}" for number in range(1, 150)] + [str(number) for number in range(1, 30)] + ["100000"]
    documents = {}
    for place, stem in enumerate(stems):
        asins = {f"B{int(chance.expovariate(0.02)):09}" for _ in range(chance.randrange(9))}
        asins |= {"B0000TENTH"} if place < 10 else set()
        lines = [make_line(asin, chance.randrange(1, 7)) for asin in sorted(asins)]
        total = sum(line["quantity"] for line in lines)
        documents[stem] = make_document(*lines, EXPECTED_QUANTITY=place if place < 12 else total)
    # an FCSKU that isn't the ASIN, one ASIN twice in a bin, and no ASIN at all
    documents["00150"] = make_document(EXPECTED_QUANTITY=3)
    documents["00150"]["BIN_FCSKU_DATA"] = {
        "ZZ1": make_line("B0000TENTH"),
        "ZZ2": make_line("B0000TENTH"),
        "ZZ3": make_line(None),
    }
    return documents


def count_figures(documents: dict[str, dict[str, Any]], pictures: dict[str, bytes]) -> Figures:
    """Every published figure, of these documents."""
    found: Figures = {("image_bytes", ALL): sum(map(len, pictures.values()))}
    for style in (ALL, PADDED, UNPADDED):
        own = {stem: d for stem, d in documents.items() if style in (ALL, PADDED if len(stem) > 4 else UNPADDED)}
        rows = [(stem, fcsku, line) for stem, d in own.items() for fcsku, line in d["BIN_FCSKU_DATA"].items()]
        expected = [d["EXPECTED_QUANTITY"] for d in own.values()]
        bins_of_asins = Counter(asin for _, asin in {(s, line["asin"]) for s, _, line in rows} if asin)
        seen = Counter(bins_of_asins.values())
        figures = {
            "metadata_documents": len(own),
            "metadata_bytes": sum(len(encode(d)) for d in own.values()),
            **{f"bins_with_expected_quantity_{q}": expected.count(q) for q in range(11)},
            "item_rows": len(rows),
            "distinct_fcskus": len({fcsku for _, fcsku, _ in rows}),
            "distinct_asins": len(bins_of_asins),
            "asins_seen_once": seen[1],
            "asins_seen_twice": seen[2],
            "asins_seen_ten_times": seen[10],
            "mean_expected_quantity": round(sum(expected) / len(expected), 4),
            "total_expected_quantity": sum(expected),
            "max_item_quantity": max(line["quantity"] for _, _, line in rows),
            "max_fcskus_per_bin": max(Counter(stem for stem, _, _ in rows).values()),
            "max_bins_per_fcsku": max(Counter(fcsku for _, fcsku, _ in rows).values()),
        }
        found |= {(figure, style): value for figure, value in figures.items()}
    return found


DOCUMENTS = invent_documents()
PICTURES = {"bin-images/00001.jpg": b"x" * 700, "bin-images/cover.jpg": b"y"}
FIGURES = count_figures(DOCUMENTS, PICTURES)


def read_published() -> list[dict[str, Any]]:
    figures: list[dict[str, Any]] = json.loads(PUBLISHED.read_text())["figures"]
    return figures


def publish(folder: Path, changes: Figures | None = None, **more: Any) -> Path:
    """The published set, with the figures of our own bucket in it."""
    values = FIGURES | (changes or {})
    figures = [f | {"value": values[f["figure"], f["id_style"]]} | more for f in read_published()]
    path = folder / "published.json"
    path.write_text(json.dumps({"bucket": "s3://aft-vbi-pds", "figures": figures}))
    return path


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reconcile")
    documents = {f"metadata/{stem}.json": document for stem, document in DOCUMENTS.items()}
    run_pipeline(write_bucket(folder / "bucket", documents | PICTURES), folder / "data")
    return folder / "data"


@pytest.fixture(scope="module")
def warehouse(data_dir: Path) -> Warehouse:
    return Warehouse.open(data_dir)


def read_verdicts(warehouse: Warehouse, published: Path) -> dict[tuple[str, str], tuple[str, str]]:
    """(verdict, why) of each figure."""
    result = reconcile(warehouse, published).result
    rows = [dict(zip(result.columns, row, strict=True)) for row in result.rows()]
    return {(row["figure"], row["id_style"]): (row["verdict"], row["why"]) for row in rows}


def test_every_published_figure_is_counted_as_plain_python_counts_it(warehouse: Warehouse, tmp_path: Path) -> None:
    found = reconcile(warehouse, publish(tmp_path))
    rows = [dict(zip(found.result.columns, row, strict=True)) for row in found.result.rows()]
    ours = {(row["figure"], row["id_style"]): float(row["ours"]) for row in rows}
    assert ours == {key: pytest.approx(FIGURES[key]) for key in ours}
    assert len(ours) == len(read_published()) == 34
    assert min(ours.values()) > 0
    assert (found.matching, found.differing, found.incomparable) == (34, 0, 0)


@pytest.mark.parametrize("key", [(f["figure"], f["id_style"]) for f in read_published()], ids="-".join)
def test_a_figure_that_is_off_by_more_than_was_rounded_differs_and_no_other_does(
    key: tuple[str, str], warehouse: Warehouse, tmp_path: Path
) -> None:
    allowed = {"mean_expected_quantity": 0.05, "total_expected_quantity": 300}.get(key[0], 0)
    step = 0.0001 if key[0] == "mean_expected_quantity" else 1
    for off in (allowed + step, -allowed - step):
        changed = round(FIGURES[key] + off, 4)
        verdicts = read_verdicts(warehouse, publish(tmp_path, {key: changed}))
        # the number of documents is what makes these the whole bucket
        expected = "not comparable" if key == ("metadata_documents", ALL) else "match"
        assert {verdict for other, (verdict, _) in verdicts.items() if other != key} == {expected}
        assert verdicts[key][0] == ("differs" if expected == "match" else expected)


@pytest.mark.parametrize(("figure", "style", "off"), [("mean", PADDED, 0.0499), ("total", ALL, 300)])
def test_a_rounded_figure_may_be_off_by_what_was_rounded(
    figure: str, style: str, off: float, warehouse: Warehouse, tmp_path: Path
) -> None:
    key = (f"{figure}_expected_quantity", style)
    for value in (FIGURES[key] + off, FIGURES[key] - off):
        verdict, why = read_verdicts(warehouse, publish(tmp_path, {key: round(value, 4)}))[key]
        assert (verdict, why != "equal") == ("match", True)


def test_the_difference_and_what_was_rejected_are_told(tmp_path: Path) -> None:
    documents: dict[str, Any] = {f"metadata/{stem}.json": document for stem, document in DOCUMENTS.items()}
    documents["metadata/00002.json"] = b"{"
    documents["metadata/00003.json"] = make_document(make_line("B000000001", 1.5))
    run_pipeline(write_bucket(tmp_path / "bucket", documents), tmp_path / "data")
    result = reconcile(Warehouse.open(tmp_path / "data"), publish(tmp_path)).result
    rows = [dict(zip(result.columns, row, strict=True)) for row in result.rows()]
    [row] = [row for row in rows if row["figure"] == "item_rows"]
    lost = [len(DOCUMENTS[stem]["BIN_FCSKU_DATA"]) for stem in ("00002", "00003")]
    assert row["difference"] == Decimal(-sum(lost))
    assert (row["verdict"], row["why"]) == ("differs", "rejected: 1 documents and 1 lines")
    [row] = [row for row in rows if row["figure"] == "image_bytes"]
    assert (row["verdict"], row["difference"]) == ("not comparable", None)
    assert "--images" in row["why"]


WHOLE: dict[str, Any] = {
    "documents": {"listed": 536_434, "loaded": 536_434, "rejected": 0, "not_fetched": 0},
    "synthetic": None,
    "selection": None,
    "source": "/copies/abid",
}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, None),
        ({"source": "s3://aft-vbi-pds", "documents": {"listed": 536_433, "not_fetched": 0}}, None),
        ({"source": "s3://aft-vbi-pds/", "documents": {"listed": 5, "not_fetched": 0}}, None),
        ({"source": "s3://aft-vbi-pds-mirror", "documents": {"listed": 5, "not_fetched": 0}}, "lists 5 documents"),
        ({"documents": {"listed": 536_435, "not_fetched": 0}}, "lists 536,435 documents of 536,434"),
        ({"documents": {"listed": 536_434, "not_fetched": 2}}, "not fetched: 2 of 536,434"),
        ({"synthetic": {"bins": 536_434, "seed": 1}}, "invented"),
        ({"selection": {"include": "000*"}, "source": "s3://aft-vbi-pds"}, "only a part"),
    ],
)
def test_figures_can_be_compared_only_of_the_whole_bucket(changes: dict[str, Any], words: str | None) -> None:
    obstacle = find_obstacle(WHOLE | changes, json.loads(PUBLISHED.read_text()))
    assert (obstacle is None) if words is None else (words in (obstacle or ""))


def test_every_line_of_an_invented_bucket_says_why_it_cannot_be_compared(tmp_path: Path) -> None:
    synthesize(tmp_path / "bucket", bins=60, seed=1, processes=1)
    run_pipeline(tmp_path / "bucket", tmp_path / "data")
    verdicts = read_verdicts(Warehouse.open(tmp_path / "data"), PUBLISHED)
    assert set(verdicts.values()) == {("not comparable", "the documents are invented")}
    assert len(verdicts) == 34


@pytest.mark.skipif(not REAL_SAMPLE, reason="ABID_REAL_SAMPLE names no copy of real documents")
def test_every_line_of_the_real_sample_says_why_it_cannot_be_compared(tmp_path: Path) -> None:
    run_pipeline(Path(REAL_SAMPLE), tmp_path / "data")
    verdicts = read_verdicts(Warehouse.open(tmp_path / "data"), PUBLISHED)
    why = "the source is not the whole bucket: it lists 3,004 documents of 536,434"
    assert list(verdicts.values()) == [("not comparable", why)] * 34


def test_the_published_figures_agree_with_each_other_and_name_their_sources() -> None:
    figures = {(f["figure"], f["id_style"]): f["value"] for f in read_published()}
    documents = {style: figures["metadata_documents", style] for style in (ALL, PADDED, UNPADDED)}
    assert documents[ALL] == documents[PADDED] + documents[UNPADDED]
    # the unpadded bins are 200 of each expected quantity from 0 to 5
    assert documents[UNPADDED] == 6 * 200
    counts = {
        style: [figures.get((f"bins_with_expected_quantity_{q}", style)) for q in range(6)] for style in (ALL, PADDED)
    }
    assert counts[ALL] == [count + 200 for count in counts[PADDED] if count]
    assert figures["total_expected_quantity", ALL] / documents[ALL] == pytest.approx(5.1, abs=0.05)
    assert all(f["source"] for f in read_published())


def test_every_published_figure_is_one_of_the_summary(warehouse: Warehouse) -> None:
    known = {row[0] for row in warehouse.report(find_report("summary").name).rows()}
    assert {f["figure"] for f in read_published()} <= known


def test_the_command_ends_with_1_only_where_a_comparable_figure_differs(run: Run, tmp_path: Path) -> None:
    run_pipeline(
        write_bucket(tmp_path / "bucket", {"metadata/00001.json": make_document(make_line())}), tmp_path / "data"
    )
    done = run("abid-etl", "reconcile", "--format", "ndjson")
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 34)
    assert "0 match, 0 differ, 34 not comparable" in done.stderr
    manifest = tmp_path / "data" / "warehouse" / "current" / "manifest.json"
    facts = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(facts | {"source": "s3://aft-vbi-pds"}))
    done = run("abid-etl", "reconcile", "--format", "ndjson")
    assert {json.loads(line)["verdict"] for line in done.stdout.splitlines()} == {"differs", "not comparable"}
    assert done.returncode == 1
    assert "0 match, 33 differ, 1 not comparable" in done.stderr
    assert "metadata_documents" in run("abid-etl", "reconcile").stdout


def test_without_a_release_the_command_says_how_to_make_one(run: Run) -> None:
    done = run("abid-etl", "reconcile")
    assert (done.returncode, done.stdout) == (2, "")
    assert "abid-etl run" in done.stderr
