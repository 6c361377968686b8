"""From a release to its site: ask everything, then write the pages."""

from collections.abc import Iterable
from pathlib import Path

from cli.site.bins import gather_bins
from cli.site.folder import write_pages
from cli.site.frame import Frame, report_path
from cli.site.pages import make_bin_page, make_dictionary, make_overview, make_report_page
from cli.site.sheets import read_sheets
from etl.progress import UNWATCHED, Progress
from etl.reports import Report
from etl.warehouse import Warehouse


def build_site(warehouse: Warehouse, own: Iterable[Report], folder: Path, progress: Progress = UNWATCHED) -> int:
    """Make the site of a release in `folder`, with the reports of the user's `own`; returns its size in bytes.

    Raises:
        QueryError: a report of ours failed.
    """
    sheets = read_sheets(warehouse, own, progress)
    bins = gather_bins(warehouse, sheets)
    frame = Frame(warehouse.release, sheets)
    pages = {
        "index.html": make_overview(frame),
        "bin.html": make_bin_page(frame, bins),
        "dictionary.html": make_dictionary(frame),
        **{report_path(sheet): make_report_page(frame, sheet, bins) for sheet in sheets},
    }
    return write_pages(folder, warehouse.release, pages)
