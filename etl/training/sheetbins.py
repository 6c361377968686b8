"""The bins that a contact sheet shows: chosen as a report's are, with all that is recorded of what they hold."""

from collections.abc import Sequence

from etl.chosenbins import choose_bins
from etl.errors import QueryError
from etl.result import Result
from etl.sqlfiles import read_folder
from etl.warehouse import Warehouse


def ask_sheet(warehouse: Warehouse, where: Sequence[str], sample: int) -> tuple[Result, int]:
    """The rows of the sheet, in the order of their ids, and how many bins meet all conditions.

    Raises:
        UsageError: a condition is none.
        QueryError: no bin meets them all.
    """
    query = read_folder("site")["contact-sheet"].query
    choose = choose_bins(warehouse.connect(), query, where, sample)
    met = _count_bins(warehouse, where)
    if not met:
        raise QueryError(f"release {warehouse.release.id} has no bin{' with ' * bool(where)}{' and '.join(where)}")
    return Result(lambda: choose(warehouse.connect()), query), met


def _count_bins(warehouse: Warehouse, where: Sequence[str]) -> int:
    query = "select bin_id from bins"
    choose = choose_bins(warehouse.connect(), query, where, None)
    return Result(lambda: choose(warehouse.connect()), query).count_rows()
