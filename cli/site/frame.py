"""What every page of a site has around its content: the way to the others, and which release it is about."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path

from cli.formats import escape_html
from cli.page import END, begin_page
from cli.site.sheets import Sheet
from etl import __version__
from etl.release import Release

_HOME = "Bin metadata"
_PAGES = {"index.html": "Overview", "bin.html": "Bins", "dictionary.html": "Data dictionary"}


@dataclass(frozen=True, slots=True)
class Frame:
    """What is the same on all pages of a site."""

    release: Release
    sheets: Sequence[Sheet]

    def wrap(self, path: str, title: str, content: str, scripts: Sequence[str] = ("site.js",)) -> str:
        """The page at `path` in the folder of the site."""
        up = "../" * path.count("/")
        texts = [f"\n{read_asset(name)}" for name in scripts]
        return (
            begin_page(f"{title} · {_HOME}", read_asset("site.css"), texts)
            + '<a class="skip" href="#content">Skip to the content</a>\n'
            + self._make_header(path, up)
            + f'<main id="content" tabindex="-1">\n<h1>{escape_html(title)}</h1>\n{content}</main>\n'
            + f"<footer>\n<p>{self._describe_release()}</p>\n</footer>\n"
            + "".join(f"<script>{text}</script>\n" for text in texts)
            + END
        )

    def _make_header(self, path: str, up: str) -> str:
        pages = "".join(_link(f"{up}{page}", name, current=page == path) for page, name in _PAGES.items())
        groups = "".join(
            f"<section><h2>{group}</h2><ul>"
            + "".join(_link_report(sheet, f"{up}{report_path(sheet)}", path) for sheet in sheets)
            + "</ul></section>\n"
            for group, sheets in group_sheets(self.sheets)
        )
        return (
            f'<header>\n<nav aria-label="Pages">\n<ul class="pages">{pages}</ul>\n'
            f"<details><summary>Reports</summary>\n<div>\n{groups}</div>\n</details>\n</nav>\n</header>\n"
        )

    def _describe_release(self) -> str:
        manifest = self.release.manifest
        synthetic = " of invented documents" if manifest["synthetic"] else ""
        return (
            f"Release <code>{escape_html(self.release.id)}</code>{synthetic}, published "
            f"{escape_html(manifest['published_at'])} UTC. Made by abid-warehouse {escape_html(__version__)}."
        )


def report_path(sheet: Sheet) -> str:
    """Where the page of a report is in the folder of the site."""
    return f"reports/{sheet.report.name}.html"


def group_sheets(sheets: Sequence[Sheet]) -> Iterable[tuple[str, list[Sheet]]]:
    """The reports of each group."""
    return [(group, list(members)) for group, members in groupby(sheets, key=lambda sheet: sheet.report.group)]


@cache
def read_asset(name: str) -> str:
    """A script or a style of this package."""
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def _link(address: str, name: str, *, current: bool) -> str:
    mark = ' aria-current="page"' if current else ""
    return f'<li><a href="{address}"{mark}>{escape_html(name)}</a></li>'


def _link_report(sheet: Sheet, address: str, path: str) -> str:
    return _link(address, sheet.report.title, current=report_path(sheet) == path)
