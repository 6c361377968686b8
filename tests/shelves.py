"""Which bins are likely one shelf, and what a split must keep, in plain Python over the documents: what training sets
are held against."""

from collections import Counter, defaultdict
from itertools import combinations
from typing import Any

from documents import encode
from loaded import lines_of, style_of

Document = dict[str, Any]
Documents = dict[str, Document]


def in_turn(documents: Documents) -> list[str]:
    """The unpadded bins by number, then the others."""
    return sorted(documents, key=lambda stem: (style_of(stem) == "padded", int(stem)))


def asins_of(document: Document) -> set[str]:
    return {line["asin"] for line in lines_of(document)} - {None}


def inventory_of(document: Document) -> Counter[tuple[str, str]]:
    """Units by ASIN, or by FCSKU where there is none; lines without units count, too."""
    units: Counter[tuple[str, str]] = Counter()
    for fcsku, line in document["BIN_FCSKU_DATA"].items():
        units["fcsku" if line["asin"] is None else "asin", fcsku if line["asin"] is None else line["asin"]] += line[
            "quantity"
        ]
    return units


def find_evidence(
    documents: Documents, window: int = 2, overlap: float = 0, kind: str = "capture"
) -> list[tuple[str, str]]:
    """All pairs of bins that speak for one shelf, the earlier one first."""
    stems, held = in_turn(documents), {stem: asins_of(document) for stem, document in documents.items()}
    texts = {stem: encode(document) for stem, document in documents.items()}

    def is_near(one: str, other: str) -> bool:
        return style_of(one) == style_of(other) and int(other) - int(one) <= window

    def is_alike(one: str, other: str) -> bool:
        both, any_ = held[one] & held[other], held[one] | held[other]
        return bool(both) and len(both) / len(any_) >= overlap

    return [
        (one, other)
        for one, other in combinations(stems, 2)
        if (is_near(one, other) and is_alike(one, other))
        or (texts[one] == texts[other] and documents[one]["BIN_FCSKU_DATA"])
        or (kind == "item" and held[one] & held[other])
    ]


def find_components(stems: list[str], pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Each bin's connected component, by its first bin; a union-find."""
    parents = {stem: stem for stem in stems}

    def root(stem: str) -> str:
        while parents[stem] != stem:
            stem = parents[stem]
        return stem

    places = {stem: place for place, stem in enumerate(stems)}
    for pair in pairs:
        first, last = sorted(map(root, pair), key=places.__getitem__)
        parents[last] = first
    return {stem: root(stem) for stem in stems}


def group_plainly(documents: Documents, **grouping: Any) -> dict[str, str | None]:
    """The group of each bin, by its first bin; None for one that the evidence leads to several groups before it."""
    earlier: dict[str, set[str]] = defaultdict(set)
    for one, other in find_evidence(documents, **grouping):
        earlier[other].add(one)
    groups: dict[str, str | None] = {}
    for stem in in_turn(documents):
        found = {groups[one] for one in earlier[stem]} - {None}
        groups[stem] = None if len(found) > 1 else found.pop() if found else stem
    return groups


def leave_out_bridges(pairs: list[tuple[str, str]], groups: dict[str, str | None]) -> dict[str, str | None]:
    """The components of all bins that are in a group; a bridge is in none."""
    kept = [stem for stem, group in groups.items() if group is not None]
    components = find_components(kept, [pair for pair in pairs if None not in map(groups.__getitem__, pair)])
    return {stem: components.get(stem) for stem in groups}
