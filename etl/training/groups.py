"""Capture groups: bins that are likely one shelf at different moments, so that no split may part them.

Bins are taken in the order of their ids, which is that of the pictures: the unpadded ones first, a closed set of 1,200,
so that a bin that is added to the bucket comes last. Each joins the group that its evidence
(`sql/models/inferred/capture_evidence.sql`) leads to, which is called by its first bin. What later bins are like can't
change what was decided: a bin whose evidence leads to two groups that were apart until then would have to join both or
move one, so it is a bridge, which belongs to no group and is kept out of every split. So a group is a connected
component of the evidence among all bins but the bridges: what a bridge would have tied together stays apart.

Bins whose side is kept from an earlier split are taken before all others. None of them is a bridge, since what they
join moves nobody: their groups are the components of the evidence among them.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

import duckdb

from etl.errors import UsageError
from etl.models import load_inferences

KINDS = ("capture", "item")
_LARGEST_WINDOW = 1_000


@dataclass(frozen=True, slots=True)
class Grouping:
    """What counts as evidence: how far apart two ids may be, and the least Jaccard index of their ASINs.

    `kind` is capture, or item: then bins that share an ASIN are one group wherever they are.
    """

    window: int = 2
    overlap: float = 0.0
    kind: str = "capture"

    def __post_init__(self) -> None:
        if not 1 <= self.window <= _LARGEST_WINDOW:
            raise UsageError(f"a window is from 1 to {_LARGEST_WINDOW} ids, not {self.window}")
        if not 0 <= self.overlap <= 1:
            raise UsageError(f"an overlap is from 0 to 1, not {self.overlap}")


class Grouped(NamedTuple):
    """A bin, its stratum, and its group: the id of the group's first bin, or None for a bridge."""

    bin_id: str
    stratum: str
    group: str | None


def group_bins(connection: duckdb.DuckDBPyConnection, grouping: Grouping, kept: Collection[str] = ()) -> list[Grouped]:
    """All bins of a release in the order of their ids, the unpadded ones first; but before them those that are kept."""
    query = load_inferences()["capture_evidence"].query
    parameters = {"window": grouping.window, "overlap": grouping.overlap, "group_by": grouping.kind}
    connection.execute(query, {**parameters, "kept": list(kept)})
    groups, found = _Groups(), []
    while rows := connection.fetchmany(10_000):
        for bin_id, _, _, stratum, near, document, asins in rows:
            group = groups.add(bin_id, near or (), document, asins or (), may_join=bin_id in kept)
            found.append((bin_id, stratum, group))
    return [Grouped(bin_id, stratum, groups.name(group)) for bin_id, stratum, group in found]


class _Groups:
    """What was decided so far: groups by number, in the order of their first bins. Bridges are nowhere in it."""

    def __init__(self) -> None:
        self._firsts: list[str] = []
        self._parents: list[int] = []  # of groups that were joined, the one that they are in now; else the group itself
        self._of_bins: dict[str, int] = {}
        self._of_documents: dict[str, int] = {}
        self._of_asins: dict[str, int] = {}

    def add(
        self, bin_id: str, near: Collection[str], document: str | None, asins: Collection[str], *, may_join: bool
    ) -> int | None:
        """The group of a bin, which joins several groups into one if it may; else it is a bridge then."""
        known = [self._of_bins.get(other) for other in near]
        known += [self._of_documents.get(document or ""), *map(self._of_asins.get, asins)]
        found = sorted({self._find_root(group) for group in known if group is not None})
        if len(found) > 1 and not may_join:
            return None
        group = found[0] if found else self._open(bin_id)
        for other in found[1:]:
            self._parents[other] = group
        self._of_bins[bin_id] = group
        if document:
            self._of_documents[document] = group
        self._of_asins.update(dict.fromkeys(asins, group))
        return group

    def name(self, group: int | None) -> str | None:
        """The first bin of a group."""
        return None if group is None else self._firsts[self._find_root(group)]

    def _open(self, bin_id: str) -> int:
        self._firsts.append(bin_id)
        self._parents.append(len(self._parents))
        return self._parents[-1]

    def _find_root(self, group: int) -> int:
        while (parent := self._parents[group]) != group:
            self._parents[group] = group = self._parents[parent]
        return group
