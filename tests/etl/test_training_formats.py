"""The formats of training sets: read back by plain means, and the lists of abid_challenge by its published rules."""

import csv
import json
import os
import tarfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from documents import run_pipeline, write_bucket
from trainingsets import Challenge, Documents, count_lists, find_item_keys, find_keys, invent_documents, is_listed

from cli.formats import write_csv, write_ndjson
from etl.errors import UsageError
from etl.models import load_inferences
from etl.training.formats.text import Spell
from etl.training.formats.webdataset import write_webdataset
from etl.training.groups import Grouping, group_bins
from etl.training.manifest import Form, write_training_set
from etl.training.plan import TASKS, Plan
from etl.training.sides import Split, make_folds, parse_ratios
from etl.training.tables import ask_model, ask_splits, prepare_tables
from etl.training.trainingset import make_training_set
from etl.warehouse import Warehouse

SPLIT = Split(parse_ratios("60/20/20"), 3)
COMMAND = "abid-report manifest x --where 'a = \"b\"'"
SPELLINGS: dict[str, Spell] = {"csv": write_csv, "jsonl": write_ndjson}
FORMATS = ("csv", "jsonl", "parquet", "huggingface", "labelstudio", "webdataset", "challenge")
Row = dict[str, Any]


@dataclass(frozen=True)
class Bins:
    """Documents, a release of them, and the side and group of each bin that is on one."""

    documents: Documents
    warehouse: Warehouse
    sides: dict[str, tuple[str, str]]

    def of_side(self, side: str) -> list[str]:
        own = [stem for stem, (other, _) in self.sides.items() if other == side]
        return sorted(own, key=lambda stem: (int(stem), -len(stem)))

    def ids(self, side: str) -> list[int]:
        return [int(stem) for stem in self.of_side(side) if is_listed(stem)]


def open_bins(documents: Documents, data_dir: Path) -> Bins:
    warehouse = Warehouse.open(data_dir)
    rows = ask_splits(warehouse, list(group_bins(warehouse.connect(), Grouping())), SPLIT).rows()
    return Bins(documents, warehouse, {stem: (side, group) for stem, group, _, _, side in rows if side})


@pytest.fixture(scope="module")
def invented(tmp_path_factory: pytest.TempPathFactory) -> Bins:
    folder, documents = tmp_path_factory.mktemp("invented"), invent_documents()
    bucket = write_bucket(folder / "bucket", {f"metadata/{stem}.json": made for stem, made in documents.items()})
    run_pipeline(bucket, folder / "data")
    return open_bins(documents, folder / "data")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Bins:
    if not (sample := os.environ.get("ABID_REAL_SAMPLE")):
        pytest.skip("ABID_REAL_SAMPLE doesn't name a folder of real documents")
    folder = tmp_path_factory.mktemp("real")
    run_pipeline(Path(sample), folder / "data")
    documents = {path.stem: json.loads(path.read_bytes()) for path in (Path(sample) / "metadata").glob("*.json")}
    return open_bins(documents, folder / "data")


@pytest.fixture(params=["invented", "real"])
def bins(request: pytest.FixtureRequest) -> Bins:
    found: Bins = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory, invented: Bins) -> Path:
    """Pictures of all bins whose number doesn't end in 30."""
    folder = tmp_path_factory.mktemp("images")
    for stem in invented.documents:
        if not stem.endswith("30"):
            (folder / f"{stem}.jpg").write_bytes(f"picture of {stem}".encode() * 50)
    return folder


def make(
    bins: Bins, folder: Path, format_: str, task: str = "counting", images: Path | None = None, **plan: Any
) -> Row:
    """Write a training set, and read its manifest."""
    asked = Plan(task, plan.pop("split", SPLIT), command=COMMAND, **plan)
    write_training_set(bins.warehouse, asked, folder, Form(format_, SPELLINGS, images))
    manifest: Row = json.loads((folder / "manifest.json").read_text())
    return manifest


