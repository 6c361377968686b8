"""The bins that a site shows one by one. It can't hold all of them, so it says which come first.

Those that its tables lead to do, in the order in which they lead there; then come the others as a sample takes them
(`etl.chosenbins`), so that the same release always gives the same ones.
"""

import json
from collections.abc import Sequence

from etl.chosenbins import SEED
from etl.result import Result
from etl.sqlfiles import read_folder
from etl.warehouse import Warehouse


def rank_bins(warehouse: Warehouse, linked: Sequence[str], most: int) -> Result:
    """At most so many bins, one row each with its lines as a list of structs. Of `linked`, no id is there twice."""
    query = read_folder("site")["bins"].query
    return Result(warehouse.connect, query, {"linked": json.dumps(linked), "seed": SEED, "most": most})
