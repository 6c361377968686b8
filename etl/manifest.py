"""The manifest of a release: what it was made of, and every file with its bytes, its SHA-256 and its rows.

All else is verified by it. It is verified by the seal that it carries: the SHA-256 of its text without the seal.
"""

import datetime as dt
import hashlib
import json
from pathlib import Path, PurePosixPath
from typing import Any

from etl.atomic import replace_file

MANIFEST = "manifest.json"
_SEAL = "seal"
# What is asked of a manifest without looking twice.
_FIELDS = {
    "release": str,
    "schema_version": int,
    "published_at": str,
    "receipt": list,
    "documents": dict,
    "lines": dict,
    "rejects_by_reason": dict,
    "tables": dict,
    "catalog": dict,
    "source": str,
}
_FIELDS_IN_A_BUCKET = {name: type_ for name, type_ in _FIELDS.items() if name != "catalog"}
_FILE_FIELDS = {"path": str, "bytes": int, "sha256": str}


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Write the manifest of the release in `folder`, sealed, in the place of one that may be there."""
    with replace_file(folder / MANIFEST) as path:
        path.write_bytes(seal_manifest(manifest))


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of the release in `folder`, taken at its word.

    Raises:
        OSError: there is none.
        ValueError: it isn't JSON, or says something else than a manifest does.
    """
    return parse_manifest((folder / MANIFEST).read_bytes(), _FIELDS)


def parse_manifest(text: bytes, fields: dict[str, type] = _FIELDS_IN_A_BUCKET) -> dict[str, Any]:
    """The manifest that a text is, by default one of a release in a bucket, where there is no catalog.

    Raises:
        ValueError: it isn't JSON, or says something else than a manifest does.
    """
    manifest: dict[str, Any] = json.loads(text)
    try:
        _require(manifest, fields)
        dt.datetime.fromisoformat(manifest["published_at"])
        for file in list_files(manifest):
            _require(file, _FILE_FIELDS)
            _require_inside(file["path"])
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"it is no manifest: {error}") from error
    return manifest


def _require_inside(path: str) -> None:
    """A release from elsewhere must not say which files of this machine to write."""
    parts = PurePosixPath(path).parts
    if not parts or parts[0] == "/" or ".." in parts:
        raise TypeError(f"{path!r} is no path within a release")


def _require(facts: dict[str, Any], types: dict[str, type]) -> None:
    for name, type_ in types.items():
        if not isinstance(facts[name], type_):
            raise TypeError(f"{name} is of another type")


def seal_manifest(manifest: dict[str, Any]) -> bytes:
    """The bytes of the file that holds `manifest`; of one that was read, what was read, unless it has been changed."""
    unsealed = {name: value for name, value in manifest.items() if name != _SEAL}
    return _encode(unsealed | {_SEAL: hashlib.sha256(_encode(unsealed)).hexdigest()})


def _encode(manifest: dict[str, Any]) -> bytes:
    return (json.dumps(manifest, indent=2, ensure_ascii=False) + "\n").encode()


def describe_file(path: Path, root: Path, **facts: int) -> dict[str, Any]:
    """A file's entry in the manifest of the release in `root`."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"path": str(path.relative_to(root)), **facts, "bytes": path.stat().st_size, "sha256": digest}


def list_files(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """The entries of all files but the manifest itself; those of tables have `rows`. Buckets have no catalog."""
    catalog = [manifest["catalog"]] if "catalog" in manifest else []
    return [*catalog, *(file for table in manifest["tables"].values() for file in table["files"])]
