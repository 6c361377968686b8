"""The same questions, asked of a release's Parquet files by nine programs, have the same answers.

The key of a partition is a column of the files and part of their paths: both ways to read it are asked.
"""

import datetime as dt
import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import chdb.session
import datafusion
import duckdb
import fastparquet
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from documents import make_document, make_line, run_pipeline, write_bucket
from spark import NEEDS_JAVA, open_spark

from etl.release import Release

SHELL = str(Path(sys.executable).with_name("duckdb"))
REAL_SAMPLE = os.environ.get("ABID_REAL_SAMPLE", "")
ISBN, NAME = "0306406152", "Äpfel, 面 \U0001f4e6"
DOCUMENTS: dict[str, Any] = {
    "metadata/00523.json": make_document(make_line("B000000001", 2), make_line(ISBN, 3, name=NAME)),
    "metadata/523.json": make_document(make_line("B000000001", 2**31 - 1), make_line(ISBN, 1, name=NAME, weight=None)),
    "metadata/100000.json": make_document(make_line("B000000002", 1, weight=None), make_line(None, 4, name=None)),
    "metadata/234567.json": make_document(make_line("word", 5, length=None), EXPECTED_QUANTITY=9),
}
# Written by hand from the documents. A line is 4.399999995512001 x 3 x 1.5 in; of the five different measurements of
# ASINs, one has no length.
EXPECTED: dict[str, Any] = {
    "bins": 4,
    "different bins": 4,
    "units expected": 2 + 2 + 2 + 9,
    "units in all": 2**31 - 1 + 2 + 3 + 1 + 1 + 4 + 5,
    "lines of one partition": 2,
    "units of one partition": 5,
    "units of one kind, by a join": 4,
    "lines without weight": 2,
    "lines without ASIN": 1,
    "first change": "2017-01-01 00:00:00",
    "last change": "2017-12-31 23:59:59",
    "longest name": NAME,
    "lines with an umlaut": 2,
    "volume": 4 * 4.399999995512001 * 3 * 1.5,
}
QUESTIONS = {
    "bins": "select count(*) as n from bins",
    "different bins": "select count(distinct bin_id) as n from bins",
    "units expected": "select sum(expected_quantity) as n from bins",
    "units in all": "select sum(total_quantity) as n from bins",
    "lines of one partition": "select count(*) as n from quantities where bin_bucket = 'u0'",
    "units of one partition": "select sum(quantity) as n from quantities where bin_bucket = 'b1'",
    "units of one kind, by a join": "select sum(quantities.quantity) as n from quantities "
    "inner join items on quantities.asin = items.asin where items.asin_kind = 'isbn10'",
    "lines without weight": "select count(*) as n from observations where weight_value is null",
    "lines without ASIN": "select count(*) as n from quantities where asin is null",
    "first change": "select min(metadata_last_modified) as n from bins",
    "last change": "select max(metadata_last_modified) as n from bins",
    "longest name": "select max(name) as n from items where name like 'Ä%'",
    "lines with an umlaut": "select count(*) as n from observations where name like '%Ä%'",
    "volume": "select sum(volume_in3) as n from dimensions",
}
KEYS = {"bins": "bin_bucket", "quantities": "bin_bucket", "observations": "bin_bucket"} | {
    "items": "asin_kind",
    "dimensions": "asin_kind",
}
Answers = dict[str, Any]


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    folder = tmp_path_factory.mktemp("certificate")
    bucket = write_bucket(folder / "bucket", DOCUMENTS)
    times = [dt.datetime(2017, 1, 1, tzinfo=dt.UTC), dt.datetime(2017, 12, 31, 23, 59, 59, tzinfo=dt.UTC)]
    for key, time in zip(DOCUMENTS, [*times, *times], strict=True):
        os.utime(bucket / key, (time.timestamp(), time.timestamp()))
    return run_pipeline(bucket, folder / "data")


@pytest.fixture(scope="module")
def real_release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return run_pipeline(Path(REAL_SAMPLE), tmp_path_factory.mktemp("real") / "data")


def ask_each(ask: Callable[[str], Any]) -> Answers:
    return {name: ask(question) for name, question in QUESTIONS.items()}


def make_views(root: Path, *, paths: bool) -> list[str]:
    return [
        f"create temp view {table} as from read_parquet('{root}/{table}/**/*.parquet', hive_partitioning = {paths})"
        for table in KEYS
    ]


def ask_duckdb(root: Path, *, paths: bool) -> Answers:
    with duckdb.connect() as connection:
        for view in make_views(root, paths=paths):
            connection.execute(view)
        return ask_each(lambda question: connection.execute(question).fetchall()[0][0])


