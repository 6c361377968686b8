"""The tables that `connect` declares for Athena, Trino and BigQuery are those on the disk, as their dialects say it."""

from fnmatch import fnmatch
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlglot
from commands import Run
from sqlglot import exp

from etl.datadir import DataDir

COPIES = {"athena": "s3://lake/abid/r1", "trino": "s3://lake/abid/r1", "bigquery": "gs://lake/abid/r1"}
LONGEST = {"athena": 255, "trino": 255, "bigquery": 1024}
TYPES = {
    "athena": {"string": "string", "int32": "int", "int64": "bigint", "double": "double", "bool": "boolean"},
    "trino": {"string": "varchar", "int32": "integer", "int64": "bigint", "double": "double", "bool": "boolean"},
    "bigquery": {"string": "string", "int32": "int64", "int64": "int64", "double": "float64", "bool": "bool"},
}
TIMES = {"athena": "timestamp", "trino": "timestamp(3)", "bigquery": "timestamp"}
KEYS = {"observations": "bin_bucket", "quantities": "bin_bucket", "bins": "bin_bucket"} | {
    "items": "asin_kind",
    "dimensions": "asin_kind",
}
Tables = dict[str, exp.Create]


@pytest.fixture(params=sorted(COPIES))
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def declared(dialect: str, run: Run) -> Tables:
    """The statements that create tables, by the table."""
    done = run("abid-report", "connect", dialect, "--location", f"{COPIES[dialect]}/")
    assert (done.returncode, done.stderr) == (0, "")
    statements = sqlglot.parse(done.stdout, read=dialect)
    created = [statement for statement in statements if isinstance(statement, exp.Create)]
    return {find_table(statement): statement for statement in created if statement.kind == "TABLE"}


@pytest.fixture
def release(data_dir: Path) -> Path:
    return DataDir(data_dir).current.resolve()


def find_table(statement: exp.Create) -> str:
    table = statement.find(exp.Table)
    assert table
    assert table.db == "abid"
    return str(table.name)


def find_files(release: Path, table: str) -> list[Path]:
    return sorted((release / table).rglob("*.parquet"))


def read_columns(release: Path, dialect: str, table: str) -> dict[str, str]:
    """Of the Parquet files, with the types that the dialect has for them."""
    schemas = {pq.read_schema(file) for file in find_files(release, table)}
    [schema] = schemas
    plain = {
        field.name: field.type.value_type if pa.types.is_dictionary(field.type) else field.type for field in schema
    }
    types = TYPES[dialect] | {"timestamp[us]": TIMES[dialect]}
    return {name: types[str(type_)] for name, type_ in plain.items()}


def declared_type(column: exp.ColumnDef, dialect: str) -> str:
    kind = column.kind
    assert kind
    name = "hive" if dialect == "athena" else dialect
    return kind.sql(name).lower()


def test_the_columns_are_those_of_the_files(declared: Tables, dialect: str, release: Path) -> None:
    tables = {path.name for path in release.iterdir() if path.is_dir()}
    assert declared.keys() == tables
    for table, statement in declared.items():
        columns = {column.name: declared_type(column, dialect) for column in statement.find_all(exp.ColumnDef)}
        assert columns == read_columns(release, dialect, table)


def test_the_comments_are_those_of_the_database(declared: Tables, dialect: str, release: Path) -> None:
    with duckdb.connect(release / "abid.duckdb", read_only=True) as connection:
        rows = connection.execute("select table_name, column_name, comment from duckdb_columns() where not internal")
        meant = {(table, column): comment for table, column, comment in rows.fetchall()}
    for table, statement in declared.items():
        for column in statement.find_all(exp.ColumnDef):
            said = read_comment(column)
            whole = meant[table, column.name]
            assert len(said.encode()) <= LONGEST[dialect]
            assert said == whole or (said.endswith(" ...") and whole.startswith(said.removesuffix(" ...")))
            assert said == whole or len(whole.encode()) > LONGEST[dialect]


def read_comment(column: exp.ColumnDef) -> str:
    [literal] = [literal for constraint in column.constraints for literal in constraint.find_all(exp.Literal)]
    return str(literal.this)


def test_a_key_that_is_a_folder_is_a_partition_last_and_with_its_values(
    declared: Tables, dialect: str, release: Path
) -> None:
    for table, statement in declared.items():
        partition = statement.find(exp.PartitionedByProperty)
        if dialect == "bigquery" or table not in KEYS:
            assert partition is None
            continue
        assert partition
        key = KEYS[table]
        assert key in partition.sql(dialect)
        assert [column.name for column in statement.find_all(exp.ColumnDef)][-1] == key
        if dialect == "athena":
            folders = [folder.name for folder in (release / table).iterdir()]
            properties = {
                literal.name: each.args["value"].name
                for each in statement.find_all(exp.Property)
                if isinstance(literal := each.this, exp.Literal) and "value" in each.args
            }
            assert properties["projection.enabled"] == "true"
            assert properties[f"projection.{key}.type"] == "enum"
            values = properties[f"projection.{key}.values"].split(",")
            assert {f"{key}={value}" for value in values} == set(folders)


def test_a_table_is_looked_for_where_its_files_are_copied_to(declared: Tables, dialect: str, release: Path) -> None:
    for table, statement in declared.items():
        places = [text for text in map(str, texts_of(statement)) if text.startswith(COPIES[dialect])]
        [place] = places
        pattern = place if dialect == "bigquery" else f"{place}*"
        copied = [f"{COPIES[dialect]}/{file.relative_to(release)}" for file in release.rglob("*.parquet")]
        found = [path for path in copied if fnmatch(path, pattern)]
        assert len(found) == len(find_files(release, table)) > 0


def texts_of(statement: exp.Create) -> list[str]:
    return [literal.this for literal in statement.find_all(exp.Literal) if literal.is_string]
