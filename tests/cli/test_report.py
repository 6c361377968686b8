"""`abid-report` as a user meets it."""

import csv
import io
import json
import os
import pty
import re
import subprocess
from pathlib import Path

import duckdb
import pytest
from commands import BIN, EVIL_NAME, Run

from etl.reports import load_reports
from etl.sqlfiles import SQL_ROOT, read_folder

SLOW = {
    *("polars", "pyarrow", "pandas", "numpy", "boto3", "obstore"),
    *("altair", "vl_convert", "plotext", "xlsxwriter", "duckdb", "rich"),
}


def read_on_terminal(*arguments: str, data_dir: Path, columns: int = 80) -> str:
    """What a command prints on a terminal."""
    master, slave = pty.openpty()
    environment = os.environ | {"ABID_DATA_DIR": str(data_dir), "COLUMNS": str(columns), "TERM": "xterm"}
    with subprocess.Popen([BIN / "abid-report", *arguments], stdout=slave, stderr=slave, env=environment):
        os.close(slave)
        chunks = []
        while True:
            try:
                chunk = os.read(master, 65536)
            except OSError:  # the other side is closed: that is how a terminal ends on Linux
                break
            if not chunk:
                break
            chunks.append(chunk)
    os.close(master)
    return b"".join(chunks).decode()


def test_a_report_is_a_table_by_default_with_bars_where_it_has_a_bar_chart(run: Run) -> None:
    done = run("abid-report", "quantity-histogram")
    assert done.returncode == 0
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[0] == ["expected_quantity", "bins", "share", "cumulative_share"]
    assert lines[2:] == [
        ["0", "1", "0.25", "0.25", "█" * 15],
        ["1", "2", "0.5", "0.75", "█" * 30],
        ["2", "1", "0.25", "1.0", "█" * 15],
    ]


def test_people_are_told_the_figures_of_a_histogram_and_programs_are_not(run: Run) -> None:
    told = "units expected in a bin: mean 1, median 1, p90 1.7, p99 1.97, max 2\n"
    assert run("abid-report", "quantity-histogram", "--max", "1").stderr == told
    done = run("abid-report", "quantity-histogram", "--max", "1", "--format", "csv")
    assert (done.stdout.splitlines()[1:], done.stderr) == (["0,1,0.25,0.25", "1,2,0.5,0.75"], "")


def test_a_column_can_not_drive_a_terminal_by_its_name(data_dir: Path) -> None:
    query = 'select 1 as "\x1b]0;pwned\x07\nx"'
    for columns in (80, 30):
        seen = read_on_terminal("sql", query, data_dir=data_dir, columns=columns)
        assert "pwned" in seen.replace("\r\n", "")
        assert "\x1b]" not in seen
        assert "\x07" not in seen


def test_truth_stands_to_the_left_as_text_does_and_numbers_to_the_right(run: Run) -> None:
    done = run("abid-report", "sql", "select true as is_it, 7 as how_many, 'a' as what_is_it")
    assert done.stdout.splitlines()[2] == "true           7   a"


def test_bars_are_as_wide_as_a_terminal_leaves_room(data_dir: Path) -> None:
    def find_longest(columns: int) -> int:
        seen = read_on_terminal("quantity-histogram", data_dir=data_dir, columns=columns)
        return max(map(len, re.findall("█+", seen)), default=0)

    assert [find_longest(columns) for columns in (120, 80, 70, 55)] == [30, 26, 16, 0]


def test_options_of_a_report_come_from_its_file(run: Run) -> None:
    done = run("abid-report", "quantity-histogram", "--id-style", "unpadded", "--format", "csv")
    assert done.stdout == "expected_quantity,bins,share,cumulative_share\n1,1,1.0,1.0\n"


def test_a_wide_value_is_neither_wrapped_nor_cut_in_a_pipe(run: Run) -> None:
    done = run("abid-report", "sql", "select repeat('x', 500) as long", COLUMNS="80")
    assert done.stdout.splitlines()[2] == "x" * 500


def test_a_table_shows_small_shares_and_large_counts_as_people_write_them(run: Run) -> None:
    query = (
        "select 0.00005::double as share, 1e300 as huge, 1234567 as count, 1200.50::decimal(9, 2) as price, null as x"
    )
    shown = run("abid-report", "sql", query).stdout.splitlines()[2].split()
    assert shown == ["0.00005", "1e+300", "1,234,567", "1,200.5"]


