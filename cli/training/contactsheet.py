"""`abid-report contact-sheet`: pictures of bins beside what is recorded of them, to look at what a label means."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import (
    DEFAULT_DATA_DIR,
    DEFAULT_MEMORY,
    DEFAULT_TIMEOUT,
    DataDirOption,
    QueryMemoryOption,
    TimeoutOption,
    WhereOption,
)
from cli.stderr import say
from cli.stdout import open_output
from cli.text import format_bytes
from etl.errors import UsageError

if TYPE_CHECKING:
    from cli.training.sheetpage import Heading, Shown
    from etl.release import Release

_MOST = 2_000  # bins in a page that a browser opens with ease
_OTHER_PICTURES = (
    "this release is of invented documents, and the public bucket has other pictures under their ids: name a folder of "
    "their own with --images, which `abid-etl synthesize --pictures` makes as bin-images"
)


def make_sheet(
    output: Annotated[Path, typer.Option("--output", "-o", help="The page to write.")],
    *,
    where: WhereOption = None,
    sample: Annotated[
        int, typer.Option("--sample", min=1, max=_MOST, help="Only so many of these bins, always the same ones.")
    ] = 48,
    images: Annotated[
        Path | None,
        typer.Option(
            "--images",
            metavar="DIR",
            exists=True,
            file_okay=False,
            help="Embed the pictures of this folder, as DIR/00523.jpg; without it, the page shows those of the bucket.",
        ),
    ] = None,
    timeout: TimeoutOption = DEFAULT_TIMEOUT,
    memory: QueryMemoryOption = DEFAULT_MEMORY,
    data_dir: DataDirOption = DEFAULT_DATA_DIR,
) -> None:
    """Make a page of pictures of bins, each beside the items that are recorded in it, in the order of the ids.

    With --images the page holds its pictures, and opens without a network: some 25 kB a bin, where
    `pip install 'abid-warehouse[pictures]'` can make them small, and else as much as they are. Without it, the browser
    gets them from the public bucket, which has none of invented bins.

    Examples:

        abid-report contact-sheet --where "expected_quantity = 3" --sample 48 -o sheet.html

        abid-report contact-sheet --where "expected_quantity = 3" --images images -o sheet.html
    """
    from cli.guard import open_guarded  # noqa: PLC0415  (duckdb is slow to import)
    from cli.training.sheetpage import SheetBin, find_pictures, write_page  # noqa: PLC0415
    from etl.limits import Limits  # noqa: PLC0415
    from etl.training.sheetbins import ask_sheet  # noqa: PLC0415

    find_picture, source = find_pictures(images)
    tally = Counter[str]()
    with open_guarded(data_dir, Limits(memory, timeout)) as warehouse:
        invented = bool(warehouse.release.manifest["synthetic"])
        if invented and not images:
            raise UsageError(_OTHER_PICTURES)
        result, met = ask_sheet(warehouse, where or [], sample)
        bins = (SheetBin(*row) for rows in result.stream()[1] for row in rows)
        heading = _write_heading(where or [], sample, met, warehouse.release)
        shown = _count(map(find_picture, bins), tally)
        size = _write(output, write_page(heading, source, shown, linked=not invented))
    _tell(output, size, tally, images)


def _write_heading(where: list[str], sample: int, met: int, release: "Release") -> "Heading":
    from cli.training.sheetpage import Heading  # noqa: PLC0415

    options = " ".join([*(f"--where {quote(condition)}" for condition in where), f"--sample {sample}"])
    invented = " of invented documents" if release.manifest["synthetic"] else ""
    return Heading(
        title=f"Bins with {' and '.join(where)}" if where else "Bins",
        count=f"{min(sample, met):,} of {met:,} bins, in the order of their ids",
        origin=f"Release {release.id}{invented}; abid-report contact-sheet {options}",
    )


def _count(shown: "Iterable[Shown]", tally: Counter[str]) -> "Iterator[Shown]":
    """Bins as they pass, by what is the matter with their picture; nothing is an empty text."""
    for bin_ in shown:
        tally[bin_.fault] += 1
        yield bin_


def _write(output: Path, pieces: Iterable[str]) -> int:
    """Write a page, and return its bytes."""
    with open_output(output) as path, path.open("wb") as file:
        return sum(file.write(piece.encode()) for piece in pieces)


def _tell(output: Path, size: int, tally: Counter[str], images: Path | None) -> None:
    from cli.training.thumbnails import can_shrink  # noqa: PLC0415

    say(f"wrote {format_bytes(size)} to {output}: {tally.total():,} bins")
    if not images:
        say("their pictures are in the public bucket: the page needs a network, or --images")
        return
    for fault, bins in sorted(tally.items()):
        if fault:
            say(f"{bins:,} without a picture: {fault}")
    if not can_shrink():
        say("the pictures are as large as they were: pip install 'abid-warehouse[pictures]' makes them small")
