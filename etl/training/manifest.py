"""A training set as a folder: its files in one of the formats, and the manifest that says what they were made of."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from etl.errors import UsageError
from etl.ownfolder import Kind, replace_own_folder, write_list
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

_TRAINING_SET = Kind("training set", "manifest.json", "--output")
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
        UsageError: the folder can't be made or replaced, the format can't hold the task or lacks pictures, or there is
            no row.
    """
    _check_images(form)
    with replace_own_folder(out, warehouse.release, _TRAINING_SET) as folder:
        written = _find_writer(warehouse, plan, form)(folder)
        _require_rows(written, form)
        write_list(folder, _TRAINING_SET, _describe(warehouse, plan, written), written.files)
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


def _require_rows(written: Written, form: Form) -> None:
    if not any(written.files.values()):
        raise UsageError(
            f"none of the {written.left_out:,} rows has its picture in {form.images}: write the set as jsonl, "
            f"and get those that it names with `abid-etl images --manifest FILE --to {form.images}`"
        )


def _describe(warehouse: Warehouse, plan: Plan, written: Written) -> dict[str, Any]:
    return {
        "task": plan.task,
        **name_origin(warehouse.release, plan),
        "keep_sha256": plan.split.kept.sha256,
        "synthetic": warehouse.release.manifest["synthetic"],
        "rows_without_picture": written.left_out,
    }