def read_lines(path: Path) -> list[Row]:
    """Split at line feeds alone, as readers of JSON Lines do."""
    text = path.read_bytes().decode()
    assert text.endswith("\n")
    return [json.loads(line) for line in text[:-1].split("\n")]


def read_csv(path: Path) -> list[Row]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def check_rows(bins: Bins, side: str, rows: list[Row], column: str = "expected_quantity") -> None:
    """Counting: every bin of the side with its units, in order."""
    expected = [(stem, bins.documents[stem]["EXPECTED_QUANTITY"]) for stem in bins.of_side(side)]
    assert [(row["bin_id"], int(row[column])) for row in rows] == expected


def check_origin(bins: Bins, row: Row) -> None:
    origin = {"release": bins.warehouse.release.id, "seed": "3", "command": COMMAND}
    assert {name: str(row[name]) for name in origin} == origin


@pytest.mark.parametrize(("format_", "read"), [("jsonl", read_lines), ("csv", read_csv)])
def test_text_has_a_file_a_side_whose_rows_end_with_their_origin(
    format_: str, read: Callable[[Path], list[Row]], invented: Bins, tmp_path: Path
) -> None:
    make(invented, tmp_path / "out", format_)
    for side in SPLIT.shares:
        rows = read(tmp_path / f"out/{side}.{format_}")
        check_rows(invented, side, rows)
        for row in rows:
            check_origin(invented, row)
            assert list(row)[-3:] == ["release", "seed", "command"]


@pytest.mark.parametrize(("format_", "read"), [("jsonl", read_lines), ("csv", read_csv)])
def test_no_name_breaks_a_row(format_: str, read: Callable[[Path], list[Row]], invented: Bins, tmp_path: Path) -> None:
    manifest = make(invented, tmp_path / "out", format_, "verification")
    names = {line["asin"]: line["name"] for document in invented.documents.values() for line in lines_of(document)}
    for side in SPLIT.shares:
        rows = read(tmp_path / f"out/{side}.{format_}")
        assert len(rows) == manifest["files"][f"{side}.{format_}"]["rows"] > 0
        assert all(row["name"] == names[row["asin"]] for row in rows)


def lines_of(document: Row) -> list[Row]:
    return list(document["BIN_FCSKU_DATA"].values())


def test_parquet_has_its_origin_beside_the_rows(invented: Bins, tmp_path: Path) -> None:
    make(invented, tmp_path / "out", "parquet")
    for side in SPLIT.shares:
        table = pq.read_table(tmp_path / f"out/{side}.parquet", partitioning=None)
        check_rows(invented, side, table.to_pylist())
        metadata = table.schema.metadata
        check_origin(invented, {name.decode(): text.decode() for name, text in metadata.items()})


def test_label_studio_has_a_list_of_tasks_with_their_picture(invented: Bins, tmp_path: Path) -> None:
    make(invented, tmp_path / "out", "labelstudio")
    for side in SPLIT.shares:
        tasks = json.loads((tmp_path / f"out/{side}.json").read_bytes())
        check_rows(invented, side, [task["data"] for task in tasks])
        for task in tasks:
            assert task["data"]["image"].endswith(f"/bin-images/{task['data']['bin_id']}.jpg")
            assert task["meta"].pop("side") == side
            check_origin(invented, task["meta"])


def test_hugging_face_names_every_picture_where_there_is_none_yet(invented: Bins, tmp_path: Path) -> None:
    make(invented, tmp_path / "out", "huggingface")
    for side in SPLIT.shares:
        rows = read_lines(tmp_path / f"out/{side}/metadata.jsonl")
        check_rows(invented, side, rows)
        assert [row["file_name"] for row in rows] == [f"{stem}.jpg" for stem in invented.of_side(side)]
        check_origin(invented, rows[0])
        assert [path.name for path in (tmp_path / "out" / side).iterdir()] == ["metadata.jsonl"]


