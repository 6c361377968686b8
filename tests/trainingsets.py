"""Documents to make training sets of, and the lists of abid_challenge by its published rules, in plain Python."""

import csv
import io
import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

from documents import make_document, make_line
from hostilenames import EVIL_NAMES

Document = dict[str, Any]
Documents = dict[str, Document]
NAMES = [*EVIL_NAMES, 'a "quoted", name', "line\nbreak\r\n", "tab\tand \\ slash", "=1+1", "Yoga mat"]


def invent_documents(bins: int = 400) -> Documents:
    """Bins of one to four of sixty items with hard names, far from one another but for some that are alike."""
    chance = random.Random(7)
    documents = {f"{number * 10:05}": _invent(chance) for number in range(1, bins)}
    documents["00011"] = documents["00010"]
    documents["10"] = _invent(chance)
    documents["200193"] = _invent(chance)
    documents["00000"] = _invent(chance)
    documents["00002"] = make_document()
    return documents


def _invent(chance: random.Random) -> Document:
    lines: dict[str, Document] = {}
    for asin in chance.sample(range(60), chance.randint(0, 4)):
        name = f"{NAMES[asin % len(NAMES)]} {asin}"
        line = make_line(f"B00ITEM{asin:03}", chance.randint(1, 3), name=name, normalizedName=name)
        lines[f"X{chance.randrange(10**6):06}"] = line
        if chance.random() < 0.1:  # the same item under another FCSKU
            lines[f"X{chance.randrange(10**6):06}"] = line
    if chance.random() < 0.05:
        lines["ZZ0001"] = make_line(None, 1)
    if chance.random() < 0.5:  # an item of this bin alone
        only = f"B00ONLY{chance.randrange(10**6):06}"
        lines[only] = make_line(only, 1, name=f"{only} of one bin", normalizedName=None)
    units = sum(line["quantity"] for line in lines.values())
    return make_document(BIN_FCSKU_DATA=lines, EXPECTED_QUANTITY=units)


def read_sides(text: str) -> dict[str, tuple[str, str]]:
    """The side and the capture group of each bin that has them, from what `abid-report splits` writes as CSV."""
    rows = csv.DictReader(io.StringIO(text))
    return {row["bin_id"]: (row["side"], row["capture_group"]) for row in rows if row["side"]}


class Challenge:
    """make_metadata.py, make_counting_data.py and make_obj_verification_data.py of abid_challenge, told anew.

    They know a bin by its number less one, and read the ids of each side.
    """

    def __init__(self, documents: Documents, train: list[int], most: int | None) -> None:
        self.documents = {int(stem) - 1: document for stem, document in documents.items() if is_listed(stem)}
        self.most = most
        self.bins_of: dict[str, list[int]] = defaultdict(list)
        for idx, document in sorted(self.documents.items()):
            if document["EXPECTED_QUANTITY"] > 0:
                for asin in self._asins(idx):
                    self.bins_of[asin].append(idx)
        self.train = set(self.candidates(train))

    def counting(self, ids: list[int]) -> list[list[int]]:
        known = [[number - 1, self.documents[number - 1]["EXPECTED_QUANTITY"]] for number in ids]
        return [pair for pair in known if self.most is None or pair[1] <= self.most]

    def candidates(self, ids: list[int]) -> list[int]:
        return [idx for idx, quantity in self.counting(ids) if quantity > 0]

    def targets(self, asin: str, idx: int) -> list[int]:
        return [other for other in self.bins_of[asin] if other in self.train and other != idx]

    def training(self) -> list[Any]:
        made = []
        for idx in sorted(self.train):
            items = [[asin, self.targets(asin, idx)] for asin in self._asins(idx)]
            if kept := [item for item in items if len(item[1]) > 1]:
                made.append([idx, kept])
        return made

    def positives(self, ids: list[int]) -> list[list[Any]]:
        lines = ((idx, asin) for idx in self.candidates(ids) for asin in self._asins(idx))
        return [[idx, asin, 1, found] for idx, asin in lines if (found := self.targets(asin, idx))]

    def chances(self, ids: list[int], is_void: Callable[[int, str], bool]) -> list[float]:
        """How likely each bin gets a negative: one item is drawn for it, from all, and left out without targets.

        This project calls more draws void; that isn't of the published rules.
        """
        drawn = [asin for asin in self.bins_of if self.train.intersection(self.bins_of[asin])]
        return [
            sum(bool(self.targets(asin, idx)) and not is_void(idx, asin) for asin in drawn) / len(self.bins_of)
            for idx in self.candidates(ids)
        ]

    def _asins(self, idx: int) -> list[str]:
        lines = sorted(self.documents[idx]["BIN_FCSKU_DATA"].items())
        return [line["asin"] for _, line in lines if line["asin"] is not None]


def is_listed(stem: str) -> bool:
    return len(stem) >= 5 and int(stem) > 0


def find_keys(documents: Documents, stems: list[str]) -> set[str]:
    """All ASINs, FCSKUs and names in these bins."""
    lines = [pair for stem in stems for pair in documents[stem]["BIN_FCSKU_DATA"].items()]
    found = {key for fcsku, line in lines for key in (fcsku, line["asin"], line["name"], line.get("normalizedName"))}
    return found - {None}


def find_item_keys(documents: Documents) -> Callable[[str], set[str]]:
    """By what an ASIN is known in any bin."""
    known: dict[str, set[str]] = defaultdict(set)
    for document in documents.values():
        for fcsku, line in document["BIN_FCSKU_DATA"].items():
            if line["asin"] is not None:
                keys = {fcsku, line["asin"], line["name"], line.get("normalizedName")} - {None}
                known[line["asin"]] |= keys
    return known.__getitem__


def count_lists(rows: list[Any]) -> Counter[str]:
    return Counter(map(json.dumps, rows))
