"""How else a bucket of files is made a table: the same flattening to Parquet, a row a line, by others.

`python -m bench.rawpeers PEER INPUT OUTPUT` runs one, in a process of its own that imports nothing of another. None
judges what it reads: there are no checks, no rejects, and the first document that doesn't fit ends it.

Polars isn't among them: it has no type for an object of which each document names the members itself, as
BIN_FCSKU_DATA is one, so each FCSKU would be a column.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

_SIDES = ("length", "width", "height", "weight")
_MEMORY = "2g"  # of Spark's process, as much as a build may have
_BATCH = 16_384  # documents


def flatten_with_duckdb(bucket: Path, output: Path) -> None:
    """By `read_json`. Without order it needn't hold all rows before it writes."""
    import duckdb  # noqa: PLC0415  (one peer a process)

    measurement = "STRUCT(unit VARCHAR, value DOUBLE)"
    line = ", ".join(
        [
            *("asin VARCHAR", "name VARCHAR", "normalizedName VARCHAR", "quantity INTEGER"),
            *(f"{side} {measurement}" for side in _SIDES),
        ]
    )
    with duckdb.connect(config={"preserve_insertion_order": False, "temp_directory": str(output.parent)}) as connection:
        connection.execute(
            f"""
            copy (
              select {_select("filename", "line.key", "line.value")}
              from (
                select filename, EXPECTED_QUANTITY, image_fname, unnest(map_entries(BIN_FCSKU_DATA)) as line
                from read_json('{bucket}/metadata/*.json', filename = true, columns = {{
                  EXPECTED_QUANTITY: 'INTEGER', image_fname: 'VARCHAR', BIN_FCSKU_DATA: 'MAP(VARCHAR, STRUCT({line}))'
                }})
              )
            ) to '{output}' (format parquet, compression zstd)
            """
        )


def flatten_with_clickhouse(bucket: Path, output: Path) -> None:
    """By ClickHouse inside this process."""
    import chdb  # noqa: PLC0415  (one peer a process)

    text, measurement = "Nullable(String)", "Tuple(unit Nullable(String), value Nullable(Float64))"
    members = [f"asin {text}", f"name {text}", f"normalizedName {text}", "quantity Nullable(Int32)"]
    line = ", ".join([*members, *(f"{side} {measurement}" for side in _SIDES)])
    document = f"EXPECTED_QUANTITY Nullable(Int32), image_fname {text}, BIN_FCSKU_DATA Map(String, Tuple({line}))"
    chdb.query(  # type: ignore[no-untyped-call]
        f"""
        select {_select("_path", "line.1", "line.2")}
        from (
          select _path, EXPECTED_QUANTITY, image_fname, arrayJoin(BIN_FCSKU_DATA) as line
          from file('{bucket}/metadata/*.json', 'JSONEachRow', '{document}')
        )
        into outfile '{output}' format Parquet settings output_format_parquet_compression_method = 'zstd'
        """
    )


def flatten_with_spark(bucket: Path, output: Path) -> None:
    """By Spark with two workers in one process; the output is a folder."""
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    from pyspark.sql import SparkSession  # noqa: PLC0415  (one peer a process, and it reads the environment)

    measurement = "struct<unit: string, value: double>"
    members = ["asin: string", "name: string", "normalizedName: string", "quantity: int"]
    line = ", ".join([*members, *(f"{side}: {measurement}" for side in _SIDES)])
    schema = f"EXPECTED_QUANTITY int, image_fname string, BIN_FCSKU_DATA map<string, struct<{line}>>"
    settings: dict[str, bool | float | int | str | None] = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": _MEMORY,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        "spark.sql.files.openCostInBytes": "4096",  # the default makes a task of 32 such files
    }
    session = SparkSession.builder.master("local[2]").config(map=settings).getOrCreate()
    documents = session.read.schema(schema).option("multiLine", value=True).json(str(bucket / "metadata"))
    lines = documents.selectExpr(
        "_metadata.file_path as path", "EXPECTED_QUANTITY", "image_fname", "explode(BIN_FCSKU_DATA) as (fcsku, line)"
    )
    flat = lines.selectExpr(*_list_columns("path", "fcsku", "line"))
    flat.write.option("compression", "zstd").parquet(str(output))
    session.stop()


def flatten_with_python(bucket: Path, output: Path) -> None:
    """By the script of an afternoon: one process, `json`, PyArrow to write."""
    import pyarrow as pa  # noqa: PLC0415  (one peer a process)
    import pyarrow.parquet as pq  # noqa: PLC0415

    measurements = [
        (f"{side}_{part}", type_) for side in _SIDES for part, type_ in (("value", pa.float64()), ("unit", pa.string()))
    ]
    texts = [
        (name, pa.string()) for name in ("metadata_key", "fcsku", "image_fname", "asin", "name", "normalized_name")
    ]
    schema = pa.schema([*texts, ("expected_quantity", pa.int32()), ("quantity", pa.int32()), *measurements])
    paths = list((bucket / "metadata").iterdir())
    with pq.ParquetWriter(output, schema, compression="zstd") as writer:
        for start in range(0, len(paths), _BATCH):
            rows = [row for path in paths[start : start + _BATCH] for row in _read_rows(path)]
            writer.write_table(pa.Table.from_pylist(rows, schema))


def _read_rows(path: Path) -> Iterator[dict[str, Any]]:
    document = json.loads(path.read_bytes())
    for fcsku, line in document["BIN_FCSKU_DATA"].items():
        yield {
            "metadata_key": str(path),
            "fcsku": fcsku,
            "expected_quantity": document["EXPECTED_QUANTITY"],
            "image_fname": document.get("image_fname"),
            "asin": line["asin"],
            "name": line["name"],
            "normalized_name": line.get("normalizedName"),
            "quantity": line["quantity"],
            **{f"{side}_{part}": (line[side] or {}).get(part) for side in _SIDES for part in ("value", "unit")},
        }


def _select(key: str, fcsku: str, line: str) -> str:
    return ", ".join(_list_columns(key, fcsku, line))


def _list_columns(key: str, fcsku: str, line: str) -> list[str]:
    """What is selected of a line, which all dialects spell alike."""
    measurements = [f"{line}.{side}.{part} as {side}_{part}" for side in _SIDES for part in ("value", "unit")]
    return [
        *(f"{key} as metadata_key", f"{fcsku} as fcsku", "EXPECTED_QUANTITY as expected_quantity", "image_fname"),
        *(f"{line}.asin as asin", f"{line}.name as name", f"{line}.normalizedName as normalized_name"),
        *(f"{line}.quantity as quantity", *measurements),
    ]


def flatten_shards(documents: Path, output: Path) -> None:
    """By one query of DuckDB over the shards of a raw layer."""
    from bench.flatten import flatten  # noqa: PLC0415  (one peer a process)

    flatten(documents, output, os.cpu_count() or 1)


PEERS: dict[str, Callable[[Path, Path], None]] = {
    "duckdb": flatten_with_duckdb,
    "clickhouse": flatten_with_clickhouse,
    "spark": flatten_with_spark,
    "python": flatten_with_python,
    "shards": flatten_shards,
}

if __name__ == "__main__":
    PEERS[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