def test_hugging_face_has_just_the_rows_whose_pictures_are_there(invented: Bins, images: Path, tmp_path: Path) -> None:
    manifest = make(invented, tmp_path / "out", "huggingface", images=images)
    missing = 0
    for side in SPLIT.shares:
        folder = tmp_path / "out" / side
        kept = [stem for stem in invented.of_side(side) if (images / f"{stem}.jpg").exists()]
        missing += len(invented.of_side(side)) - len(kept)
        assert [row["bin_id"] for row in read_lines(folder / "metadata.jsonl")] == kept
        assert {path.name: path.read_bytes() for path in folder.glob("*.jpg")} == {
            f"{stem}.jpg": (images / f"{stem}.jpg").read_bytes() for stem in kept
        }
    assert manifest["rows_without_picture"] == missing > 0


def test_the_card_tells_the_hub_where_the_sides_are_and_people_what_they_are(invented: Bins, tmp_path: Path) -> None:
    make(invented, tmp_path / "out", "huggingface", split=Split(make_folds(2), 3))
    _, header, text = (tmp_path / "out/README.md").read_text().split("---\n", 2)
    for line in ("license: cc-by-nc-sa-3.0", "- image-classification", "  - split: fold_1\n    path: fold-1/**"):
        assert line in header
    rows = {side: len(read_lines(tmp_path / f"out/{side}/metadata.jsonl")) for side in ("fold-1", "fold-2")}
    for said in (
        *(f"| {side} | {count} |" for side, count in rows.items()),
        f"`{invented.warehouse.release.id}`",
        "seed: 3",
        COMMAND,
        "abid-etl images --manifest training-set --to images\n",
        f"{COMMAND} --images images\n",
        "NonCommercial",
        "misplaced",
    ):
        assert said in text


def read_shard(path: Path) -> list[tuple[str, bytes, Row]]:
    """The key, the picture and the row of each sample, as WebDataset groups files: by the name up to the first dot."""
    with tarfile.open(path) as archive:
        members = archive.getmembers()
        assert all((m.mtime, m.uid, m.gid, m.uname, m.gname) == (0, 0, 0, "", "") for m in members)
        files = [(m.name, archive.extractfile(m).read()) for m in members]  # type: ignore[union-attr]
    pairs = list(zip(files[::2], files[1::2], strict=True))
    assert all(one[0] == f"{other[0].removesuffix('.json')}.jpg" for one, other in pairs)
    return [(one[0].partition(".")[0], one[1], json.loads(other[1])) for one, other in pairs]


def test_webdataset_has_a_sample_with_a_key_of_its_own_a_row(invented: Bins, images: Path, tmp_path: Path) -> None:
    make(invented, tmp_path / "out", "webdataset", "verification", images)
    make(invented, tmp_path / "rows", "jsonl", "verification")
    for side in SPLIT.shares:
        samples = read_shard(tmp_path / f"out/{side}-000000.tar")
        rows = [row for row in read_lines(tmp_path / f"rows/{side}.jsonl") if not row["bin_id"].endswith("30")]
        assert [row for _, _, row in samples] == rows
        assert len({key for key, _, _ in samples}) == len(samples) > len({row["bin_id"] for row in rows})
        assert all(picture == (images / f"{row['bin_id']}.jpg").read_bytes() for _, picture, row in samples)


def test_shards_are_no_larger_than_asked_and_lose_nothing(invented: Bins, images: Path, tmp_path: Path) -> None:
    made = make_training_set(invented.warehouse, Plan("counting", SPLIT, command=COMMAND))
    written = write_webdataset(made, tmp_path, images, 30_000)
    shards = sorted(tmp_path.glob("train-*.tar"))
    assert len(shards) > 5
    assert all(shard.stat().st_size <= 30_000 for shard in shards)
    samples = [row["bin_id"] for shard in shards for _, _, row in read_shard(shard)]
    assert samples == [stem for stem in invented.of_side("train") if not stem.endswith("30")]
    assert [written.files[shard.name] for shard in shards] == [len(read_shard(shard)) for shard in shards]


