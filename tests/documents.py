"""Small documents of the real shape, for the tests to write into buckets."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from etl.build import build_release
from etl.datadir import DataDir
from etl.fetch import fetch_documents
from etl.raw import DOCUMENTS, LISTINGS, RawFolder
from etl.release import Release
from etl.sources.directory import DirectorySource


def make_line(asin: str | None = "B00TEST001", quantity: Any = 1, **changes: Any) -> dict[str, Any]:
    """A line as padded bins have it; `changes` replace members, and `...` removes one."""
    line = {
        "asin": asin,
        "height": {"unit": "IN", "value": 1.5},
        "length": {"unit": "IN", "value": 4.399999995512001},
        "name": f"Invented thing {asin}",
        "normalizedName": f"Invented thing {asin}",
        "quantity": quantity,
        "weight": {"unit": "pounds", "value": 0.45},
        "width": {"unit": "IN", "value": 3},
    }
    return {key: value for key, value in (line | changes).items() if value is not ...}


def make_document(*lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A document whose FCSKUs are the ASINs of its lines."""
    document: dict[str, Any] = {
        "BIN_FCSKU_DATA": {line["asin"] or f"ZZ{number}": line for number, line in enumerate(lines)},
        "EXPECTED_QUANTITY": len(lines),
    }
    return {key: value for key, value in (document | changes).items() if value is not ...}


def encode(document: Any) -> bytes:
    """The byte form of the real documents."""
    return json.dumps(document, indent=4, sort_keys=True).encode()


def write_bucket(root: Path, documents: dict[str, Any]) -> Path:
    """Write documents by key; bytes as they are, anything else as JSON."""
    for key, document in documents.items():
        path = root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(document if isinstance(document, bytes) else encode(document))
    return root


def run_pipeline(bucket: Path, data_dir: Path) -> Release:
    """Fetch and build."""
    data = DataDir(data_dir)
    fetch_documents(DirectorySource(bucket), data)
    return build_release(data)


def find_shards(data: DataDir) -> list[Path]:
    """The shards of a raw layer."""
    return [data.raw / name for name in RawFolder(data.raw).list_files(DOCUMENTS)]


def read_shards(data: DataDir) -> pa.Table:
    """All that the shards of a raw layer hold, shard after shard."""
    return pa.concat_tables(pq.read_table(shard) for shard in find_shards(data))


def read_listing(data: DataDir) -> list[dict[str, Any]]:
    """The rows of the only listing of a raw layer."""
    [name] = RawFolder(data.raw).list_files(LISTINGS)
    rows: list[dict[str, Any]] = pq.read_table(data.raw / name).to_pylist()
    return rows


def hash_files(release: Release) -> dict[str, str]:
    """The SHA-256 of every Parquet file of a release, by its path there."""
    files = release.path.rglob("*.parquet")
    return {str(file.relative_to(release.path)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
