"""What DuckDB says of a query that fails, for whoever wrote it: what is wrong, and what to do about it.

The line with a mark below it stays where it shows a line of that query, and goes where it shows one of ours.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches

import duckdb

from etl.errors import InterruptedQueryError, QueryError
from etl.models import load_readable

TOO_LONG = (
    "the query took longer than it may: ask for less, or allow it more with --timeout (0: no limit), in Python with "
    "Limits(seconds=...)"
)
TOO_LARGE = (
    "the query needs more memory than it may have: ask for less, or allow it more with --memory, in Python with "
    "Limits(memory=...)"
)
_TOO_DEEP = "the query is nested too deeply: take it apart with `with`"
_TOO_MUCH_DISK = "the query needs more memory than it may have, and more than {0} of disk instead: ask for less"

_KIND = re.compile(r"\A[A-Z][\w ]* Error: ")
_MARK = re.compile(r"\n+LINE (\d+): ?(.*)\n[ ~^]*\Z")
_NO_FROM = re.compile(r'Referenced column "([^"]+)" was not found because the FROM clause is missing')
_COLUMN_OF = re.compile(r'(?:Values list|Table) "([^"]+)" does not have a column named "([^"]+)"')
_COLUMN = re.compile(r'Referenced column "([^"]+)"|Column "([^"]+)" does not exist on')
_TABLE = re.compile(r"Table with name \"?(.+?)\"? does not exist")
_OUTSIDE = re.compile(r"Cannot access (?:file|directory) \"(.*)\"")
_UNBOUND = re.compile(r"Values were not provided for the following (?:prepared statement )?parameters: (.*)")
_CANDIDATES = re.compile(r"Candidate bindings: (.*)")
_DISK = re.compile(r"\((\S+ \S+)/\S+ \S+ used\)")


@contextmanager
def explaining(query: str) -> Iterator[None]:
    """Turn what DuckDB raises inside the block, of `query`, into a QueryError."""
    try:
        yield
    except duckdb.Error as error:
        raise _explain(error, query) from error


def _explain(error: duckdb.Error, query: str) -> QueryError:
    said = str(error).strip()
    match error:
        case duckdb.InterruptException():
            if "maximum execution time" not in said:
                return InterruptedQueryError("the query was interrupted")
            return QueryError(TOO_LONG)
        case duckdb.OutOfMemoryException():
            return QueryError(_describe_shortage(said))
    said, mark = _split(said, query)
    if "max_expression_depth" in said:
        return QueryError(_TOO_DEEP)
    return QueryError((_describe_name(said, query) or _KIND.sub("", said)) + mark)


def _describe_shortage(said: str) -> str:
    if "max_temp_directory_size" in said and (disk := _DISK.search(said)):
        return _TOO_MUCH_DISK.format(disk[1])
    return TOO_LARGE


def _describe_name(said: str, query: str) -> str | None:
    """What is wrong with a name that DuckDB doesn't know; None where that isn't it."""
    if table := _TABLE.search(said):
        known = sorted([*load_readable(), "receipt"])
        near = _suggest(table[1], known)
        return f"there is no table {table[1]}: {f'{near} There' if near else 'there'} are {', '.join(known)}"
    if unbound := _UNBOUND.search(said):
        return _describe_unbound(unbound[1].split(", "))
    if outside := _OUTSIDE.search(said):
        return f"a query can read the release and nothing else, and {outside[1]} isn't a part of it"
    return _describe_column(said, query)


def _describe_column(said: str, query: str) -> str | None:
    if column := _NO_FROM.search(said):
        return f"the query reads no table, so there is no column {column[1]}: {_locate(column[1], said)}"
    if column := _COLUMN_OF.search(said):
        return f"{column[1]} has no column {column[2]}: {_locate(column[2], said)}"
    if column := _COLUMN.search(said):
        name = column[1] or column[2]
        near = _suggest(name, _candidates(said))
        if not near and f'"{name}"' in query:
            return f"there is no column {name} here: a text stands in single quotes, '{name}'"
        return f"there is no column {name} here: {near or _locate(name, said)}"
    return None


def _candidates(said: str) -> set[str]:
    """DuckDB names some where it looked for the column in all tables; else every column of a release is one."""
    if named := _CANDIDATES.search(said):
        return set(re.findall(r"[\w.]+", named[1]))
    return {name for model in load_readable().values() for name in model.column_names}


def _locate(column: str, said: str) -> str:
    having = [model.name for model in load_readable().values() if column in model.column_names]
    if having:
        return f"it is in {', '.join(having)}"
    return _suggest(column, _candidates(said)) or "`abid-report schema` shows those of every table"


def _describe_unbound(names: list[str]) -> str:
    if any(name.isdigit() for name in names):
        return "a parameter has a name here: write $n in the query, and give it a value with --param n=VALUE"
    given = " ".join(f"--param {name}=VALUE" for name in names)
    called = ", ".join(f"${name}" for name in names)
    return f"nothing says what {called} is: give it with {given}, in Python as sql(query, {names[0]}=VALUE)"


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
