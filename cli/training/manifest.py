"""`abid-report manifest`: a training set, as rows or as a folder."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.formats import write_csv, write_ndjson
from cli.options import (
    DEFAULT_DATA_DIR,
    DEFAULT_MEMORY,
    DEFAULT_TIMEOUT,
    DataDirOption,
    Format,
    QueryMemoryOption,
    SampleOption,
    TimeoutOption,
    WhereOption,
)
from cli.stderr import say
from cli.stdout import write_result
from cli.training.options import (
    DEFAULT_RATIOS,
    LARGEST_COUNT,
    FoldsOption,
    GroupBy,
    GroupByOption,
    KeepOption,
    OverlapOption,
    RatiosOption,
    SeedOption,
    Strategy,
    StrategyOption,
    WindowOption,
)
from cli.training.origin import spell_command
from cli.training.splits import make_split, tell_kept

if TYPE_CHECKING:
    from etl.training.formats.text import Spell
    from etl.training.plan import Plan
    from etl.warehouse import Warehouse


class Task(StrEnum):
    """What is asked about a picture; as in `etl.training.plan`, which needs no import for that."""

    COUNTING = "counting"
    VERIFICATION = "verification"
    QUANTITY_VERIFICATION = "quantity-verification"


class Trust(StrEnum):
    """Which labels are trusted; as in `etl.training.plan`."""

    ANY = "any"
    STRICT = "strict"


class Negatives(StrEnum):
    """What is asked about where the answer is no; as in `etl.training.plan`."""

    HARD = "hard"
    RANDOM = "random"


class SetFormat(StrEnum):
    """How a training set is written; as in `etl.training.manifest`."""

    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"
    HUGGINGFACE = "huggingface"
    LABELSTUDIO = "labelstudio"
    WEBDATASET = "webdataset"
    CHALLENGE = "challenge"


_STREAMED = {SetFormat.CSV: Format.CSV, SetFormat.JSONL: Format.NDJSON}
_SPELLINGS: dict[str, "Spell"] = {SetFormat.CSV.value: write_csv, SetFormat.JSONL.value: write_ndjson}


def make_manifest(
    context: typer.Context,
    task: Annotated[Task, typer.Argument(metavar="TASK", help="counting, verification or quantity-verification.")],
    *,
    max_quantity: Annotated[
        int | None,
        typer.Option(
            "--max-quantity",
            min=0,
            max=LARGEST_COUNT,
            help="Only bins of at most so many units.",
            show_default=False,
        ),
    ] = None,
    trust: Annotated[
        Trust, typer.Option("--trust", help="All bins, or only those whose label nothing speaks against.")
    ] = Trust.ANY,
    negatives: Annotated[
        Negatives,
        typer.Option("--negatives", help="Ask for what is easily mistaken where the answer is no, or for anything."),
    ] = Negatives.HARD,
    per_bin: Annotated[
        int | None,
        typer.Option(
            "--per-bin",
            min=1,
            max=LARGEST_COUNT,
            help="At most so many questions a bin whose answer is yes.",
            show_default=False,
        ),
    ] = None,
    where: WhereOption = None,
    sample: SampleOption = None,
    seed: SeedOption = 0,
    ratios: RatiosOption = DEFAULT_RATIOS,
    folds: FoldsOption = None,
    strategy: StrategyOption = Strategy.GROUPED,
    keep: KeepOption = None,
    window: WindowOption = 2,
    overlap: OverlapOption = 0.0,
    group_by: GroupByOption = GroupBy.CAPTURE,
    format_: Annotated[
        SetFormat, typer.Option("--format", "-f", help="How it is written; csv and jsonl need no --output.")
    ] = SetFormat.JSONL,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="The folder to make, or a former one to replace."),
    ] = None,
    images: Annotated[
        Path | None,
        typer.Option("--images", metavar="DIR", help="Pictures that `abid-etl images` fetched; others are left out."),
    ] = None,
    timeout: TimeoutOption = DEFAULT_TIMEOUT,
    memory: QueryMemoryOption = DEFAULT_MEMORY,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
) -> None:
    """Make a training set: questions about pictures with their answers, on sides that no shelf is parted by.

    counting asks how many units are in the picture, verification whether an item is in it, and quantity-verification
    whether so many of it are. Every file names the release, the seed and the command; the same command makes the same
    bytes. A folder has a file a side, and manifest.json about them.

    huggingface is an image folder with its card, labelstudio are tasks to import, webdataset are tar archives with the
    pictures, and challenge are the lists that the code of abid_challenge reads.

    Examples:

        abid-report manifest counting --max-quantity 5 --output counting

        abid-report manifest verification --per-bin 2 --format csv

        abid-report manifest counting --format webdataset --images images --output shards
    """
    from cli.guard import open_guarded  # noqa: PLC0415  (duckdb is slow to import)
    from etl.limits import Limits  # noqa: PLC0415
    from etl.training.groups import Grouping, group_bins  # noqa: PLC0415
    from etl.training.plan import FOLDER, Plan  # noqa: PLC0415

    _require_folder(format_, output, images)
    _require_questions(task, format_, negatives, per_bin)
    plan = Plan(
        task=task.value,
        split=make_split(context, seed, ratios, folds, strategy, keep=keep),
        grouping=Grouping(window, overlap, group_by.value),
        max_quantity=max_quantity,
        trust=trust.value,
        negatives=negatives.value,
        per_bin=per_bin,
        where=tuple(where or ()),
        sample=sample,
        command=spell_command(context, task.value, output=FOLDER if output else None),
    )
    with open_guarded(data_dir, Limits(memory, timeout)) as warehouse:
        if keep:
            tell_kept(group_bins(warehouse.connect(), plan.grouping, plan.split.kept.sides), plan.split)
        if output:
            _write_folder(warehouse, plan, output, format_, images)
        else:
            _write_rows(warehouse, plan, format_)


def _require_folder(format_: SetFormat, output: Path | None, images: Path | None) -> None:
    from etl.errors import UsageError  # noqa: PLC0415

    if output:
        return
    if format_ not in _STREAMED:
        raise UsageError(f"{format_.value} is several files: name a folder for them with --output")
    if images:
        raise UsageError("--images is for huggingface and webdataset: take one of them with --format")


def _require_questions(task: Task, format_: SetFormat, negatives: Negatives, per_bin: int | None) -> None:
    from etl.errors import UsageError  # noqa: PLC0415

    if (per_bin or negatives is not Negatives.HARD) and (task is Task.COUNTING or format_ is SetFormat.CHALLENGE):
        raise UsageError(
            "--per-bin and --negatives choose questions: counting has one a bin, and challenge its own rules for them"
        )


def _write_rows(warehouse: "Warehouse", plan: "Plan", format_: SetFormat) -> None:
    from etl.training.trainingset import make_training_set  # noqa: PLC0415

    write_result(make_training_set(warehouse, plan).ask(stamped=True), _STREAMED[format_], None)


def _write_folder(warehouse: "Warehouse", plan: "Plan", output: Path, format_: SetFormat, images: Path | None) -> None:
    from etl.training.manifest import Form, write_training_set  # noqa: PLC0415

    written = write_training_set(warehouse, plan, output, Form(format_.value, _SPELLINGS, images))
    for name, rows in written.files.items():
        if rows is not None:
            say(f"{output / name}: {rows:,} rows")
    if format_ is SetFormat.LABELSTUDIO and warehouse.release.manifest["synthetic"]:
        say("these bins are invented: the tasks show other pictures, which the public bucket has under their ids")
    if written.left_out:
        say(f"{written.left_out:,} rows were left out, for their pictures aren't in {images}")
