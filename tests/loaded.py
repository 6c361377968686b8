"""Documents beside the release that was built of them, to hold reports against plain Python over the documents."""

import json
import os
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from documents import run_pipeline, write_bucket

from etl.warehouse import Warehouse

Document = dict[str, Any]
FACTORS = {"IN": 1, "CM": 1 / 2.54, "MM": 1 / 25.4, "pounds": 1, "ounces": 1 / 16}


@dataclass(frozen=True)
class Loaded:
    """The documents by bin, without what was rejected of them, and a release that holds the same."""

    bins: dict[str, Document]
    warehouse: Warehouse
    rejected_lines: Counter[str] = field(default_factory=Counter)

    def of_style(self, style: str) -> dict[str, Document]:
        """In the order of the bins."""
        own = {stem: document for stem, document in self.bins.items() if style in ("all", style_of(stem))}
        return dict(sorted(own.items(), key=lambda bin_: place_of(bin_[0])))


def style_of(stem: str) -> str:
    return "padded" if len(stem) >= 5 else "unpadded"


def place_of(stem: str) -> tuple[int, str]:
    return int(stem), stem


def lines_of(document: Document) -> list[Document]:
    return list(document["BIN_FCSKU_DATA"].values())


def units_of(document: Document) -> int:
    return sum(line["quantity"] for line in lines_of(document))


def each_line(bins: dict[str, Document]) -> Iterator[tuple[str, Document]]:
    for stem, document in bins.items():
        for line in lines_of(document):
            yield stem, line


def choose_names(bins: dict[str, Document]) -> dict[str, str]:
    """The most frequent name of each ASIN; of those, the first in the order of the bins, which `bins` are in."""
    names: dict[str, Counter[str]] = defaultdict(Counter)
    for _, line in each_line(bins):
        if line["asin"] is not None and line["name"] is not None:
            names[line["asin"]][line["name"]] += 1
    return {asin: counts.most_common(1)[0][0] for asin, counts in names.items()}


def convert(measurement: Document | None) -> float | None:
    """Inches or pounds, where the number can be a measure and the unit is known."""
    if not measurement or not 0 < measurement["value"] < 1e6 or measurement["unit"] not in FACTORS:
        return None
    return float(measurement["value"] * FACTORS[measurement["unit"]])


def percentile(values: list[float], share: float) -> float:
    """Interpolated between neighbours (type 7 of Hyndman and Fan)."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * share
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def load(folder: Path, documents: dict[str, Any], rejected: Collection[str | tuple[str, str]] = ()) -> Loaded:
    """Build a release of documents by bin. `rejected` are the bins and the lines (bin, FCSKU) that can't be loaded."""
    run_pipeline(write_bucket(folder / "bucket", {f"metadata/{s}.json": d for s, d in documents.items()}), folder / "d")
    kept = {
        stem: document
        | {"BIN_FCSKU_DATA": {k: v for k, v in document["BIN_FCSKU_DATA"].items() if (stem, k) not in rejected}}
        for stem, document in documents.items()
        if stem not in rejected
    }
    return Loaded(kept, Warehouse.open(folder / "d"), Counter(line[0] for line in rejected if isinstance(line, tuple)))


def load_real(folder: Path) -> Loaded:
    """The real sample, none of whose lines is rejected; skips the test where there is none."""
    sample = os.environ.get("ABID_REAL_SAMPLE")
    if not sample:
        pytest.skip("ABID_REAL_SAMPLE doesn't name a folder of real documents")
    run_pipeline(Path(sample), folder / "d")
    paths = (Path(sample) / "metadata").glob("*.json")
    return Loaded({path.stem: json.loads(path.read_bytes()) for path in paths}, Warehouse.open(folder / "d"))
