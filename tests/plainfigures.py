"""What reports say of a bucket, in plain Python over its documents: what several of them need."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from reportbuckets import Bucket, Document

Row = tuple[Any, ...]
STYLES = ["all", "padded", "unpadded"]


def in_style(stem: str, style: str) -> bool:
    own = None if not stem.isdigit() else "padded" if len(stem) >= 5 else "unpadded"
    return style in ("all", own)


def bins_of(bucket: Bucket, style: str) -> dict[str, Document]:
    return {stem: document for stem, document in bucket.documents.items() if in_style(stem, style)}


def lines_of(bins: dict[str, Document]) -> Iterator[tuple[str, str, Document]]:
    """Bin, FCSKU and line, bins in the order of their numbers."""
    for stem in sorted(bins, key=lambda stem: (int(stem), stem)):
        for fcsku, line in sorted(bins[stem]["BIN_FCSKU_DATA"].items()):
            yield stem, fcsku, line


def count_bins_by_asin(bins: dict[str, Document]) -> Counter[str]:
    pairs = {(stem, line["asin"]) for stem, _, line in lines_of(bins)}
    return Counter(asin for _, asin in pairs if asin is not None)


def sum_quantities(document: Document) -> int:
    return sum(line["quantity"] for line in document["BIN_FCSKU_DATA"].values())


def to_histogram(counts: Counter[int]) -> list[Row]:
    """Value, count, share and cumulative share."""
    total = counts.total()
    rows: list[Row] = []
    seen = 0
    for value, count in sorted(counts.items()):
        seen += count
        rows.append((value, count, round(count / total, 6), round(seen / total, 6)))
    return rows


def measures_of(line: Document) -> tuple[float | None, ...]:
    """Inches and pounds."""
    factors = {
        "IN": 1.0, "CM": 1 / 2.54, "centimeters": 1 / 2.54, "MM": 1 / 25.4, "pounds": 1.0, "ounces": 1 / 16
    }  # fmt: skip
    found = [line[name] for name in ("length", "width", "height", "weight")]
    return tuple(None if m is None else m["value"] * factors[m["unit"]] for m in found)


def image_url(stem: str) -> str:
    return f"https://aft-vbi-pds.s3.amazonaws.com/bin-images/{stem}.jpg"
