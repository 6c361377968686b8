"""Results as files and streams: workbooks, pages, headers left out, memory, colours."""

import datetime as dt
import os
import re
import subprocess
import zipfile
from pathlib import Path

import openpyxl
import pytest
from commands import BIN, Run

HARD = """
select
  null as nothing, '=1+1' as formula, '00523' as id, '' as empty, 3 as number, 4611686018427387904 as big,
  4.399999995512001::double as double, 'nan'::double as nan, 1200.5000::decimal(9, 4) as exact,
  1234567890.1234567890::decimal(20, 10) as long, true as yes, timestamp '2017-05-01 12:30:00' as at,
  'infinity'::timestamp as never, 0.1::float as single,
  date '2017-05-01' as day, date '1850-01-01' as early, [1, null] as list, 'ab'::blob as bytes,
"""
CELLS = [
    *(None, "=1+1", "00523", "", 3, "4611686018427387904"),
    *(4.399999995512001, "nan", 1200.5, "1234567890.123456789", True, dt.datetime(2017, 5, 1, 12, 30)),  # noqa: DTZ001
    *("infinity", 0.1),
    *(dt.datetime(2017, 5, 1), "1850-01-01", "[1, null]", "6162"),  # noqa: DTZ001
]

_FACES = """/*
report:  faces
title:   Faces
group:   Yours
about:   One face.
example: abid-report faces
*/
select '\u9762' as face
"""


def read_sheet(path: Path) -> list[list[object]]:
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["result"]
    return [[cell.value for cell in row] for row in book["result"].iter_rows()]


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("n.csv", b"n\n1\n"),
        ("n.TSV", b"n\n1\n"),
        ("n.json", b'[\n{"n": 1}'),
        ("n.jsonl", b'{"n": 1}\n'),
        ("n.md", b"| n |\n"),
        ("n.html", b"<!doctype html>"),
        ("n.xlsx", b"PK"),
        ("n.parquet", b"PAR1"),
        ("n.txt", b"| n |\n"),
        ("n", b"| n |\n"),
    ],
)
def test_a_file_is_of_the_format_that_its_ending_names(run: Run, tmp_path: Path, name: str, start: bytes) -> None:
    assert run("abid-report", "sql", "select 1 as n", "-o", name).returncode == 0
    assert (tmp_path / name).read_bytes().startswith(start)
    assert run("abid-report", "sql", "select 1 as n", "-o", name, "-f", "ndjson").returncode == 0
    assert (tmp_path / name).read_bytes() == b'{"n": 1}\n'


def test_a_workbook_holds_a_row_of_every_hard_value(run: Run, tmp_path: Path) -> None:
    done = run("abid-report", "sql", HARD, "--format", "xlsx", "-o", "hard.xlsx")
    assert (done.returncode, done.stderr) == (0, "")
    header, row = read_sheet(tmp_path / "hard.xlsx")
    assert row == CELLS
    assert header[:3] == ["nothing", "formula", "id"]
    with zipfile.ZipFile(tmp_path / "hard.xlsx") as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert '<c r="E2"><v>3</v></c>' in sheet
    assert '<c r="C2" s="2" t="inlineStr"><is><t>00523</t></is></c>' in sheet
    assert 'r="A2"' not in sheet


def test_a_workbook_goes_through_a_pipe(data_dir: Path, tmp_path: Path) -> None:
    pipe = f"{BIN}/abid-report quantity-histogram --format xlsx > {tmp_path}/a.xlsx"
    subprocess.run(pipe, shell=True, env=os.environ | {"ABID_DATA_DIR": str(data_dir)}, check=True)
    assert read_sheet(tmp_path / "a.xlsx")[1:] == [[0, 1, 0.25, 0.25], [1, 2, 0.5, 0.75], [2, 1, 0.25, 1]]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("select * from range(1048576)", "1,048,576 rows .* 1,048,575 .* parquet or csv"),
        ("select repeat('x', 40000) as long", "row 1, long: a text of 40,000 characters.* parquet or csv"),
    ],
)
def test_what_a_sheet_can_not_hold_is_refused_and_leaves_no_file(
    query: str, said: str, run: Run, tmp_path: Path
) -> None:
    done = run("abid-report", "sql", query, "--format", "xlsx", "-o", "a.xlsx")
    assert (done.returncode, done.stdout) == (2, "")
    assert re.search(said, done.stderr), done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_missing_library_for_workbooks_is_named_with_what_installs_it(run: Run, tmp_path: Path) -> None:
    script = (
        "import sys; sys.modules['xlsxwriter'] = None; sys.argv = ['abid-report', 'summary', '--format', 'xlsx', '-o', "
        "'a.xlsx']; from cli.report import main; main()"
    )
    done = run("python", "-c", script)
    assert done.returncode == 2
    assert "pip install 'abid-warehouse[excel]'" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_page_of_a_report_has_its_title_and_its_rows(run: Run) -> None:
    page = run("abid-report", "quantity-histogram", "--format", "html").stdout
    assert "<h1>Bins by expected quantity</h1>" in page
    rows = re.findall(r"<tr>(<td.*?)</tr>", page)
    assert [re.findall(r">([^<]*)</td>", row) for row in rows] == [
        ["0", "1", "0.25", "0.25"],
        ["1", "2", "0.5", "0.75"],
        ["2", "1", "0.25", "1.0"],
    ]
    assert not re.search(r"https?:|\bsrc=|\bhref=", page)


