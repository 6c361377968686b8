"""`abid-report sql`, and the limits that every report has."""

import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from commands import BIN, Run
from escapes import LARGE, STUCK
from stopping import wait_until

from etl.models import load_readable

_ENDLESS = "select sum(hash(range)) from range(1000000000000)"
_ENDLESS_REPORT = f"""/*
report:  endless
title:   All numbers
group:   Yours
about:   Their sum.
example: abid-report endless
*/
{_ENDLESS}
"""
_ROWS_THEN_STUCK = """
from range(290000) select range as n union all
select levenshtein(repeat('ab', 100000 + n), repeat('ba', 100000 + n)) from range(1) as t(n)
"""
_PIPES_OF_A_GUARD = 2
_TICKS = 50
_TYPED = "select $value as value, typeof($value) as type"


def test_a_query_comes_from_an_argument_a_file_or_standard_input(data_dir: Path, tmp_path: Path, run: Run) -> None:
    query = "from bins select bin_id\norder by all -- the end"
    (tmp_path / "query.sql").write_text("\ufeff" + query + "\n;\n", encoding="utf-8")
    expected = run("abid-report", "sql", query, "--format", "csv").stdout
    assert expected == "bin_id\n00001\n00002\n00523\n523\n"
    assert run("abid-report", "sql", "--file", "query.sql", "--format", "csv").stdout == expected
    for arguments in (["-"], ["--file", "-"]):
        command = [str(BIN / "abid-report"), "sql", *arguments, "--format", "csv", "--data-dir", str(data_dir)]
        assert subprocess.run(command, input=query, capture_output=True, text=True, check=True).stdout == expected


@pytest.mark.parametrize(
    ("text", "value", "type_"),
    [
        ("5", "5", "INTEGER"),
        ("-5", "-5", "INTEGER"),
        ("0", "0", "INTEGER"),
        ("3000000000", "3000000000", "BIGINT"),
        ("2.5", "2.5", "DOUBLE"),
        ("0.5", "0.5", "DOUBLE"),
        ("-1e3", "-1000.0", "DOUBLE"),
        ("true", "true", "BOOLEAN"),
        ("false", "false", "BOOLEAN"),
        ("True", "True", "VARCHAR"),
        ("00523", "00523", "VARCHAR"),
        ("00.5", "00.5", "VARCHAR"),
        ("'523'", "523", "VARCHAR"),
        ("'it''s'", "it's", "VARCHAR"),
        ("a=b", "a=b", "VARCHAR"),
        ("", '""', "VARCHAR"),
        ("null", "null", "VARCHAR"),
        ("٣", "٣", "VARCHAR"),
        ("1; drop view bins", "1; drop view bins", "VARCHAR"),
    ],
)
def test_a_parameter_has_the_type_that_it_looks_like(text: str, value: str, type_: str, run: Run) -> None:
    done = run("abid-report", "sql", _TYPED, "--param", f"value={text}", "--format", "csv")
    assert done.stdout == f"value,type\n{value},{type_}\n"