@pytest.mark.parametrize("task", TASKS)
def test_rows_are_in_order_wherever_they_lie(task: str, invented: Bins) -> None:
    made = make_training_set(invented.warehouse, Plan(task, SPLIT, command=COMMAND))
    rows = made.ask().rows()
    made.cursor.execute("create or replace temp table training_set as from training_set order by md5(bin_id)")
    assert made.ask().rows() == rows
    assert [row for side in made.sides for row in made.ask(side).rows()] == sorted(
        rows, key=lambda row: made.sides.index(row[1])
    )


@pytest.mark.parametrize("format_", FORMATS)
def test_the_same_plan_gives_the_same_bytes(format_: str, invented: Bins, images: Path, tmp_path: Path) -> None:
    needed = images if format_ == "webdataset" else None
    first, again = (make(invented, tmp_path / name, format_, "verification", needed) for name in ("one", "two"))
    assert first == again
    assert read_folder(tmp_path / "one") == read_folder(tmp_path / "two")
    assert {*read_folder(tmp_path / "one")} == {*first["files"], "manifest.json"}
    if format_ != "challenge":
        assert first["release"] == invented.warehouse.release.id


def read_folder(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


# --- the lists of abid_challenge ------------------------------------------------------------------------------------

SHORT = {"train": "train", "validation": "val", "test": "test"}


@pytest.mark.parametrize(("most", "suffix"), [(5, ""), (None, "_hard")])
def test_counting_lists_are_those_of_the_published_rules(
    most: int | None, suffix: str, bins: Bins, tmp_path: Path
) -> None:
    make(bins, tmp_path / "out", "challenge", max_quantity=most)
    published = Challenge(bins.documents, bins.ids("train"), most)
    for side, short in SHORT.items():
        ids = (tmp_path / f"out/random_{short}.txt").read_bytes()
        assert ids == "".join(f"{number}\n" for number in bins.ids(side)).encode()
        listed = (tmp_path / f"out/counting_{short}{suffix}.json").read_bytes()
        assert listed == json.dumps(published.counting(bins.ids(side))).encode()


@pytest.mark.parametrize(("most", "suffix"), [(5, ""), (None, "_hard")])
def test_verification_lists_are_those_of_the_published_rules(
    most: int | None, suffix: str, bins: Bins, tmp_path: Path
) -> None:
    make(bins, tmp_path / "out", "challenge", "verification", max_quantity=most)
    published = Challenge(bins.documents, bins.ids("train"), most)
    listed = (tmp_path / f"out/obj_verification_train{suffix}.json").read_bytes()
    assert listed == json.dumps(published.training()).encode()
    for side in ("validation", "test"):
        text = (tmp_path / f"out/obj_verification_{SHORT[side]}{suffix}.json").read_text()
        questions = json.loads(text)
        assert text == json.dumps(questions)
        positives = [question for question in questions if question[2] == 1]
        known = published.positives(bins.ids(side))
        assert count_lists(positives) <= count_lists(known)
        assert len(questions) == 2 * len(positives)
        fewest, most_drawn = check_negatives(bins, side, [row for row in questions if row[2] == 0], published)
        assert 3 < min(len(known), fewest) <= len(positives) <= min(len(known), most_drawn)
        assert [question[2] for question in questions] != sorted((q[2] for q in questions), reverse=True)


def check_negatives(bins: Bins, side: str, questions: list[list[Any]], published: Challenge) -> tuple[float, float]:
    """One a bin at most, none about what the bin's group holds under any key, and each with its true targets.

    How few and how many bins of the side have a negative if one item is drawn for each: four standard deviations.
    """
    stems = {int(stem) - 1: stem for stem in bins.of_side(side) if is_listed(stem)}
    item_keys = find_item_keys(bins.documents)
    mates: dict[str, list[str]] = {}
    for stem, (_, group) in bins.sides.items():
        mates.setdefault(group, []).append(stem)
    held = {idx: find_keys(bins.documents, mates[bins.sides[stem][1]]) for idx, stem in stems.items()}

    def is_void(idx: int, asin: str) -> bool:
        lines = lines_of(bins.documents[stems[idx]])
        return any(line["asin"] is None for line in lines) or not item_keys(asin).isdisjoint(held[idx])

    candidates = published.candidates(bins.ids(side))
    for idx, asin, _, targets in questions:
        assert idx in candidates
        assert targets == published.targets(asin, idx) != []
        assert not is_void(idx, asin)
    assert max(Counter(idx for idx, *_ in questions).values()) == 1
    chances = published.chances(bins.ids(side), is_void)
    deviation = sum(chance * (1 - chance) for chance in chances) ** 0.5
    return sum(chances) - 4 * deviation, sum(chances) + 4 * deviation


def test_no_positive_is_missing_where_more_negatives_are_drawn(invented: Bins, tmp_path: Path) -> None:
    make(invented, tmp_path / "out", "challenge", "verification", where=("expected_quantity <= 3",))
    chosen = {stem: made for stem, made in invented.documents.items() if made["EXPECTED_QUANTITY"] <= 3}
    bins = replace(invented, sides={stem: side for stem, side in invented.sides.items() if stem in chosen})
    published = Challenge(chosen, bins.ids("train"), None)
    for side in ("validation", "test"):
        questions = json.loads((tmp_path / f"out/obj_verification_{SHORT[side]}_hard.json").read_text())
        positives = [question for question in questions if question[2] == 1]
        assert count_lists(positives) == count_lists(published.positives(bins.ids(side)))
        assert 0 < len(positives) == len(questions) / 2


def test_another_seed_draws_other_negatives_for_the_same_bins(invented: Bins) -> None:
    plan = Plan("verification", SPLIT)
    cursor = prepare_tables(invented.warehouse, plan, "challenge_validation")
    drawn = []
    for seed in (3, 4):
        other = replace(plan, split=replace(SPLIT, seed=seed))
        rows = ask_model(cursor, "challenge_validation", other, "validation").rows()
        drawn.append({(idx, asin) for _, idx, asin, answer, _ in rows if not answer})
    assert drawn[0] != drawn[1]
    assert min(map(len, drawn)) > 0


def test_lists_that_abid_challenge_does_not_know_are_refused(invented: Bins, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no lists of abid_challenge for quantity-verification"):
        make(invented, tmp_path / "out", "challenge", "quantity-verification")
    with pytest.raises(UsageError, match="leave out --folds"):
        make(invented, tmp_path / "out", "challenge", split=Split(make_folds(3), 0))
    assert list(tmp_path.iterdir()) == []


MODELS = sorted(name for name in load_inferences() if name.startswith("challenge_"))


@pytest.mark.parametrize("name", MODELS)
def test_the_header_of_a_list_is_true(name: str, invented: Bins) -> None:
    plan, model = Plan("verification", SPLIT), load_inferences()[name]
    cursor = prepare_tables(invented.warehouse, plan, name)
    table = ask_model(cursor, name, plan, "validation" if "$side" in model.query else None).arrow()
    types = {"varchar": pa.string(), "bigint": pa.int64(), "integer": pa.int32(), "boolean": pa.bool_()}
    types["numbers"] = pa.list_(pa.field("l", pa.int64()))
    assert [(field.name, field.type) for field in table.schema] == [(c.name, types[c.type]) for c in model.columns]
    assert all(table[column.name].null_count == 0 for column in model.columns if not column.nullable)
    grain = model.grain.removeprefix("one row per ").strip("()").split(", ")
    keys = [tuple(row[column] for column in grain) for row in table.to_pylist()]
    assert len(set(keys)) == len(keys) > 0
    if model.order:
        assert keys == sorted(keys)


# --- tasks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", TASKS)
def test_every_task_has_rows_on_each_side(task: str, invented: Bins, tmp_path: Path) -> None:
    manifest = make(invented, tmp_path / "out", "jsonl", task)
    assert manifest["task"] == task
    assert all(manifest["files"][f"{side}.jsonl"]["rows"] > 0 for side in SPLIT.shares)
