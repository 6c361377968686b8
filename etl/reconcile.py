"""This release against what others have published about the whole bucket.

`published.json` holds their figures with their sources, and nothing else. What each figure means is the business of the
report `summary`; `sql/reconcile.sql` puts the two side by side.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from etl.reports import find_report
from etl.result import Result
from etl.sqlfiles import SQL_ROOT, read_file
from etl.warehouse import Warehouse

PUBLISHED = Path(__file__).with_name("published.json")
_PUBLIC = "select * exclude (position) from reconciliation order by position"
_COUNTS = """
select count(*) filter (verdict = 'match'), count(*) filter (verdict = 'differs'), count(*) from reconciliation
"""


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """One row a published figure, and how many of them match, differ, and can't be compared."""

    result: Result
    matching: int
    differing: int
    incomparable: int


def reconcile(warehouse: Warehouse, published: Path = PUBLISHED) -> Reconciliation:
    """Hold the release against the figures in `published`."""
    told = json.loads(published.read_text(encoding="utf-8"))
    manifest, connection = warehouse.release.manifest, warehouse.connection
    connection.execute(f"create or replace table summary as {find_report('summary').query}")
    connection.execute(
        f"create or replace table reconciliation as {read_file(SQL_ROOT / 'reconcile.sql').query}",
        {
            "published": json.dumps(told["figures"]),
            "obstacle": find_obstacle(manifest, told),
            "rejected": _describe_rejected(manifest),
        },
    )
    matching, differing, all_ = connection.sql(_COUNTS).fetchall()[0]
    return Reconciliation(Result(warehouse.connect, _PUBLIC), matching, differing, all_ - matching - differing)


def find_obstacle(manifest: dict[str, Any], told: dict[str, Any]) -> str | None:
    """Why no figure of a release can be held against those of the whole bucket; None where they can.

    A source that lists as many documents as the bucket is taken for a copy of it.
    """
    listed, missing = manifest["documents"]["listed"], manifest["documents"]["not_fetched"]
    whole = next(f["value"] for f in told["figures"] if (f["figure"], f["id_style"]) == ("metadata_documents", "all"))
    if manifest["synthetic"]:
        return "the documents are invented"
    if manifest["selection"]:
        return "only a part of the source was picked"
    if manifest["source"].rstrip("/") != told["bucket"] and listed != whole:
        return f"the source is not the whole bucket: it lists {listed:,} documents of {whole:,}"
    if missing:
        return f"not fetched: {missing:,} of {listed:,} documents"
    return None


def _describe_rejected(manifest: dict[str, Any]) -> str | None:
    documents, lines = manifest["documents"]["rejected"], manifest["lines"]["rejected"]
    return f"rejected: {documents:,} documents and {lines:,} lines" if documents or lines else None
