"""How the languages of the templates spell a text and a comment.

Texts have no control characters (`filling` refuses them), so that none needs more than its quotes, and the mark of what
quotes them, escaped.
"""

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass

from etl.globs import quote_text


@dataclass(frozen=True, slots=True)
class Language:
    """`quote` makes a literal of any text without control characters; `comment` begins a line of prose."""

    comment: str
    quote: Callable[[str], str]


def _quote_backslashed(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _quote_double(text: str) -> str:
    """As Python, R and JSON all read it."""
    return json.dumps(text, ensure_ascii=False)


def _quote_m(text: str) -> str:
    """`#(` begins an escape in Power Query's language, a backslash is one of the text."""
    return '"' + text.replace('"', '""').replace("#(", "#(#)(") + '"'


LANGUAGES = {
    "bigquery": Language("--", _quote_backslashed),
    "clickhouse": Language("--", _quote_backslashed),
    "hive": Language("--", _quote_backslashed),
    "m": Language("//", _quote_m),
    "python": Language("#", _quote_double),
    "r": Language("#", _quote_double),
    "shell": Language("#", shlex.quote),
    "sql": Language("--", quote_text),
    "text": Language("#", str),
}