@pytest.mark.parametrize("format_", ["csv", "tsv", "json", "ndjson"])
def test_machine_formats_hold_control_characters_exactly_in_a_pipe(format_: str, run: Run) -> None:
    query = "select name from items where asin = 'B00TEST002'"
    output = run("abid-report", "sql", query, "--format", format_).stdout
    if format_ in {"json", "ndjson"}:
        rows = json.loads(output) if format_ == "json" else [json.loads(output)]
        assert rows == [{"name": EVIL_NAME}]
    else:
        assert list(csv.reader(io.StringIO(output))) == [["name"], [EVIL_NAME]]


@pytest.mark.parametrize("format_", ["table", "csv", "tsv", "json", "ndjson", "markdown"])
def test_a_name_can_not_drive_the_terminal(format_: str, data_dir: Path) -> None:
    query = "select name from items where asin = 'B00TEST002'"
    shown = read_on_terminal("sql", query, "--format", format_, data_dir=data_dir)
    assert "alert" in shown
    for control in ("\x1b[31m", "\x07", "\u202e", "\x9b"):
        assert control not in shown


def test_a_table_fits_a_terminal_of_80_columns(data_dir: Path) -> None:
    shown = re.sub(r"\x1b\[[0-9;]*m", "", read_on_terminal("bin", "00001", data_dir=data_dir))
    assert max(len(line) for line in shown.splitlines()) <= 80


def test_a_file_holds_what_a_pipe_would(run: Run, tmp_path: Path) -> None:
    done = run("abid-report", "summary", "--format", "csv", "--output", "summary.csv")
    assert (done.returncode, done.stdout) == (0, "")
    assert (tmp_path / "summary.csv").read_text() == run("abid-report", "summary", "--format", "csv").stdout


def test_a_table_in_a_file_is_markdown(run: Run, tmp_path: Path) -> None:
    run("abid-report", "item-repetition", "--output", "repetition.md")
    assert (tmp_path / "repetition.md").read_text().startswith("| bin_count | asins |")


def test_parquet_goes_to_a_file_or_a_pipe(run: Run, tmp_path: Path, data_dir: Path) -> None:
    run("abid-report", "quantity-histogram", "--format", "parquet", "-o", "a.parquet")
    pipe = f"{BIN}/abid-report quantity-histogram --format parquet > {tmp_path}/b.parquet"
    subprocess.run(pipe, shell=True, env=os.environ | {"ABID_DATA_DIR": str(data_dir)}, check=True)
    for name in ("a", "b"):
        with duckdb.connect() as connection:
            connection.execute(f"select expected_quantity, bins from '{tmp_path}/{name}.parquet' order by all")
            assert connection.fetchall() == [(0, 1), (1, 2), (2, 1)]


def test_parquet_is_kept_off_a_terminal(data_dir: Path) -> None:
    assert "parquet isn't for a terminal" in read_on_terminal("summary", "--format", "parquet", data_dir=data_dir)


def test_show_sql_prints_the_query_and_needs_no_warehouse(run: Run) -> None:
    done = run("abid-report", "fcsku-histogram", "--show-sql", ABID_DATA_DIR="nowhere")
    assert (done.returncode, done.stdout.strip()) == (0, read_folder("reports")["fcsku-histogram"].query)


def test_list_names_every_file(run: Run) -> None:
    names = [line.split()[0] for line in run("abid-report", "list").stdout.splitlines()]
    assert sorted(names) == sorted(path.stem for path in (SQL_ROOT / "reports").glob("*.sql"))


@pytest.mark.parametrize("name", load_reports())
def test_help_of_a_report_shows_title_example_and_every_parameter(name: str, run: Run) -> None:
    report = load_reports()[name]
    text = " ".join(run("abid-report", name, "--help", COLUMNS="200", NO_COLOR="1").stdout.split())
    assert report.title in text
    assert report.example in text
    for parameter in report.parameters:
        assert parameter.help.split(";")[0].rstrip(".") in text


def test_help_shows_the_bounds_of_a_number(run: Run) -> None:
    shown = " ".join(run("abid-report", "repeat-captures", "--help", COLUMNS="200", NO_COLOR="1").stdout.split())
    assert re.search(r"--window <int range>.*x>=1", shown)
    assert re.search(r"--threshold <float range>.*0<=x<=1", shown)