def test_several_parameters_are_bound_and_never_pasted(run: Run) -> None:
    query = "from bins select bin_id where bin_id in ($one, $other) order by all"
    done = run("abid-report", "sql", query, "--param", "one='523'", "--param", "other=x' or '1' = '1", "-f", "csv")
    assert done.stdout == "bin_id\n523\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "give one query"),
        (("select 1", "--file", "query.sql"), 2, "give one query"),
        (("--file", "nowhere.sql"), 2, "nowhere.sql: No such file"),
        (("--file", str(BIN / "python")), 2, "isn't text in UTF-8"),
        (("select 1", "--param", "n"), 2, "NAME=VALUE"),
        (("select 1", "--param", "1n=5"), 2, "NAME=VALUE"),
        (("select 1", "--param", "n=5"), 1, "has no parameter $n: it has none"),
        (("select $n + $m", "--param", "n=5"), 1, "nothing says what $m is: give it with --param m=VALUE"),
        (("select $a + $b",), 1, "what $a, $b is: give it with --param a=VALUE --param b=VALUE"),
        (("select ?",), 1, "write $n in the query, and give it a value with --param n=VALUE"),
        (("select bin_id",), 1, "reads no table, so there is no column bin_id: it is in "),
        (("from bins b join items i on b.asin = i.asin",), 1, "b has no column asin: it is in "),
        (('from bins where id_style = "padded"',), 1, "a text stands in single quotes, 'padded'"),
        (("select " + "(" * 2000 + "1" + ")" * 2000,), 1, "take it apart with `with`"),
        (("select 1", "--memory", "lots"), 2, "'lots' is no size of memory: write one such as 500MB or 2GB"),
        (("select 1", "--memory", "99999999999TB"), 2, "more than there can be: give a size such as 500MB or 2GB"),
        (("select 1", "--timeout", "-1"), 2, "--timeout"),
        (("select 1", "--timeout", "inf"), 2, "inf seconds are no time for a query"),
        (("select 1", "--timeout", "1e12"), 2, "or 0 for no limit"),
        (("select expectd_quantity from bins",), 1, "no column expectd_quantity here: did you mean expected_quantity?"),
        (("select b.bin_idd from bins as b",), 1, "b has no column bin_idd: did you mean bin_id?"),
        (("from bins join items using (asinn)",), 1, "no column asinn here: did you mean asin?"),
        (("select qqqq from bins",), 1, "`abid-report schema` shows those of every table"),
        (("from binz",), 1, "no table binz: did you mean bins? There are "),
        (("from nothing",), 1, "no table nothing: there are "),
        (("from read_csv('/etc/passwd')",), 1, "read_csv can't be used here"),
        (("from '/etc/passwd.csv'",), 1, "/etc/passwd.csv isn't a part of it"),
        (("copy bins to 'bins.csv'",), 1, "a release can only be read, by one query at a time: COPY isn't one"),
        (("with x as (copy bins to 'x.csv') from x",), 1, "this query holds a COPY"),
        (("pivot bins on id_style using count(*)",), 1, "a pivot must name its columns"),
        (("select 1 as a, 2 as a",), 1, "several columns are called a"),
        (("select 1 as a, 2 as a", "--format", "xlsx"), 1, "several columns are called a"),
        (("select 1 as a, 2 as a", "--format", "parquet"), 1, "several columns are called a"),
        (("from observations join items using (asin)",), 1, "select * exclude (...)"),
        (("select interval '1 month' as i", "--format", "parquet"), 1, "the column i, INTERVAL: make it text with"),
        (("select union_value(a := 1) as u", "--format", "parquet"), 1, "no type for the column u, UNION"),
        (("select [{'a': '101'::bit}] as b", "--format", "parquet"), 1, "no type for the column b, STRUCT"),
        (("select 'infinity'::timestamp_s as t", "--format", "parquet"), 1, "make it text with ::varchar"),
    ],
)
def test_a_mistake_gets_a_sentence(arguments: tuple[str, ...], code: int, said: str, run: Run) -> None:
    done = run("abid-report", "sql", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "Error:" not in done.stderr


def test_the_largest_limits_are_taken(run: Run) -> None:
    done = run("abid-report", "sql", "select 1 as a", "--timeout", "316224000", "--memory", "8000000TB", "-f", "csv")
    assert (done.stdout, done.stderr) == ("a\n1\n", "")


def test_a_table_that_does_not_exist_lists_those_that_do(run: Run) -> None:
    said = run("abid-report", "sql", "from nothing").stderr
    assert [name for name in load_readable() if name not in said] == []


@pytest.mark.parametrize("format_", ["csv", "xlsx", "parquet"])
def test_the_line_of_a_mistake_is_marked_where_it_is_the_users(format_: str, run: Run) -> None:
    query = "select 1\nfrom bins\nwhere bin_idd = '1'"
    said = run("abid-report", "sql", query, "--format", format_).stderr.splitlines()
    assert said[-2:] == ["LINE 3: where bin_idd = '1'", "              ^^^^^^^"]


@pytest.mark.parametrize("more", [(), ("-o", "x.csv"), ("--format", "parquet", "-o", "x.parquet")])
def test_what_takes_longer_than_it_may_is_ended(more: tuple[str, ...], run: Run, tmp_path: Path) -> None:
    done = run("abid-report", "sql", _ENDLESS, "--timeout", "0.0001", *more)
    assert (done.returncode, done.stdout) == (1, "")
    assert "took longer than it may" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("query", STUCK)
def test_a_step_that_duckdb_can_not_end_is_ended(query: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "query.sql").write_text(query)
    done = run("abid-report", "sql", "--file", "query.sql", "--timeout", "0.5", "-o", "out.csv")
    assert done.returncode == 1
    assert "took longer than it may" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("more", ["parquet -o a", "xlsx"])
def test_what_was_begun_is_gone_when_the_process_is_ended(more: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "temporary").mkdir()
    (tmp_path / "query.sql").write_text(_ROWS_THEN_STUCK)
    arguments = ["--file", "query.sql", "--timeout", "3", "--format", *more.split()]
    done = run("abid-report", "sql", *arguments, TMPDIR=str(tmp_path / "temporary"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "took longer than it may" in done.stderr
    assert [str(path.relative_to(tmp_path)) for path in sorted(tmp_path.rglob("*"))] == ["query.sql", "temporary"]


@pytest.mark.parametrize("query", LARGE)
def test_what_needs_more_memory_than_it_may_have_is_ended(query: str, run: Run) -> None:
    done = run("abid-report", "sql", query, "--memory", "200MB")
    assert (done.returncode, done.stdout) == (1, "")
    assert "needs more memory than it may have" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_report_has_the_same_limits(run: Run, tmp_path: Path) -> None:
    (tmp_path / "endless.sql").write_text(_ENDLESS_REPORT)
    done = run("abid-report", "--reports-dir", tmp_path, "endless", "--timeout", "0.1")
    assert (done.returncode, done.stdout) == (1, "")
    assert "took longer than it may" in done.stderr
    done = run("abid-report", "quantity-histogram", "--memory", "1KB")
    assert (done.returncode, done.stdout) == (1, "")
    assert "needs more memory than it may have" in done.stderr


@pytest.mark.parametrize("query", [_ENDLESS, f"from range(500000) union all {_ENDLESS}", *STUCK[1:]])
@pytest.mark.parametrize(("number", "format_"), [(signal.SIGINT, "csv"), (signal.SIGTERM, "parquet")])
def test_a_signal_cancels_a_query(
    query: str, number: signal.Signals, format_: str, data_dir: Path, tmp_path: Path
) -> None:
    (tmp_path / "query.sql").write_text(query)
    command = f"{BIN}/abid-report sql --file query.sql --data-dir {data_dir} --format {format_} --output rows"
    process = subprocess.Popen(command.split(), stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    wait_for_work(process)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (128 + number, "error: interrupted.\n")
    assert [path.name for path in tmp_path.iterdir()] == ["query.sql"]


def wait_for_work(process: "subprocess.Popen[str]") -> None:
    """Until it is busy with its query: opening the release takes little of a processor's time, and is over by then."""
    wait_until(lambda: count_pipes(process.pid) >= _PIPES_OF_A_GUARD, process)
    begun = read_ticks(process.pid)
    wait_until(lambda: read_ticks(process.pid) >= begun + _TICKS, process)
    assert process.poll() is None


def count_pipes(pid: int) -> int:
    """The most ends of one pipe that it has open: both, if a thread of it waits for signals."""
    with suppress(FileNotFoundError):  # files come and go meanwhile
        names = [str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir()]
        return max(names.count(name) for name in names if name.startswith("pipe:"))
    return 0


def read_ticks(pid: int) -> int:
    """The time of processors that it has had, in hundredths of a second."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
