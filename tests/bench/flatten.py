"""The least that can be done with the documents: one query of DuckDB that flattens them into one Parquet file.

What a build is held against. Every document is decoded and parsed once, every line becomes a row with typed members,
and the document's own members stand in the row of each of its lines.

It trusts the documents as the bucket has them, and so does less than a build:

* It judges nothing: "3" and 3.0 are taken for 3, NaN for a number, a value of another type for null, and one text that
  isn't JSON, or names a line twice, ends it.
* Members that it doesn't know are lost, and so are documents without lines, whether a member was there or null, and
  everything that the listing says of a document.
* The rows are in the order in which the threads made them, so the file is another one each time.
* There are no bins, items or measurements, no partitions, no checks and no manifest.
"""

from pathlib import Path

import duckdb

from etl.globs import escape_glob, quote_text

_MEASUREMENT = 'STRUCT(unit VARCHAR, \\"value\\" DOUBLE)'
_LINE = (
    'STRUCT(asin VARCHAR, \\"name\\" VARCHAR, normalizedName VARCHAR, quantity INTEGER, '
    f'\\"length\\" {_MEASUREMENT}, width {_MEASUREMENT}, height {_MEASUREMENT}, weight {_MEASUREMENT})'
)
_DOCUMENT = f'{{"EXPECTED_QUANTITY": "INTEGER", "image_fname": "VARCHAR", "BIN_FCSKU_DATA": "MAP(VARCHAR, {_LINE})"}}'
_FLATTEN = """
copy (
  with documents as (
    select key, from_json(decode(body), {document}) as document from read_parquet({shards})
  ),
  lines as (
    select
      key,
      document.EXPECTED_QUANTITY as expected_quantity,
      document.image_fname as image_fname,
      unnest(map_entries(document.BIN_FCSKU_DATA)) as line,
    from documents
  )
  select
    key,
    expected_quantity,
    image_fname,
    line.key as fcsku,
    line.value.asin as asin,
    line.value.name as name,
    line.value.normalizedName as normalized_name,
    line.value.quantity as quantity,
    line.value.length.value as length_value,
    line.value.length.unit as length_unit,
    line.value.width.value as width_value,
    line.value.width.unit as width_unit,
    line.value.height.value as height_value,
    line.value.height.unit as height_unit,
    line.value.weight.value as weight_value,
    line.value.weight.unit as weight_unit,
  from lines
) to {output} (format parquet)
"""


def flatten(raw_documents_dir: Path, output: Path, threads: int) -> None:
    """Write a row for each line of the documents in the shards of a raw layer; streams."""
    with duckdb.connect(config={"threads": threads, "preserve_insertion_order": False}) as connection:
        connection.execute(
            _FLATTEN.format(
                document=quote_text(_DOCUMENT),
                shards=quote_text(f"{escape_glob(raw_documents_dir)}/*.parquet"),
                output=quote_text(str(output)),
            )
        )
