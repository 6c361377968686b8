"""The tables as others know them: `golden/` holds what they are, and no change of it goes unseen.

A change of a table takes: its file in `golden/`, a new `SCHEMA_VERSION` (it is in every manifest) with a new line in
`golden/versions.txt`, and a line in CHANGELOG.md.
"""

import hashlib
from pathlib import Path

import duckdb
import pytest
from documents import make_document, make_line, run_pipeline, write_bucket

from etl.models import SCHEMA_VERSION, Model, load_tables
from etl.release import Release

GOLDEN = Path(__file__).parent / "golden"
CHANGELOG = Path(__file__).parents[2] / "CHANGELOG.md"


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    folder = tmp_path_factory.mktemp("contract")
    documents = {"metadata/00001.json": make_document(make_line()), "bin-images/00001.jpg": b"x"}
    return run_pipeline(write_bucket(folder / "bucket", documents), folder / "data")


def describe(model: Model) -> str:
    """A table as its golden file has it."""
    facts = {"grain": model.grain, "partition": model.partition, "order": model.order}
    columns = [f"  {c.name} {c.type}{'' if c.nullable else ' not null'}" for c in model.columns]
    lines = [f"-- {name}: {value}".rstrip() for name, value in facts.items()]
    return "\n".join([*lines, f"create table {model.name} (", ",\n".join(columns), ");", ""])


def read_golden() -> dict[str, str]:
    return {path.stem: path.read_text() for path in sorted(GOLDEN.glob("*.sql"))}


def test_every_table_is_the_one_that_others_know() -> None:
    assert {name: describe(model) for name, model in load_tables().items()} == read_golden(), __doc__


def test_a_version_stands_for_one_state_of_the_tables() -> None:
    versions = dict(line.split() for line in (GOLDEN / "versions.txt").read_text().splitlines())
    digest = hashlib.sha256("".join(read_golden().values()).encode()).hexdigest()
    assert versions[str(SCHEMA_VERSION)] == digest, __doc__
    assert list(versions) == [str(number) for number in range(1, SCHEMA_VERSION + 1)]


def test_the_changelog_tells_of_every_version() -> None:
    told = CHANGELOG.read_text()
    assert [n for n in range(1, SCHEMA_VERSION + 1) if f"Schema version {n}:" not in told] == [], __doc__


def test_the_manifest_names_the_version(release: Release) -> None:
    assert release.manifest["schema_version"] == SCHEMA_VERSION


@pytest.mark.parametrize("table", read_golden())
def test_a_release_has_the_columns_of_the_golden_file(release: Release, table: str) -> None:
    with duckdb.connect() as connection:
        connection.execute(read_golden()[table])
        expected = connection.execute(f"select column_name, column_type from (describe {table})").fetchall()
        found = connection.execute(
            "select column_name, column_type from (describe from "
            f"read_parquet('{release.path}/{table}/**/*.parquet', hive_partitioning = false))"
        ).fetchall()
    assert found == expected


def test_no_part_of_a_key_can_be_null() -> None:
    for model in load_tables().values():
        key = model.grain.removeprefix("one row per ").strip("()").split(", ")
        nullable = [column.name for column in model.columns if column.name in key and column.nullable]
        assert nullable == [], model.name
