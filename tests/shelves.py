"""Which bins are likely one shelf, and what a split must keep, in plain Python over the documents: what training sets
are held against."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
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
    numbered = {(style_of(stem), int(stem)): stem for stem in stems}
    followed = (
        (stem, numbered.get((style_of(stem), int(stem) + step))) for stem in stems for step in range(1, window + 1)
    )
    near = {(one, other) for one, other in followed if other and overlap <= measure_overlap(held[one], held[other]) > 0}
    texts = {stem: encode(document) for stem, document in documents.items() if document["BIN_FCSKU_DATA"]}
    same = pair_up(stems, {stem: {text} for stem, text in texts.items()})
    sharing = pair_up(stems, held) if kind == "item" else set()
    return sorted(near | same | sharing, key=lambda pair: [stems.index(stem) for stem in pair])


def measure_overlap(one: set[str], other: set[str]) -> float:
    return len(one & other) / len(one | other) if one | other else 0


def pair_up(stems: list[str], traits: Mapping[str, AbstractSet[Any]]) -> set[tuple[str, str]]:
    """All pairs that have a trait in common."""
    having: dict[Any, list[str]] = defaultdict(list)
    for stem in stems:
        for trait in traits.get(stem, ()):
            having[trait].append(stem)
    return {pair for alike in having.values() for pair in combinations(alike, 2)}


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
