"""What tasks ask, and the documents as the tasks see them."""

import re
import unicodedata
from collections import Counter
from html import unescape
from typing import Any

from loaded import Document, lines_of

from etl.training.plan import Plan
from etl.training.sides import Split, parse_ratios
from etl.training.tables import ask_task
from etl.warehouse import Warehouse

Rows = list[dict[str, Any]]
SPLIT = Split(parse_ratios("80/10/10"), seed=7)


def ask(warehouse: Warehouse, plan: Plan) -> Rows:
    result = ask_task(warehouse, plan)
    names = result.columns
    return [dict(zip(names, row, strict=True)) for row in result.rows()]


def fold(name: str) -> str:
    """What is left of a name without case, accents, and whatever stands between words."""
    bare = "".join(c for c in unicodedata.normalize("NFD", unescape(name)) if not unicodedata.combining(c))
    return " ".join(re.findall(r"[^\W_]+", bare.lower()))


def held_units(document: Document) -> Counter[str]:
    units: Counter[str] = Counter()
    for line in lines_of(document):
        units[line["asin"]] += line["quantity"]
    return +units
