"""`abid-report splits`: which bins to learn from, and which to judge by."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import (
    DEFAULT_DATA_DIR,
    DEFAULT_MEMORY,
    DEFAULT_TIMEOUT,
    DataDirOption,
    Format,
    FormatOption,
    NoHeaderOption,
    OutputOption,
    QueryMemoryOption,
    TimeoutOption,
)
from cli.stderr import say
from cli.stdout import choose_format, write_result
from cli.training.options import (
    DEFAULT_RATIOS,
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
from cli.training.origin import Origin, spell_command, stamp_file, stamp_rows

if TYPE_CHECKING:
    from etl.result import Result
    from etl.training.groups import Grouped
    from etl.training.sides import Split


def splits(
    context: typer.Context,
    *,
    seed: SeedOption = 0,
    ratios: RatiosOption = DEFAULT_RATIOS,
    folds: FoldsOption = None,
    strategy: StrategyOption = Strategy.GROUPED,
    keep: KeepOption = None,
    window: WindowOption = 2,
    overlap: OverlapOption = 0.0,
    group_by: GroupByOption = GroupBy.CAPTURE,
    report: Annotated[
        bool, typer.Option("--report", help="Show what each side holds, and what would leak, instead of the bins.")
    ] = False,
    format_: FormatOption = None,
    no_header: NoHeaderOption = False,
    output: OutputOption = None,
    timeout: TimeoutOption = DEFAULT_TIMEOUT,
    memory: QueryMemoryOption = DEFAULT_MEMORY,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
) -> None:
    """Share all bins out to training, validation and test, so that no shelf is on two sides.

    Pictures that follow one another are often of one shelf: bins that are likely so are a capture group, which is never
    parted. Each side has its share of every stratum (class of expected units). --report tells the sizes, and how many
    bins of each side a model would know already.

    No bin changes sides when others are added behind all of them. Bins inserted between others, as when a sample grows
    or a document is mended, move some of those behind them: keep an earlier result with --output, and name it with
    --keep.

    Every file names the release, the seed and the command.

    Examples:

        abid-report splits --seed 7 --report

        abid-report splits --seed 7 --ratios 70/15/15 --output splits.parquet

        abid-report splits --seed 7 --ratios 70/15/15 --keep splits.parquet

        abid-report splits --folds 5 --format csv
    """
    from cli.guard import open_guarded  # noqa: PLC0415  (duckdb is slow to import)
    from etl.limits import Limits  # noqa: PLC0415
    from etl.training.groups import Grouping, group_bins  # noqa: PLC0415
    from etl.training.tables import ask_leaks, ask_splits, count_sizes  # noqa: PLC0415

    split = make_split(context, seed, ratios, folds, strategy, keep=keep)
    with open_guarded(data_dir, Limits(memory, timeout)) as warehouse:
        bins = group_bins(warehouse.connect(), Grouping(window, overlap, group_by.value), split.kept.sides)
        ask = ask_leaks if report else ask_splits
        origin: Origin = {"release": warehouse.release.id, "seed": seed}
        origin["command"] = spell_command(context, format_=choose_format(format_, output), output=None)
        result = ask(warehouse, bins, split)
        write_result(_stamp(result, origin, format_, output), format_, output, header=not no_header)
    if report:
        _tell_sizes(*count_sizes(bins))
    if keep:
        tell_kept(bins, split)


def _stamp(result: "Result", origin: Origin, format_: Format | None, output: Path | None) -> "Result":
    """Name the origin, but to whoever looks at a table on a screen."""
    match choose_format(format_, output):
        case Format.PARQUET:
            return stamp_file(result, origin)
        case Format.TABLE if not output:
            return result
        case _:
            return stamp_rows(result, origin)


def make_split(
    context: typer.Context, seed: int, ratios: str, folds: int | None, strategy: Strategy, *, keep: Path | None
) -> "Split":
    """The split that the options ask for.

    Raises:
        UsageError: the ratios aren't any, both ratios and folds are given, or the file of kept sides isn't one.
    """
    from etl.errors import UsageError  # noqa: PLC0415
    from etl.training.kept import Kept, read_kept  # noqa: PLC0415
    from etl.training.sides import Split, make_folds, parse_ratios  # noqa: PLC0415

    source = context.get_parameter_source("ratios")
    if folds and source and source.name != "DEFAULT":
        raise UsageError("--folds are all of one size: leave out --ratios")
    shares = make_folds(folds) if folds else parse_ratios(ratios)
    return Split(shares, seed, strategy.value, read_kept(keep, shares) if keep else Kept())


def tell_kept(bins: list["Grouped"], split: "Split") -> None:
    """Say what became of kept bins that isn't as one expects."""
    from etl.training.tables import count_missing, find_parted  # noqa: PLC0415

    if missing := count_missing(bins, split.kept):
        say(f"Bins of --keep that the release doesn't have: {missing:,}")
    if parted := find_parted(bins, split):
        told = f"as that of {parted[0]}, and any other bins of which are on none"
        say(f"Capture groups that --keep has on two sides, {told}: {len(parted):,}")


def _tell_sizes(sizes: dict[int, int], bridges: int) -> None:
    told = ", ".join(f"{groups:,} of {bins:,}" for bins, groups in sizes.items())
    say(f"{sum(sizes.values()):,} capture groups, by their number of bins: {told}")
    if bridges:
        say(f"Bins on no side, for each would join two groups that were apart: {bridges:,}")