@pytest.mark.parametrize("format_", ["table", "csv", "sheet-csv", "tsv", "markdown"])
def test_a_header_can_be_left_out(format_: str, run: Run) -> None:
    query = "select 1 as the_name, 'x' as another_name"
    whole = run("abid-report", "sql", query, "--format", format_).stdout
    done = run("abid-report", "sql", query, "--format", format_, "--no-header")
    assert done.returncode == 0
    assert "name" in whole
    assert "name" not in done.stdout
    assert done.stdout.removeprefix("\ufeff").splitlines()[-1].split() == whole.splitlines()[-1].split()
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.parametrize("format_", ["json", "ndjson", "html", "xlsx", "parquet"])
def test_a_format_that_needs_its_header_keeps_it(format_: str, run: Run) -> None:
    done = run("abid-report", "quantity-histogram", "--format", format_, "--no-header", "-o", "a")
    assert done.returncode == 2
    assert f"not for {format_}" in done.stderr


@pytest.mark.parametrize("format_", ["csv", "html"])
def test_memory_does_not_grow_with_the_rows(format_: str, data_dir: Path) -> None:
    query = "select range as n, repeat('x', 1000) as t from range({})"
    few, many = (measure_peak(query.format(rows), format_, data_dir) for rows in (20_000, 200_000))
    assert many - few < 64 * 2**20  # of 180 MB more of text


def measure_peak(query: str, format_: str, data_dir: Path) -> int:
    """The largest resident set of a command, in bytes."""
    command = [str(BIN / "abid-report"), "sql", query, "--format", format_, "--data-dir", str(data_dir)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return used.ru_maxrss * 1024


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
@pytest.mark.parametrize("command", ["sql", "--show-sql"])
def test_what_an_encoding_lacks_is_spelled_out(encoding: str, command: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "faces.sql").write_text(_FACES, encoding="utf-8")
    asked = ["sql", "select '\u9762' as face"] if command == "sql" else ["--reports-dir", ".", "faces", command]
    done = run("abid-report", *asked, PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\\u9762" in done.stdout


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("format_", ["table", "csv", "parquet"])
def test_a_closed_stream_is_no_fault(closed: str, format_: str, data_dir: Path) -> None:
    pipe = f"{BIN}/abid-report sql 'select 1 as a' --data-dir {data_dir} --format {format_} {closed}"
    done = subprocess.run(pipe, shell=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert bool(done.stdout) == (">&-" not in closed.split())


def test_an_error_goes_nowhere_but_to_standard_error(data_dir: Path, tmp_path: Path) -> None:
    pipe = f"{BIN}/abid-report sql 'select no' --data-dir {data_dir} --format csv -o {tmp_path}/a 2>&-"
    done = subprocess.run(pipe, shell=True, capture_output=True, check=False)
    assert (done.returncode, done.stdout, list(tmp_path.iterdir())) == (1, b"", [])


def test_a_pipe_gets_no_colours_and_columns_count_for_people_alone(run: Run) -> None:
    for format_ in ("table", "csv", "json", "html"):
        wide = run("abid-report", "summary", "--format", format_, COLUMNS="200").stdout
        assert wide == run("abid-report", "summary", "--format", format_, COLUMNS="20", NO_COLOR="1").stdout
        assert "\x1b" not in wide
