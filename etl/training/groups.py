"""Capture groups: bins that are likely one shelf at different moments, so that no split may part them.

Bins are taken in the order of their ids, which is that of the pictures: the unpadded ones first, a closed set of 1,200,
so that a bin that is added to the bucket comes last. Each joins the group that its evidence
(`sql/models/inferred/capture_evidence.sql`) leads to, which is called by its first bin. What later bins are like can't
change what was decided: a bin whose evidence leads to two groups that were apart until then would have to join both or
move one, so it is a bridge, which belongs to no group and is kept out of every split. So a group is a connected
component of the evidence among all bins but the bridges: what a bridge would have tied together stays apart.
"""

from collections.abc import Collection, Iterator
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


def group_bins(connection: duckdb.DuckDBPyConnection, grouping: Grouping) -> Iterator[Grouped]:
    """All bins of a release in the order of their ids, the unpadded ones first."""
    query = load_inferences()["capture_evidence"].query
    parameters = {"window": grouping.window, "overlap": grouping.overlap, "group_by": grouping.kind}
    connection.execute(query, parameters)
    find_group = _Groups().find
    while rows := connection.fetchmany(10_000):
        for bin_id, _, _, stratum, near, document, asins in rows:
            yield Grouped(bin_id, stratum, find_group(bin_id, near or (), document, asins or ()))


class _Groups:
    """What was decided so far; bridges are nowhere in it."""

    def __init__(self) -> None:
        self._of_bins: dict[str, str] = {}
        self._of_documents: dict[str, str] = {}
        self._of_asins: dict[str, str] = {}

    def find(self, bin_id: str, near: Collection[str], document: str | None, asins: Collection[str]) -> str | None:
        known = [self._of_bins.get(earlier) for earlier in near]
        known += [self._of_documents.get(document or ""), *map(self._of_asins.get, asins)]
        found = {group for group in known if group}
        if len(found) > 1:
            return None
        group = found.pop() if found else bin_id
        self._of_bins[bin_id] = group
        if document:
            self._of_documents[document] = group
        self._of_asins.update(dict.fromkeys(asins, group))
        return group
