"""The page of a contact sheet: one file without scripts. Whatever comes from a release is text in it.

Its pictures are in the page itself, so that it opens anywhere, or else in the public bucket: then the browser gets
those that are looked at, and the policy of the page allows no other host.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.formats import escape_html
from cli.page import END, begin_page
from cli.training.thumbnails import UnreadablePictureError, embed_picture

HOST = "https://aft-vbi-pds.s3.amazonaws.com"


@dataclass(frozen=True, slots=True)
class Heading:
    """What a page is about, of how many bins, and what made it."""

    title: str
    count: str
    origin: str


@dataclass(frozen=True, slots=True)
class SheetBin:
    """A bin as the query `sql/site/contact-sheet.sql` gives it."""

    bin_id: str
    expected_quantity: int
    image_url: str
    lines: list[dict[str, Any]]
    reasons: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A bin, and the address of its picture; or why none is shown."""

    bin: SheetBin
    address: str
    fault: str = ""


def find_pictures(folder: Path | None) -> tuple[Callable[[SheetBin], Shown], str]:
    """What finds the picture of a bin, in a folder or else in the bucket, and the source that the page then allows."""
    return (lambda bin_: _embed(bin_, folder), "data:") if folder else (_refer, HOST)


def _embed(bin_: SheetBin, folder: Path) -> Shown:
    try:
        address = embed_picture(folder / f"{bin_.bin_id}.jpg")
    except UnreadablePictureError:
        return Shown(bin_, "", "the local picture is damaged")
    return Shown(bin_, address) if address else Shown(bin_, "", "there is no local picture")


def _refer(bin_: SheetBin) -> Shown:
    return Shown(bin_, bin_.image_url)


def write_page(heading: Heading, source: str, shown: Iterable[Shown], *, linked: bool) -> Iterator[str]:
    """The page, bin after bin; `source` is where its pictures may be, as Content-Security-Policy says it.

    Each bin is `linked` to its picture in the bucket, unless that is another's.
    """
    title = escape_html(heading.title)
    yield begin_page(heading.title, (Path(__file__).parent / "contactsheet.css").read_text("utf-8"), pictures=source)
    yield f"<header>\n<h1>{title}</h1>\n<p>{escape_html(heading.count)}</p>\n</header>\n<main>\n"
    yield from (_write_bin(bin_, linked=linked) for bin_ in shown)
    yield f"</main>\n<footer>\n<p>{escape_html(heading.origin)}</p>\n</footer>\n{END}"


def _write_bin(shown: Shown, *, linked: bool) -> str:
    bin_ = shown.bin
    name, recorded = escape_html(bin_.bin_id), sum(line["quantity"] for line in bin_.lines)
    title = f'<a href="{escape_html(bin_.image_url)}">Bin {name}</a>' if linked else f"Bin {name}"
    lines = "".join(map(_write_line, bin_.lines))
    return (
        f'<article aria-labelledby="bin-{name}">\n{_write_picture(shown)}<div>\n'
        f'<h2 id="bin-{name}">{title}</h2>\n'
        f"<p>{bin_.expected_quantity:,} expected, {recorded:,} recorded</p>\n"
        + (f'<p class="doubt">In doubt: {escape_html(bin_.reasons.replace("_", " "))}</p>\n' if bin_.reasons else "")
        + (f"<ul>\n{lines}</ul>\n" if lines else '<p class="quiet">Nothing is recorded.</p>\n')
        + "</div>\n</article>\n"
    )


def _write_picture(shown: Shown) -> str:
    if shown.fault:
        return f'<p class="picture">{escape_html(shown.fault.capitalize())}.</p>\n'
    alt = escape_html(f"Picture of bin {shown.bin.bin_id}")
    when = "" if shown.address.startswith("data:") else ' loading="lazy"'
    return f'<div class="picture"><img{when} src="{escape_html(shown.address)}" alt="{alt}"></div>\n'


def _write_line(line: dict[str, Any]) -> str:
    name = escape_html(line["name"]) if line["name"] else '<span class="quiet">no name</span>'
    key = f"<code>{escape_html(line['asin'])}</code>" if line["asin"] else '<span class="quiet">no ASIN</span>'
    return f'<li><span class="units">{line["quantity"]:,}&nbsp;&times;</span> <span>{name} {key}</span></li>\n'