def test_head_closes_the_pipe_in_silence(data_dir: Path) -> None:
    command = f"{BIN}/abid-report sql 'select * from range(1000000)' --format csv | head -n 2; exit ${{PIPESTATUS[0]}}"
    environment = os.environ | {"ABID_DATA_DIR": str(data_dir)}
    done = subprocess.run(["bash", "-c", command], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "range\n0\n", "")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("quantity-histgram",), 2, "Did you mean 'quantity-histogram'"),
        (("quantity-histogram", "--id-stile", "padded"), 2, "--id-style"),
        (("quantity-histogram", "--id-style", "round"), 2, "'all', 'padded', 'unpadded'"),
        (("top-items", "--limit", "few"), 2, "--limit"),
        (("top-items", "--limit", "-1"), 2, "limit"),
        (("repeat-captures", "--threshold", "nan"), 2, "'--threshold': Input should be"),
        (("repeat-captures", "--threshold", "1.5"), 2, "'--threshold': Input should be less than or equal to 1"),
        (("repeat-captures", "--window", "0"), 2, "'--window': Input should be greater than or equal to 1"),
        (("measurement-conflicts", "--min-ratio", "inf"), 2, "min_ratio is a finite number, not inf"),
        (("dimension-outliers", "--min-z", "nan"), 2, "'--min-z': Input should be greater than or equal to 0"),
        (("bin",), 2, "bin_id"),
        (("bin", "4711"), 1, "No bin has this id"),
        (("item", "nothing"), 1, "No bin holds"),
        (("sql", "selec 1"), 1, "selec"),
        (("sql", "select nothing from bins"), 1, "nothing"),
        (("sql", "select * from read_text('/etc/hostname')"), 1, "can't be used"),
        (("sql", ""), 1, "can only be read"),
        (("summary", "--data-dir", "elsewhere"), 2, "abid-etl run --data-dir elsewhere"),
        (("summary", "--output", "no/such/folder/x.csv", "--format", "yaml"), 2, "yaml"),
    ],
)
def test_a_mistake_gets_a_sentence_and_an_exit_code(arguments: tuple[str, ...], code: int, said: str, run: Run) -> None:
    done = run("abid-report", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["abid-report --help", "abid-report bin --help", "abid-report", "abid-etl run -h"])
def test_help_that_nobody_reads_is_no_failure(command: str) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [BIN / command.split(maxsplit=1)[0], *command.split()[1:]], stdout=write, stderr=subprocess.PIPE, check=False
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_report_without_rows_says_so_and_is_no_failure(run: Run) -> None:
    done = run("abid-report", "rejects", "--reason", "not_utf8")
    assert done.returncode == 0
    assert "Nothing was rejected" in done.stderr


def test_completion_knows_the_reports(run: Run) -> None:
    done = run("abid-report", _ABID_REPORT_COMPLETE="complete_bash", COMP_WORDS="abid-report quantity-", COMP_CWORD="1")
    assert sorted(done.stdout.split()) == ["quantity-by-bucket", "quantity-gaps", "quantity-histogram"]


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        (["--help"], ""),
        (["top-items", "--help"], ""),
        (["list"], ""),
        (["summary", "--show-sql"], ""),
        (["schema", "bins", "--format", "csv"], "duckdb"),
        (["summary", "--format", "csv"], "duckdb"),
        (["bin", "00523", "--format", "json"], "duckdb"),
        (["sql", "select 1", "--format", "html"], "duckdb"),
        (["quantity-histogram"], "duckdb rich"),
        (["quantity-histogram", "--plot", "-"], "duckdb plotext"),
        (["summary", "--format", "xlsx", "--output", "summary.xlsx"], "duckdb xlsxwriter"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, list) else "imports",
)
def test_nothing_slow_is_imported_that_a_command_does_not_need(run: Run, arguments: list[str], needed: str) -> None:
    script = (
        f"import sys, cli.report; sys.argv = ['abid-report', *{arguments}]\n"
        f"cli.report.app(standalone_mode=False)\nprint(*{SLOW} & sys.modules.keys())"
    )
    assert set(run("python", "-c", script).stdout.splitlines()[-1].split()) == set(needed.split())
