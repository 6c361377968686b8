"""A site of invented documents whose names are hostile, and what those documents say of themselves."""

import json
import os
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commands import BIN
from documents import make_document, make_line, run_pipeline, write_bucket
from hostilenames import EVIL_NAMES

MANY = 1_100
NAMES = {
    f"B00EVIL{number:03}": name for number, name in enumerate([*EVIL_NAMES, "Yoga mat", "YOGA Block", "Café crème"])
}
EVIL_KEY = "\"><img src=x onerror=alert(30)>'"


@dataclass(frozen=True)
class Site:
    """A site, what it was made of, and what was said on the way."""

    folder: Path
    data_dir: Path
    documents: dict[str, dict[str, Any]]
    said: str

    def page(self, path: str) -> str:
        return (self.folder / path).read_text(encoding="utf-8")

    def count_items(self) -> list[tuple[str, int, int, int]]:
        """Of each ASIN how many bins hold it, and how many units in all and at most, the most frequent first."""
        bins, units, most = Counter[str](), Counter[str](), Counter[str]()
        for document in self.documents.values():
            lines = document["BIN_FCSKU_DATA"].values()
            bins.update({line["asin"] for line in lines})
            for line in lines:
                units[line["asin"]] += line["quantity"]
                most[line["asin"]] = max(most[line["asin"]], line["quantity"])
        ordered = sorted(bins, key=lambda asin: (-bins[asin], -units[asin], asin))
        return [(asin, bins[asin], units[asin], most[asin]) for asin in ordered]


def invent_documents() -> dict[str, dict[str, Any]]:
    """By bin: each hostile name is in one to four bins; one bin holds more items than a page shows."""
    lines: dict[str, list[dict[str, Any]]] = {f"{number:05}": [] for number in range(1, 50)}
    for number, (asin, name) in enumerate(NAMES.items(), 1):
        for offset in range(number % 4 + 1):
            lines[f"{number + offset:05}"].append(make_line(asin, number + offset, name=name, normalizedName=name))
    documents = {bin_id: make_document(*own) for bin_id, own in lines.items()}
    documents["523"] = make_document(make_line("B00TEST001", 3))
    documents["00523"] = make_document(
        *(make_line(f"B01MANY{n:04}") for n in range(MANY)),
        BIN_FCSKU_DATA={f"X{n:04}": make_line(f"B01MANY{n:04}") for n in range(MANY)},
    )
    documents["00001"]["BIN_FCSKU_DATA"][EVIL_KEY] = make_line("B00TEST001", name=EVIL_KEY)
    return documents


def make_site(folder: Path, *arguments: str, **environment: str) -> Site:
    """Build a release and its site, as a user does."""
    documents = invent_documents()
    encoded = {f"metadata/{bin_id}.json": document for bin_id, document in documents.items()}
    run_pipeline(write_bucket(folder / "bucket", encoded), folder / "data")
    done = run_site(folder / "data", folder / "site", *arguments, **environment)
    assert done.returncode == 0, done.stderr
    return Site(folder / "site", folder / "data", json.loads(json.dumps(documents)), done.stderr)


def run_site(data_dir: Path, out: Path, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """`abid-report site`, with options of `abid-report` itself before it."""
    return subprocess.run(
        [BIN / "abid-report", *arguments, "site", out, "--data-dir", data_dir],
        env=os.environ | environment,
        cwd=out.parent,
        capture_output=True,
        text=True,
        check=False,
    )
