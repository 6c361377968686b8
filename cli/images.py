"""`abid-etl images`: the pictures of a manifest or a query, in a folder."""

from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import (
    DEFAULT_DATA_DIR,
    ConcurrencyOption,
    DataDirOption,
    EndpointOption,
    LogFormat,
    LogFormatOption,
    ProfileOption,
    QuietOption,
    RequesterPaysOption,
    SignOption,
)
from cli.stderr import open_progress, say, set_log
from cli.text import format_bytes
from etl.datadir import DataDir
from etl.errors import CheckError, UsageError
from etl.sources.options import CONCURRENCY, S3Options

if TYPE_CHECKING:
    import pyarrow as pa

    from etl.images.gather import Errand, Gathering
    from etl.images.manifests import Manifest


def images(
    *,
    manifest: Annotated[
        Path | None,
        typer.Option(
            "--manifest",
            metavar="PATH",
            help="The pictures that a .jsonl, .csv or .parquet file names by image_key or bin_id; "
            "or those of a training set, by its folder.",
            show_default=False,
        ),
    ] = None,
    sql: Annotated[
        str | None,
        typer.Option(
            "--sql",
            metavar="QUERY",
            help="Or those that a query over the release names so, as 'select bin_id from bins where ...'.",
            show_default=False,
        ),
    ] = None,
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="The folder to put them into.")],
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="Only so many, the first that are named.", show_default=False)
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--source",
            help="Where bin-images/ is: s3://bucket[/prefix], a directory or an archive. Else the release's own.",
            show_default=False,
        ),
    ] = None,
    sizes: Annotated[
        Path | None,
        typer.Option(
            "--sizes",
            metavar="FILE.parquet",
            help="Also write how wide and high each is, in pixels.",
            show_default=False,
        ),
    ] = None,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
    endpoint_url: EndpointOption = None,
    profile: ProfileOption = None,
    sign: SignOption = None,
    requester_pays: RequesterPaysOption = False,
    concurrency: ConcurrencyOption = CONCURRENCY,
    quiet: QuietOption = False,
    log_format: LogFormatOption = LogFormat.TEXT,
) -> None:
    """Get the pictures of a manifest or of a query into a folder, each once, by the name that it has in the bucket.

    What is there and whole isn't got again: a run that was stopped goes on. A picture that can't be had whole is named,
    and left out of the copy of the manifest that is written beside the pictures: that of counting/train.jsonl is
    counting-train.jsonl.

    --sizes needs `pip install 'abid-warehouse[pictures]'`.

    Examples:

        abid-etl images --manifest counting --to images

        abid-etl images --manifest counting/train.jsonl --to images --limit 1000

        abid-etl images --sql 'from bins where expected_quantity < 3' --to few
    """
    from etl.images.copies import keep_rows, place_copy, require_copy  # noqa: PLC0415  (pyarrow is slow to import)
    from etl.images.folder import open_folder, require_apart, require_places  # noqa: PLC0415
    from etl.images.gather import gather_pictures, plan_errand  # noqa: PLC0415
    from etl.images.manifests import find_manifests, open_manifest  # noqa: PLC0415
    from etl.images.sizes import require_pillow, write_sizes  # noqa: PLC0415
    from etl.images.wanted import list_pictures  # noqa: PLC0415
    from etl.sources.choose import open_source  # noqa: PLC0415

    set_log(log_format, quiet=quiet)
    if (manifest is None) == (sql is None):
        raise UsageError("say which pictures: either --manifest PATH or --sql QUERY")
    if sizes:
        require_pillow()
    paths = find_manifests(manifest) if manifest else []
    folder = require_places(to, DataDir(data_dir), paths, sizes)
    named = [open_manifest(path) for path in paths]
    pictures, listed, place = _choose(named, sql, limit, source, data_dir)
    opened = open_source(place, S3Options(endpoint_url, profile, sign, requester_pays, concurrency))
    require_apart(folder, opened)
    progress = open_progress()
    if listed is None or opened.lists_for_free:
        listed = list_pictures(opened, pictures, progress)
    with open_folder(folder) as receipts:
        for path in paths:
            require_copy(path, folder, receipts)
        errand = plan_errand(folder, pictures, listed, receipts, progress)
        say(describe_errand(errand, to))
        done = gather_pictures(opened, folder, errand, receipts, progress)
        had = set(done.had["key"].to_pylist())
        formers = [keep_rows(one, folder, had, receipts) for one in named]
    say(describe_gathering(done))
    for path, former in zip(paths, formers, strict=True):
        _tell_copy(path, to / place_copy(path, folder).name, to / former.name if former else None)
    if sizes:
        _tell_unread(write_sizes(sizes, folder, done.had, progress))
    require_gathered(done, to)


def _choose(
    named: "list[Manifest]", sql: str | None, limit: int | None, source: str | None, data_dir: Path
) -> "tuple[pa.Table, pa.Table | None, str]":
    """The pictures; how the release lists them, if it does and nobody names another source; and where they are."""
    from cli.guard import open_guarded  # noqa: PLC0415  (duckdb is slow to import)
    from etl.images.wanted import ask_keys, choose_pictures, find_listed  # noqa: PLC0415
    from etl.limits import Limits  # noqa: PLC0415

    keys = chain.from_iterable(one.read_keys() for one in named)
    if named and source:
        return choose_pictures(keys, limit), None, source
    with open_guarded(data_dir, Limits()) as warehouse:
        pictures = choose_pictures(ask_keys(warehouse, sql) if sql is not None else keys, limit)
        if source:
            return pictures, None, source
        return pictures, find_listed(warehouse, pictures), warehouse.release.manifest["source"]


def describe_errand(errand: "Errand", folder: Path) -> str:
    """What will be done."""
    return (
        f"{errand.pictures.num_rows:,} pictures are asked for, {errand.listed:,} are listed "
        f"({format_bytes(errand.listed_size)}): {errand.there:,} are there, {errand.missing.num_rows:,} "
        f"({format_bytes(errand.missing_size)}) are to be got; {format_bytes(errand.free)} are free in {folder}"
    )


def describe_gathering(done: "Gathering") -> str:
    """What was done."""
    rate = f", {done.came / done.seconds:,.0f}/s" if done.came else ""
    return (
        f"got {done.came:,} pictures ({format_bytes(done.size)}) in {done.seconds:.1f} s{rate}: "
        f"{done.there:,} were there already, {len(done.failed):,} could not be had"
    )


def require_gathered(done: "Gathering", folder: Path) -> None:
    """Raise a CheckError that names every picture that could not be had."""
    if done.failed:
        reasons = "".join(f"\n  {key}: {reason}" for key, reason in done.failed)
        raise CheckError(
            f"{len(done.failed):,} of the pictures could not be had; a copy of a manifest in {folder} leaves them out:"
            f"{reasons}"
        )


def _tell_copy(manifest: Path, copy: Path, former: Path | None) -> None:
    if former:
        say(f"{manifest} has the rows of the pictures beside it only; all rows are kept in {former}")
    elif not copy.samefile(manifest):
        say(f"{copy} has the rows of {manifest} whose picture is there")


def _tell_unread(keys: list[str]) -> None:
    if keys:
        say(f"{len(keys):,} pictures have a header that can't be read, so no size: {', '.join(keys)}")
