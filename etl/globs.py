"""File names in SQL. DuckDB takes what it is given for a pattern; a name with a bracket in it isn't meant as one."""

import re
from collections.abc import Iterable
from pathlib import Path

_ESCAPES = str.maketrans({"[": "[[]", "*": "[*]", "?": "[?]"})
_ESCAPED = re.compile(r"\[([\[*?])\]")


def escape_glob(path: Path | str) -> str:
    """A pattern that matches `path` and nothing else."""
    return str(path).translate(_ESCAPES)


def unescape_glob(pattern: str) -> str:
    """The path of which `escape_glob` made `pattern`."""
    return _ESCAPED.sub(r"\1", pattern)


def quote_text(text: str) -> str:
    """A text as SQL spells it."""
    return "'" + text.replace("'", "''") + "'"


def quote_files(paths: Iterable[Path | str]) -> str:
    """A list of files as SQL spells it, for `read_parquet`."""
    return "[" + ", ".join(quote_text(escape_glob(path)) for path in paths) + "]"
