"""What `abid-report connect` prints is run by the programs that it is for, on a folder with a hard name."""

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import openpyxl
import pytest
import sqlalchemy as sa
from commands import BIN
from documents import make_document, make_line, run_pipeline, write_bucket
from duckdb_engine import DuckDBEngineWarning
from spark import ENVIRONMENT, NEEDS_JAVA

from etl.connect.tools import load_tools
from etl.release import Release

DOCUMENTS = {
    "metadata/00523.json": make_document(make_line("B000000001", 2)),
    "metadata/523.json": make_document(make_line("B000000001", 20), make_line("0306406152", 17)),
    "metadata/1.json": make_document(make_line("B000000002", 5)),
    "metadata/100000.json": make_document(make_line("B000000002", 1)),
    "metadata/7.json": b"{",
}
BINS, UNITS = 4, 45
TABLES = {"bins", "dimensions", "images", "items", "observations", "quantities", "rejects"}
HARD_NAME = 'it\'s [x]* {a,b} q? 50%41 "é" #1 $HOME^ `id` &; {{release}}'
NOT_FOR_URIS = "?%"
UNTESTED = {"athena", "bigquery", "dbeaver", "excel", "metabase", "powerbi", "r", "tableau", "trino"}
COPIES = {"athena": "s3://lake/abid", "bigquery": "gs://lake/abid", "trino": "s3://lake/abid"}
Make = Callable[[str], Release]