def ask_shell(root: Path, *, paths: bool) -> Answers:
    script = ";\n".join([*make_views(root, paths=paths), *QUESTIONS.values()]) + ";\n"
    done = subprocess.run([SHELL, "-json"], input=script, capture_output=True, text=True, check=True)
    return {name: rows[0]["n"] for name, rows in zip(QUESTIONS, split_json(done.stdout), strict=True)}


def split_json(text: str) -> Iterator[list[dict[str, Any]]]:
    while text := text.strip():
        value, end = json.JSONDecoder().raw_decode(text)
        yield value
        text = text[end:]


def ask_clickhouse(root: Path, *, paths: bool) -> Answers:
    settings = f"settings use_hive_partitioning = {int(paths)}, session_timezone = 'UTC'"
    with chdb.session.Session() as session:  # type: ignore[no-untyped-call]

        def ask(question: str) -> Any:
            for table in KEYS:
                files = f"file('{root}/{table}/**/*.parquet', Parquet) as {table}"
                for word in ("from", "join"):
                    question = question.replace(f"{word} {table}", f"{word} {files}")
            return json.loads(str(session.query(f"{question} {settings}", "JSONCompactEachRow")))[0]

        return ask_each(ask)


def ask_datafusion(root: Path, *, paths: bool) -> Answers:
    context = datafusion.SessionContext()
    for table, key in KEYS.items():
        parts = [(key, pa.string())] if paths else []
        schema = pq.read_schema(next((root / table).rglob("*.parquet"))) if paths else None
        # a column may come from the path or from the file, so that of the file is left out
        fields = pa.schema([field for field in schema if field.name != key]) if schema else None
        context.register_parquet(table, str(root / table), table_partition_cols=parts, schema=fields)
    return ask_each(lambda question: context.sql(question).to_arrow_table()["n"][0].as_py())


def ask_spark(root: Path, *, paths: bool) -> Answers:
    with open_spark() as session:
        for table in KEYS:
            reader = session.read if paths else session.read.option("recursiveFileLookup", "true")
            reader.parquet(str(root / table)).createOrReplaceTempView(table)
        return ask_each(lambda question: session.sql(question).collect()[0][0])


def ask_polars(root: Path, *, paths: bool) -> Answers:
    frames = {table: pl.scan_parquet(root / table, hive_partitioning=paths) for table in KEYS}
    with pl.SQLContext(frames) as context:
        return ask_each(lambda question: context.execute(question).collect().item())


def ask_pandas(root: Path, *, paths: bool) -> Answers:
    options: dict[str, Any] = {} if paths else {"partitioning": None}
    return ask_frames({table: pd.read_parquet(root / table, engine="pyarrow", **options) for table in KEYS})


def ask_fastparquet(root: Path, *, paths: bool) -> Answers:
    with ExitStack() as stack:  # it leaves the files open

        def open_file(path: str, mode: str = "rb") -> Any:
            return stack.enter_context(Path(path).open(mode))

        def read(table: str) -> Any:
            files = sorted(map(str, (root / table).rglob("*.parquet")))
            if paths:
                return fastparquet.ParquetFile(files, root=str(root / table), open_with=open_file).to_pandas()
            return pd.concat([fastparquet.ParquetFile(file, open_with=open_file).to_pandas() for file in files])

        return ask_frames({table: read(table) for table in KEYS})


def ask_frames(tables: dict[str, Any]) -> Answers:
    bins, quantities, items = tables["bins"], tables["quantities"], tables["items"]
    observations = tables["observations"]
    joined = quantities.merge(items[items["asin_kind"].astype(str) == "isbn10"], on="asin")
    bucket = quantities["bin_bucket"].astype(str)
    return {
        "bins": len(bins),
        "different bins": bins["bin_id"].nunique(),
        "units expected": bins["expected_quantity"].sum(),
        "units in all": bins["total_quantity"].sum(),
        "lines of one partition": (bucket == "u0").sum(),
        "units of one partition": quantities[bucket == "b1"]["quantity"].sum(),
        "units of one kind, by a join": joined["quantity"].sum(),
        "lines without weight": observations["weight_value"].isna().sum(),
        "lines without ASIN": quantities["asin"].isna().sum(),
        "first change": bins["metadata_last_modified"].min(),
        "last change": bins["metadata_last_modified"].max(),
        "longest name": items["name"][items["name"].str.startswith("Ä", na=False)].max(),
        "lines with an umlaut": observations["name"].str.contains("Ä", na=False).sum(),
        "volume": tables["dimensions"]["volume_in3"].sum(),
    }


