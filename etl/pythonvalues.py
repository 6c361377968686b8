"""What Python's own types would change: months and nanoseconds, infinite times, numbers of seven digits.

DuckDB makes text of it, which is exact, and doubles of the numbers, spelled as they were.
"""

from collections.abc import Iterable

import duckdb
from duckdb.sqltypes import DuckDBPyType

_TEXTS = dict.fromkeys(("interval", "timestamp_ns", "time_ns"), "varchar")
_TIMES = {"date", "timestamp", "timestamp_s", "timestamp_ms", "timestamp with time zone"}


def changes_values(types: Iterable[DuckDBPyType]) -> bool:
    """Whether Python would change values of any of these types."""
    return any(_keep("", type_) != "" for type_ in types)


def keep_values(relation: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """The same rows, of which Python gets every value as it is.

    Infinite times stay what they are to Python, its last and first, where they are parts of a list or a struct.
    """
    columns = [_quote(name) for name in relation.columns]
    kept = [_keep(column, type_) for column, type_ in zip(columns, relation.types, strict=True)]
    return relation.project(", ".join(f"{value} as {column}" for value, column in zip(kept, columns, strict=True)))


def _keep(column: str, type_: DuckDBPyType) -> str:
    if type_.id in _TIMES:
        either = f"union(finite {type_}, infinite varchar)"
        return f"if(isfinite({column}), {column}::{either}, {column}::varchar::{either})"
    exact = _name(type_, {**_TEXTS, "float": "varchar"})
    return column if exact == _name(type_, {}) else f"{column}::{exact}::{_name(type_, {**_TEXTS, 'float': 'double'})}"


def _name(type_: DuckDBPyType, others: dict[str, str]) -> str:
    """A type as SQL spells it, with others in the place of some, however deep."""
    match type_.id:
        case "list" | "array":
            (_, child), *size = type_.children
            return f"{_name_part(child, others)}[{size[0][1] if size else ''}]"
        case "map":
            return f"map({', '.join(_name_part(child, others) for _, child in type_.children)})"
        case "struct":
            return f"struct({', '.join(f'{_quote(name)} {_name_part(c, others)}' for name, c in type_.children)})"
        case kind:
            return others.get(kind, str(type_))


def _name_part(part: object, others: dict[str, str]) -> str:
    return _name(part, others) if isinstance(part, DuckDBPyType) else str(part)


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
