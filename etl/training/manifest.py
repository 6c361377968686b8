"""A training set as a folder: its files in one of the formats, and the manifest that says what they were made of."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from etl import __version__
from etl.atomic import replace_folder
from etl.errors import UsageError
from etl.ownfolder import resolve_folder
from etl.training.formats.challenge import write_challenge
from etl.training.formats.huggingface import write_huggingface
from etl.training.formats.labelstudio import write_labelstudio
from etl.training.formats.parquet import write_parquet
from etl.training.formats.text import Spell, write_text
from etl.training.formats.webdataset import write_webdataset
from etl.training.pictures import require_pictures
from etl.training.plan import Plan
from etl.training.trainingset import Written, make_training_set, name_origin
from etl.warehouse import Warehouse

_MANIFEST = "manifest.json"
_PICTURED = ("huggingface", "webdataset")


@dataclass(frozen=True, slots=True)
class Form:
    """How a training set is written: the format, what spells the text formats, and the folder of pictures."""

    format: str
    spellings: dict[str, Spell] = field(default_factory=dict)
    images: Path | None = None


def write_training_set(warehouse: Warehouse, plan: Plan, out: Path, form: Form) -> Written:
    """Write the folder `out`, which appears whole. Every format streams.

    Raises:
        UsageError: the folder holds something else, the format can't hold the task or lacks pictures, or there is no
            row.
    """
    folder = resolve_folder(out, warehouse.release, _MANIFEST, "training set")
    _check_images(form)
    write = _find_writer(warehouse, plan, form)
    with replace_folder(folder) as temporary:
        written = write(temporary)
        _write_manifest(warehouse, plan, temporary, written)
    return written


def _check_images(form: Form) -> None:
    if form.images and form.format not in _PICTURED:
        raise UsageError(f"--images is for {' and '.join(_PICTURED)}: {form.format} holds no pictures")
    if form.format == "webdataset" and not form.images:
        raise UsageError("webdataset holds the pictures themselves: name their folder with --images")
    if form.images:
        require_pictures(form.images)


def _find_writer(warehouse: Warehouse, plan: Plan, form: Form) -> Callable[[Path], Written]:
    if form.format == "challenge":
        return partial(write_challenge, warehouse, plan)
    made = make_training_set(warehouse, plan)
    if spell := form.spellings.get(form.format):
        return partial(write_text, made, ending=form.format, spell=spell)
    if form.format == "webdataset" and form.images:
        return partial(write_webdataset, made, images=form.images)
    if form.format == "huggingface":
        return partial(write_huggingface, made, images=form.images)
    return partial({"parquet": write_parquet, "labelstudio": write_labelstudio}[form.format], made)


def _write_manifest(warehouse: Warehouse, plan: Plan, folder: Path, written: Written) -> None:
    about = {
        "made_by": f"abid-warehouse {__version__}",
        "task": plan.task,
        **name_origin(warehouse.release, plan),
        "synthetic": warehouse.release.manifest["synthetic"],
        "rows_without_picture": written.left_out,
        "files": {name: {"rows": rows, "sha256": _hash(folder / name)} for name, rows in sorted(written.files.items())},
    }
    (folder / _MANIFEST).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
