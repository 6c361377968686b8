"""What of a result a Parquet file can hold, and writing it."""

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from duckdb.sqltypes import DuckDBPyType

from etl.errors import QueryError

_ROWS = 122_880
_UNKNOWN = {"interval", "union", "variant", "bit", "bignum", "uhugeint", "time with time zone"}
_NESTED = {"list", "array", "struct", "map"}


def write_relation(relation: duckdb.DuckDBPyRelation, path: Path, metadata: dict[str, str] | None = None) -> int:
    """Write all rows to a file, and return how many they are; streams. `metadata` are the keys and values of the file.

    Raises:
        QueryError: a column is of a type that Parquet doesn't know, or holds a value that Parquet can't.
    """
    for name, type_ in zip(relation.columns, relation.types, strict=True):
        if not _is_known(type_):
            raise QueryError(f"Parquet has no type for the column {name}, {type_}: make it text with ::varchar")
    reader = relation.to_arrow_reader(_ROWS)
    rows = 0
    try:
        with pq.ParquetWriter(path, reader.schema.with_metadata(metadata), compression="zstd") as writer:
            for batch in reader:
                writer.write_batch(batch)
                rows += batch.num_rows
    except pa.ArrowInvalid as error:
        raise QueryError(f"Parquet can't hold that: {error}: make it text with ::varchar") from error
    return rows


def _is_known(type_: DuckDBPyType) -> bool:
    parts = [part for _, part in type_.children if isinstance(part, DuckDBPyType)] if type_.id in _NESTED else []
    return type_.id not in _UNKNOWN and all(map(_is_known, parts))