def ask_pyarrow(root: Path, *, paths: bool) -> Answers:
    options: dict[str, Any] = {} if paths else {"partitioning": None}
    tables = {table: pq.read_table(root / table, **options) for table in KEYS}
    bins, quantities, items = tables["bins"], tables["quantities"], tables["items"]
    kinds = items.select(["asin", "asin_kind"]).filter(pc.equal(items["asin_kind"].cast("string"), "isbn10"))
    bucket = quantities["bin_bucket"].cast("string")
    names = tables["observations"]["name"]
    return {
        "bins": bins.num_rows,
        "different bins": pc.count_distinct(bins["bin_id"]).as_py(),
        "units expected": pc.sum(bins["expected_quantity"]).as_py(),
        "units in all": pc.sum(bins["total_quantity"]).as_py(),
        "lines of one partition": quantities.filter(pc.equal(bucket, "u0")).num_rows,
        "units of one partition": pc.sum(quantities.filter(pc.equal(bucket, "b1"))["quantity"]).as_py(),
        "units of one kind, by a join": pc.sum(
            quantities.select(["asin", "quantity"]).join(kinds.select(["asin"]), "asin", join_type="inner")["quantity"]
        ).as_py(),
        "lines without weight": tables["observations"]["weight_value"].null_count,
        "lines without ASIN": quantities["asin"].null_count,
        "first change": pc.min(bins["metadata_last_modified"]).as_py(),
        "last change": pc.max(bins["metadata_last_modified"]).as_py(),
        "longest name": pc.max(items["name"].filter(pc.starts_with(items["name"], "Ä"))).as_py(),
        "lines with an umlaut": pc.sum(pc.match_substring(names, "Ä")).as_py(),
        "volume": pc.sum(tables["dimensions"]["volume_in3"]).as_py(),
    }


PROGRAMS: dict[str, Callable[..., Answers]] = {
    "duckdb": ask_duckdb,
    "duckdb shell 1.5": ask_shell,
    "pandas": ask_pandas,
    "polars": ask_polars,
    "pyarrow": ask_pyarrow,
    "fastparquet": ask_fastparquet,
    "clickhouse": ask_clickhouse,
    "datafusion": ask_datafusion,
    "spark": ask_spark,
}
LAYOUTS = {True: "key from paths", False: "key from files"}
CASES = [
    pytest.param(program, paths, id=f"{program}, {layout}", marks=[NEEDS_JAVA] if program == "spark" else [])
    for program in PROGRAMS
    for paths, layout in LAYOUTS.items()
    if (program, paths) != ("spark", False)  # takes long, and is asked of real documents
]


def normalize(answer: Any) -> Any:
    """A time as text, whole numbers as int: programs differ in the types of their answers, and only there.

    The sum or the greatest of nothing is null in SQL, 0 or NaN in pandas.
    """
    if pd.isna(answer):
        return 0
    if isinstance(answer, dt.datetime):
        return answer.isoformat(sep=" ")[:19]
    if isinstance(answer, str):
        return int(answer) if answer.isdigit() else re.sub(r"\.\d+$", "", answer)  # the shell quotes large integers
    return int(answer) if answer == int(answer) else float(answer)


@pytest.mark.parametrize(("program", "paths"), CASES)
def test_a_program_answers_as_the_documents_do(release: Release, program: str, *, paths: bool) -> None:
    answers = {name: normalize(answer) for name, answer in PROGRAMS[program](release.path, paths=paths).items()}
    volume = answers.pop("volume")
    assert answers == {name: answer for name, answer in EXPECTED.items() if name != "volume"}
    assert math.isclose(volume, EXPECTED["volume"], rel_tol=1e-12)


@NEEDS_JAVA
@pytest.mark.skipif(not REAL_SAMPLE, reason="ABID_REAL_SAMPLE names no copy of real documents")
@pytest.mark.parametrize("paths", LAYOUTS, ids=LAYOUTS.get)
def test_all_programs_say_the_same_of_real_documents(real_release: Release, *, paths: bool) -> None:
    seen = {program: ask(real_release.path, paths=paths) for program, ask in PROGRAMS.items()}
    answers = {program: {name: normalize(value) for name, value in row.items()} for program, row in seen.items()}
    volumes = [row.pop("volume") for row in answers.values()]
    assert all(math.isclose(volume, volumes[0], rel_tol=1e-12) for volume in volumes)
    assert [program for program, row in answers.items() if row != answers["duckdb"]] == []
    assert answers["duckdb"]["bins"] == len(list((Path(REAL_SAMPLE) / "metadata").glob("*.json")))
