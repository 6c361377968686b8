"""File names in SQL. DuckDB takes what it is given for a pattern; a name with a bracket in it isn't meant as one."""

from collections.abc import Iterable
from pathlib import Path

_ESCAPES = str.maketrans({"[": "[[]", "*": "[*]", "?": "[?]"})


def escape_glob(path: Path | str) -> str:
    """A pattern that matches `path` and nothing else."""
    return str(path).translate(_ESCAPES)


def quote_text(text: str) -> str:
    """A text as SQL spells it."""
    return "'" + text.replace("'", "''") + "'"


def quote_files(paths: Iterable[Path | str]) -> str:
    """A list of files as SQL spells it, for `read_parquet`."""
    return "[" + ", ".join(quote_text(escape_glob(path)) for path in paths) + "]"
