"""What DuckDB says of a query that fails, for whoever wrote it: what is wrong, and what to do about it.

The line with a mark below it stays where it shows a line of that query, and goes where it shows one of ours.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches

import duckdb

from etl.errors import QueryError
from etl.models import load_readable

TOO_LONG = "the query took longer than it may: ask for less, or allow it more with --timeout (0: no limit)"
TOO_LARGE = "the query needs more memory than it may have: ask for less, or allow it more with --memory"
_TOO_MUCH_DISK = "the query needs more memory than it may have, and more than {0} of disk instead: ask for less"

_KIND = re.compile(r"\A[A-Z][\w ]* Error: ")
_MARK = re.compile(r"\n+LINE (\d+): ?(.*)\n[ ~^]*\Z")
_COLUMN = re.compile(r'(?:Referenced column|does not have a column named) "([^"]+)"|Column "([^"]+)" does not exist on')
_TABLE = re.compile(r"Table with name \"?(.+?)\"? does not exist")
_OUTSIDE = re.compile(r"Cannot access (?:file|directory) \"(.*)\"")
_UNBOUND = re.compile(r"Values were not provided for the following (?:prepared statement )?parameters: (.*)")
_CANDIDATES = re.compile(r"Candidate bindings: (.*)")
_DISK = re.compile(r"\((\S+ \S+)/\S+ \S+ used\)")


@contextmanager
def explaining(query: str) -> Iterator[None]:
    """Turn what DuckDB raises inside the block, of `query`, into a QueryError, or a KeyboardInterrupt if it was one."""
    try:
        yield
    except duckdb.Error as error:
        raise _explain(error, query) from error


def _explain(error: duckdb.Error, query: str) -> BaseException:
    said = str(error).strip()
    match error:
        case duckdb.InterruptException():
            if "maximum execution time" not in said:
                return KeyboardInterrupt()
            return QueryError(TOO_LONG)
        case duckdb.OutOfMemoryException():
            return QueryError(_describe_shortage(said))
    said, mark = _split(said, query)
    return QueryError((_describe_name(said) or _KIND.sub("", said)) + mark)


def _describe_shortage(said: str) -> str:
    if "max_temp_directory_size" in said and (disk := _DISK.search(said)):
        return _TOO_MUCH_DISK.format(disk[1])
    return TOO_LARGE


def _describe_name(said: str) -> str | None:
    """What is wrong with a name that DuckDB doesn't know; None where that isn't it."""
    if table := _TABLE.search(said):
        known = sorted([*load_readable(), "receipt"])
        near = _suggest(table[1], known)
        return f"there is no table {table[1]}: {f'{near} There' if near else 'there'} are {', '.join(known)}"
    if column := _COLUMN.search(said):
        return _describe_column(column[1] or column[2], said)
    if unbound := _UNBOUND.search(said):
        return f"the query has a parameter without a value, {unbound[1]}: give it one with --param {unbound[1]}=VALUE"
    if outside := _OUTSIDE.search(said):
        return f"a query can read the release and nothing else, and {outside[1]} isn't a part of it"
    return None


def _describe_column(name: str, said: str) -> str:
    """DuckDB names candidates where it looked for the column in all tables; else every column of a release is one."""
    candidates = _CANDIDATES.search(said)
    near = _suggest(name, re.findall(r"[\w.]+", candidates[1]) if candidates else _list_columns())
    return f"there is no column {name} here: {near or '`abid-report schema` shows those of every table'}"


def _list_columns() -> list[str]:
    return sorted({name for model in load_readable().values() for name in model.column_names})


def _suggest(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name.lower(), known, n=1)
    return f"did you mean {near[0]}?" if near else ""


def _split(said: str, query: str) -> tuple[str, str]:
    """The message, without a trace of DuckDB's own code, and the marked line if it is one of the query."""
    if said.startswith("INTERNAL"):
        return said.splitlines()[0], ""
    mark = _MARK.search(said)
    return (said[: mark.start()], _number(mark, query)) if mark else (said, "")


def _number(mark: re.Match[str], query: str) -> str:
    """The marked line with its number in the query, which DuckDB may have wrapped in lines of its own."""
    lines = query.splitlines()
    found = [number for number, line in enumerate(lines, start=1) if mark[2].strip(". ") in line]
    if not found:
        return ""
    number = int(mark[1]) if int(mark[1]) in found else found[0]
    return mark[0].replace(f"LINE {mark[1]}:", f"LINE {number}:".ljust(len(f"LINE {mark[1]}:")), 1)
