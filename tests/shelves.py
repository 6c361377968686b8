"""Which bins are likely one shelf, and what a split must keep, in plain Python over the documents: what training sets
are held against."""

from collections import Counter
from itertools import combinations
from typing import Any

from documents import encode
from loaded import lines_of, style_of

Document = dict[str, Any]
Documents = dict[str, Document]


def in_turn(documents: Documents) -> list[str]:
    """The padded bins by number, then the others."""
    return sorted(documents, key=lambda stem: (style_of(stem), int(stem)))


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


def find_bridges(stems: list[str], pairs: list[tuple[str, str]]) -> set[str]:
    """Bins that link components of the bins before them, those that are bridges themselves left out."""
    bridges: set[str] = set()
    for number, stem in enumerate(stems):
        before = [known for known in stems[:number] if known not in bridges]
        links = {one for one, other in pairs if other == stem} - bridges
        components = find_components(before, [pair for pair in pairs if set(pair) <= set(before)]) if links else {}
        if len({components[link] for link in links}) > 1:
            bridges.add(stem)
    return bridges


def group_plainly(documents: Documents, **grouping: Any) -> dict[str, str | None]:
    """The group of each bin: its component without the bridges, which have none."""
    pairs, stems = find_evidence(documents, **grouping), in_turn(documents)
    bridges = find_bridges(stems, pairs)
    kept = [stem for stem in stems if stem not in bridges]
    components = find_components(kept, [pair for pair in pairs if bridges.isdisjoint(pair)])
    return {stem: components.get(stem) for stem in stems}
