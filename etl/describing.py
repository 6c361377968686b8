"""What a manifest says of a release that was made: by whom, of what, and every file."""

import datetime as dt
from typing import Any

from etl import __version__, rawlayer
from etl.engine import Made
from etl.models import SCHEMA_VERSION, Model, load_models
from etl.raw import Raw
from etl.receipt import find_amounts

Missing = list[tuple[str, str]]
"""Key and reason of documents that were listed and aren't held."""


def describe_release(release_id: str, raw: Raw, missing: Missing, made: Made, started: dt.datetime) -> dict[str, Any]:
    """The manifest, but for the catalog."""
    finished = dt.datetime.now(dt.UTC)
    models = load_models()
    return {
        "release": release_id,
        "version": __version__,
        "schema_version": SCHEMA_VERSION,
        "published_at": finished.replace(tzinfo=None).isoformat(timespec="seconds"),
        "seconds": round((finished - started).total_seconds(), 2),
        "spilled_bytes": made.spilled,
        "receipt": made.receipt,
        "documents": find_amounts(made.receipt, "documents"),
        "lines": find_amounts(made.receipt, "lines"),
        "rejects_by_reason": made.rejects_by_reason,
        "not_fetched": [{"key": key, "error": error} for key, error in missing],
        "tables": {name: _describe_table(models[name], made.files[name]) for name in sorted(made.files)},
    } | rawlayer.read_facts(raw)


def _describe_table(model: Model, files: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "rows": sum(file["rows"] for file in files),
        "grain": model.grain,
        "partition": model.partition or None,
        "columns": [{"name": c.name, "type": c.type, "nullable": c.nullable} for c in model.columns],
        "files": files,
    }