@pytest.fixture(scope="module")
def make_release(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """A release in a data directory of that name."""

    def make(name: str) -> Release:
        root = tmp_path_factory.mktemp("connect") / name
        return run_pipeline(write_bucket(root / "bucket", DOCUMENTS), root / "data")

    return make


@pytest.fixture(scope="module")
def release(make_release: Make) -> Release:
    return make_release(HARD_NAME)


@pytest.fixture(scope="module")
def plain(make_release: Make) -> Release:
    return make_release("it's [x] é")


def connect(release: Release, tool: str, *options: str) -> str:
    done = run_report(release.path.parents[2], "connect", tool, *options)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def run_report(data_dir: Path, *words: str, folder: Path | None = None) -> "subprocess.CompletedProcess[str]":
    command = [str(BIN / "abid-report"), *words, "--data-dir", str(data_dir)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def run_lines(program: list[str], lines: str, folder: Path) -> list[str]:
    """What they print, in words."""
    environment = os.environ | ENVIRONMENT | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        program, input=lines, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def find_code(lines: str) -> list[str]:
    """The lines that are neither empty nor comments."""
    return [line for line in lines.splitlines() if line and not line.startswith(("# ", "-- ", "// "))]


ANSWERS = {
    "python": 'print(connection.sql("select sum(quantity) from quantities").fetchall()[0][0])',
    "pandas": 'print(pd.read_parquet(f"{RELEASE}/quantities")["quantity"].sum())',
    "polars": 'print(quantities.select(pl.col("quantity").sum()).collect().item())',
    "spark": 'print(session.sql("select sum(quantity) from quantities").first()[0])',
}
EACH = [pytest.param(tool, marks=NEEDS_JAVA if tool == "spark" else ()) for tool in ANSWERS]


@pytest.mark.parametrize("tool", EACH)
def test_lines_of_python_count_the_bins_and_leave_the_tables_to_be_asked(
    tool: str, release: Release, tmp_path: Path
) -> None:
    lines = connect(release, tool)
    told = run_lines([sys.executable, "-"], f"{lines}\n{ANSWERS[tool]}\n", tmp_path)
    assert str(BINS) in {word.strip("|") for word in told}
    assert told[-1] == str(UNITS)


def test_polars_has_a_frame_for_every_table(release: Release, tmp_path: Path) -> None:
    rows = "\nprint([n for n, v in list(globals().items()) if isinstance(v, pl.LazyFrame) and v.collect_schema()])"
    told = run_lines([sys.executable, "-"], connect(release, "polars") + rows, tmp_path)
    assert {word.strip("[]',") for word in told} >= TABLES


def test_the_shell_opens_on_the_views(release: Release, tmp_path: Path) -> None:
    told = run_lines(
        ["sh", "-c", connect(release, "duckdb").strip() + " -csv -noheader"],
        "select count(*) from bins; select sum(quantity) from quantities; select readonly from duckdb_databases() "
        "where not internal;",
        tmp_path,
    )
    assert told == [str(BINS), str(UNITS), "true"]


def test_the_uri_of_superset_shows_tables_columns_and_comments_and_refuses_to_write(make_release: Make) -> None:
    release = make_release("".join(letter for letter in HARD_NAME if letter not in NOT_FOR_URIS))
    [uri] = find_code(connect(release, "superset"))
    engine = sa.create_engine(uri)
    with engine.connect() as connection:
        assert connection.execute(sa.text("select sum(quantity) from quantities")).scalar() == UNITS
        with pytest.raises(sa.exc.DBAPIError, match="read-only"):
            connection.execute(sa.text("create table mine (i int)"))
    columns = {column["name"]: column for column in sa.inspect(engine).get_columns("bins")}
    assert set(sa.inspect(engine).get_view_names()) == TABLES | {"label_trust"}
    assert isinstance(columns["bin_id"]["type"], sa.String)
    assert "523 and 00523 are different" in columns["bin_id"]["comment"]
    with pytest.warns(DuckDBEngineWarning, match="indices"):
        bins = sa.Table("bins", sa.MetaData(), autoload_with=engine)
    with engine.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(bins)).scalar() == BINS
    engine.dispose()


@pytest.mark.parametrize("letter", NOT_FOR_URIS)
def test_a_path_that_a_uri_cant_spell_is_refused(make_release: Make, letter: str) -> None:
    release = make_release(f"a{letter}b")
    done = run_report(release.path.parents[2], "connect", "superset")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"no way to spell a path with {letter} in it" in done.stderr


def test_clickhouse_makes_a_view_of_every_table_on_this_release_and_no_other(release: Release, tmp_path: Path) -> None:
    beside = Path(str(release.path).replace("q?", "q!"))  # which its patterns match, too
    shutil.copytree(release.path, beside, dirs_exist_ok=True)
    lines = connect(release, "clickhouse")
    asked = "\n".join(f"select sum(quantity) from abid.{table};" for table in ("quantities", "observations"))
    program = (
        "import sys; from chdb.session import Session; session = Session()\n"
        "for statement in sys.stdin.read().split(';\\n'):\n"
        "    if statement.strip(): print(session.query(statement, 'TabSeparated'))\n"
    )
    told = run_lines([sys.executable, "-c", program], f"{lines}\n{asked}\nshow tables from abid;\n", tmp_path)
    assert told == [str(BINS), str(UNITS), str(UNITS), *sorted(TABLES)]


def test_the_files_for_excel_hold_the_tables(release: Release, tmp_path: Path) -> None:
    run_lines(["sh", "-e"], connect(release, "excel"), tmp_path)
    workbook = openpyxl.load_workbook(tmp_path / "abid.xlsx", read_only=True)
    assert set(workbook.sheetnames) >= TABLES - {"observations", "quantities"}
    workbook.close()
    with (tmp_path / "bins.csv").open(encoding="utf-8-sig", newline="") as file:
        ids = {row["bin_id"].lstrip("'") for row in csv.DictReader(file)}
    assert ids == {"00523", "523", "1", "100000"}


def test_the_file_for_tableau_needs_nothing_else(release: Release, tmp_path: Path) -> None:
    run_lines(["sh", "-e"], connect(release, "tableau"), tmp_path)
    with duckdb.connect(tmp_path / "abid-all.duckdb", read_only=True) as connection:
        assert connection.sql("select sum(quantity) from quantities").fetchall() == [(UNITS,)]


def test_what_cant_run_here_names_the_folder_as_its_language_spells_it(plain: Release, release: Release) -> None:
    path = str(release.path)
    [m] = [line for line in connect(release, "powerbi").splitlines() if line.startswith("  Release = ")]
    assert m.removeprefix('  Release = "').removesuffix('",').replace('""', '"') == path
    [r] = [line for line in connect(release, "r").splitlines() if "dbdir" in line]
    assert json.loads(r.partition("dbdir = ")[2].partition(", read_only")[0]) == f"{path}/abid.duckdb"
    assert find_code(connect(plain, "metabase")) == [f"{plain.path}/abid.duckdb"]
    assert find_code(connect(plain, "dbeaver")) == [
        f"jdbc:duckdb:{plain.path}/abid.duckdb",
        "duckdb.read_only=true",
    ]


@pytest.mark.parametrize("tool", sorted(load_tools()))
def test_lines_name_the_release_and_not_current_and_say_whether_they_were_tested(tool: str, plain: Release) -> None:
    lines = connect(plain, tool, *(["--location", COPIES[tool]] if tool in COPIES else []))
    assert "current/" not in lines
    assert (plain.id in lines) == (tool not in {"excel", "tableau"})
    assert ("Not run by our tests: " in lines) == (tool in UNTESTED)
    assert "{{" not in lines
    assert lines.endswith("\n")


def test_without_a_tool_all_are_listed(tmp_path: Path) -> None:
    done = run_report(tmp_path / "nowhere", "connect")
    assert [line.split()[0] for line in done.stdout.splitlines()] == [
        *("athena", "bigquery", "clickhouse", "dbeaver", "duckdb", "excel", "metabase", "pandas", "polars"),
        *("powerbi", "python", "r", "spark", "superset", "tableau", "trino"),
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["pollars"], "there are no lines for pollars: did you mean polars?"),
        (["qlik-view"], "there are no lines for qlik-view: there are athena, bigquery,"),
        (["--location", "s3://lake/abid"], "name the tool, as in `abid-report connect athena`"),
        (["athena"], "say where you keep it, as in --location s3://lake/abid/"),
        (["trino"], "--location s3://lake/abid/"),
        (["bigquery", "--location", "s3://lake/abid"], "bigquery reads a copy at a place like gs://lake/abid/"),
        (["athena", "--location", "s3://lake/it's"], "a place is spelled with letters, digits and ._=+@~-"),
        (["athena", "--location", "s3://"], "--location s3://: athena reads a copy at a place like s3://lake"),
        (["trino", "--location", "file://lake"], "trino reads a copy at a place like"),
        (["duckdb", "--location", "s3://lake/abid"], "duckdb reads the release where it is: --location is for athena"),
    ],
)
def test_what_cant_be_answered_says_what_to_do(data_dir: Path, words: list[str], message: str) -> None:
    done = run_report(data_dir, "connect", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


def test_there_is_nothing_to_connect_to_without_a_release(tmp_path: Path) -> None:
    done = run_report(tmp_path, "connect", "duckdb")
    assert (done.returncode, done.stdout) == (2, "")
    assert "make one with `abid-etl run" in done.stderr


@pytest.mark.parametrize("name", ["two\nlines", "\x1b[31m", os.fsdecode(b"\xff")])
def test_a_path_that_cant_be_pasted_is_refused(make_release: Make, name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    make_release(f"plain {name.encode(errors='replace').hex()}").path.parents[2].rename(folder)
    done = run_report(folder, "connect", "polars")
    assert (done.returncode, done.stdout) == (2, "")
    assert "characters that can't be pasted: move the data directory" in done.stderr


def test_views_that_lead_elsewhere_are_told_about(make_release: Make, tmp_path: Path) -> None:
    make_release("moved").path.parents[2].rename(tmp_path / "data")
    done = run_report(tmp_path / "data", "connect", "duckdb")
    assert (done.returncode, done.stdout) == (2, "")
    assert "was moved, and its views lead to where it was. Make it again with `abid-etl build`." in done.stderr
    assert run_report(tmp_path / "data", "connect", "polars").returncode == 0


def test_nothing_heavy_is_imported(data_dir: Path) -> None:
    program = (
        "import sys; from cli.report import app\n"
        f"app(['connect', 'duckdb', '--data-dir', {str(data_dir)!r}], standalone_mode=False)\n"
        "heavy = ('polars', 'pyarrow', 'pandas', 'boto3', 'obstore', 'numpy', 'sqlalchemy', 'altair')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
