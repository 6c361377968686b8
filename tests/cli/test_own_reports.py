"""How reports are found, and how users add their own: `abid-report`, its help, `list`, `new` and `check`."""

import csv
import io
import os
import pty
import re
import subprocess
from pathlib import Path

import pytest
from commands import BIN, Run

from etl.ownreports import write_template
from etl.reportfile import Taken
from etl.reports import GROUPS, load_reports

CHOICE = ("--where", "--sample")
STYLE = re.compile(r"\x1b\[[\d;]*m")
COLOUR = re.compile(r"\x1b\[(\d;)*3\d")


def read_panels(shown: str) -> dict[str, list[str]]:
    """The commands of each panel of a help text."""
    panels: dict[str, list[str]] = {}
    for line in STYLE.sub("", shown).splitlines():
        if title := re.match(r"(\w+):$", line):
            panels[title[1]] = []
        elif panels and (command := re.match(r"  ([a-z][\w-]*) ", line)):
            panels[next(reversed(panels))].append(command[1])
    return panels


def read_help_on_terminal(folder: Path, **environment: str) -> str:
    """`abid-report --help` on a terminal of 80 columns."""
    master, slave = pty.openpty()
    environment = (
        os.environ | {"COLUMNS": "80", "TERM": "xterm-256color", "ABID_REPORTS_DIR": str(folder)} | environment
    )
    with subprocess.Popen([BIN / "abid-report", "--help"], stdout=slave, stderr=slave, env=environment):
        os.close(slave)
        chunks = []
        while True:
            try:
                chunks.append(os.read(master, 65536))
            except OSError:  # the other side is closed: that is how a terminal ends on Linux
                break
    os.close(master)
    return b"".join(chunks).decode().replace("\r\n", "\n")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder with one report."""
    return write_template("mine", tmp_path / "own", Taken()).parent


# --- the help -------------------------------------------------------------------------------------------------------


def test_help_shows_the_reports_by_group_and_then_the_rest(own: Path) -> None:
    plain = read_help_on_terminal(own, NO_COLOR="1")
    panels = read_panels(plain)
    assert [*panels][1:7] == [*GROUPS, "Yours"]
    for group in GROUPS:
        assert panels[group] == sorted(r.name for r in load_reports().values() if r.group == group)
    assert panels["Yours"] == ["new", "check", "mine"]
    assert "sql" in panels["SQL"]


def test_help_fits_80_columns_with_colour_and_without(own: Path) -> None:
    plain, coloured = read_help_on_terminal(own, NO_COLOR="1"), read_help_on_terminal(own)
    assert COLOUR.search(coloured)
    assert not COLOUR.search(plain)
    shown = [STYLE.sub("", text) for text in (plain, coloured)]
    assert shown[0] == shown[1]
    assert max(map(len, shown[0].splitlines())) <= 80
    for report in load_reports().values():
        [line] = [line for line in shown[0].splitlines() if line.startswith(f"  {report.name} ")]
        assert report.title in line, "a title that takes two lines is hard to find"


def test_list_has_a_line_a_report_with_its_group(own: Path, run: Run) -> None:
    lines = [line.split(maxsplit=2) for line in run("abid-report", "--reports-dir", own, "list").stdout.splitlines()]
    expected = [[report.name, report.group, report.title] for report in load_reports().values()]
    assert lines == [*expected, ["mine", "Yours", "Bins by the number of their ASINs"]]


def test_a_choice_of_bins_is_offered_where_it_can_be_made(run: Run) -> None:
    offers = {
        name: run("abid-report", name, "--help", NO_COLOR="1").stdout for name in ("top-items", "item", "summary")
    }
    assert [option in offers["top-items"] for option in CHOICE] == [True, True]
    assert [option in offers["item"] for option in CHOICE] == [False, False], "what isn't chosen is there all the same"
    assert [option in offers["summary"] for option in CHOICE] == [False, False]


# --- choosing bins --------------------------------------------------------------------------------------------------


def test_conditions_and_a_sample_choose_bins(run: Run) -> None:
    query = ("abid-report", "quantity-histogram", "--format", "csv", "--where", "expected_quantity >= 1")
    assert [row["bins"] for row in csv.DictReader(io.StringIO(run(*query).stdout))] == ["2", "1"]
    rows = csv.DictReader(io.StringIO(run(*query, "--where", "bin_id != 00523", "--sample", "1").stdout))
    assert [row["bins"] for row in rows] == ["1"]


def test_that_nothing_is_there_is_said_of_the_chosen_bins(run: Run) -> None:
    done = run("abid-report", "quantity-histogram", "--where", "expected_quantity > 99", "--format", "csv")
    assert done.returncode == 0
    assert done.stderr.startswith("only the bins that --where and --sample choose were looked at\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--where", "expectd_quantity > 3"), "did you mean expected_quantity? There are bin_id, "),
        (("--where", "expected_quantity"), "Write a column, one of = != < <= > >=, and a value"),
        (("--where", "expected_quantity > x"), "a whole number, not x"),
        (("--where", "id_style = padded and expected_quantity > 3"), "give --where again for each further condition"),
        (("--where", 'id_style = "padded"'), "Put a text into single quotes"),
        (("--where", "expected_quantity >= 1_0"), "a whole number, not 1_0"),
        (("--sample", "0"), "--sample"),
    ],
)
def test_a_choice_that_is_none_gets_a_sentence(arguments: tuple[str, str], said: str, run: Run) -> None:
    done = run("abid-report", "quantity-histogram", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


# --- own reports ----------------------------------------------------------------------------------------------------


def test_a_new_report_runs_at_once(own: Path, run: Run) -> None:
    expected = "asin_count,bins,mean_expected_quantity\n0,1,0.0\n1,2,1.0\n2,1,2.0\n"
    assert run("abid-report", "--reports-dir", own, "mine", "--format", "csv").stdout == expected
    assert run("abid-report", "mine", "--format", "csv", ABID_REPORTS_DIR=str(own)).stdout == expected
    limited = run("abid-report", "mine", "--format", "csv", "--limit", "1", "--sample", "4", ABID_REPORTS_DIR=str(own))
    assert limited.stdout == "asin_count,bins,mean_expected_quantity\n0,1,0.0\n"


def test_a_new_report_goes_to_this_folder_where_none_is_named(run: Run, tmp_path: Path) -> None:
    done = run("abid-report", "new", "mine")
    assert (done.returncode, done.stdout) == (0, "")
    assert "abid-report --reports-dir . mine" in done.stderr
    assert (tmp_path / "mine.sql").is_file()
    assert run("abid-report", "--reports-dir", "made", "new", "mine").returncode == 0
    assert (tmp_path / "made" / "mine.sql").read_bytes() == (tmp_path / "mine.sql").read_bytes()
    again = run("abid-report", "new", "mine")
    assert (again.returncode, again.stderr) == (
        2,
        "error: mine.sql is there already: choose another name, or remove it\n",
    )


def test_help_of_an_own_report_is_that_of_its_header(own: Path, run: Run) -> None:
    shown = run("abid-report", "--reports-dir", own, "mine", "--help", NO_COLOR="1").stdout
    assert "Bins by the number of their ASINs." in shown
    assert "--id-style" in shown


def test_help_knows_the_folder_wherever_it_is_named(own: Path, run: Run) -> None:
    for arguments in (("--reports-dir", own, "--help"), ("--help", "--reports-dir", own)):
        assert "mine" in read_panels(run("abid-report", *arguments, NO_COLOR="1").stdout)["Yours"]


def test_completion_knows_own_reports_and_their_options(own: Path, run: Run) -> None:
    words = f"abid-report --reports-dir {own} "
    ask = {"_ABID_REPORT_COMPLETE": "complete_bash"}
    assert run("abid-report", **ask, COMP_WORDS=f"{words}mine", COMP_CWORD="3").stdout.split() == ["mine"]
    assert run("abid-report", **ask, COMP_WORDS=f"{words}mine --id", COMP_CWORD="4").stdout.split() == ["--id-style"]
    by_environment = run("abid-report", **ask, COMP_WORDS="abid-report mi", COMP_CWORD="1", ABID_REPORTS_DIR=str(own))
    assert "mine" in by_environment.stdout.split()


def test_a_broken_file_is_named_and_all_else_goes_on(own: Path, run: Run) -> None:
    (own / "broken.sql").write_text("select 1")
    words = {"_ABID_REPORT_COMPLETE": "complete_bash", "COMP_WORDS": "abid-report mi", "COMP_CWORD": "1"}
    said = f"left out: {own}/broken.sql, line 1: it doesn't begin with a header"
    for arguments in (("mine",), ("summary",), ("--help",), ("list",)):
        done = run("abid-report", "--reports-dir", own, *arguments)
        assert done.returncode == 0
        assert done.stderr.startswith(said)
    assert run("abid-report", ABID_REPORTS_DIR=str(own), **words).stderr == ""


def test_who_asks_for_a_broken_report_is_told_what_is_wrong(own: Path, run: Run) -> None:
    (own / "broken.sql").write_text("select 1")
    done = run("abid-report", "--reports-dir", own, "broken")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {own}/broken.sql, line 1: ")


@pytest.mark.parametrize(("name", "code"), [("summary", 2), ("list", 0)])
def test_an_own_report_never_replaces_a_command(name: str, code: int, own: Path, run: Run) -> None:
    (own / f"{name}.sql").write_text((own / "mine.sql").read_text().replace("mine", name))
    done = run("abid-report", "--reports-dir", own, name)
    assert done.returncode == code
    assert f"{own}/{name}.sql, line 1: " in done.stderr
    assert "already" in done.stderr
    assert "asin_count" not in done.stdout


@pytest.mark.parametrize("option", ["output", "data-dir", "show-sql", "where", "reports-dir"])
def test_a_parameter_never_replaces_an_option(option: str, own: Path, run: Run) -> None:
    text = (own / "mine.sql").read_text().replace("  limit ", f"  {option} ")
    (own / "mine.sql").write_text(text.replace("$limit", f"${option.replace('-', '_')}"))
    done = run("abid-report", "check", own / "mine.sql")
    assert done.returncode == 1
    assert f"line 9: {option} means something else already" in done.stderr


def test_a_folder_that_is_not_there_is_named(run: Run) -> None:
    done = run("abid-report", "summary", ABID_REPORTS_DIR="nowhere")
    assert done.returncode == 0
    assert done.stderr == "left out: nowhere, named as the folder of your reports: No such file or directory\n"


def test_check_tries_the_query_where_there_is_a_release(own: Path, run: Run) -> None:
    good = run("abid-report", "check", own / "mine.sql")
    assert (good.returncode, good.stderr) == (0, f"{own}/mine.sql is a report that works\n")
    (own / "mine.sql").write_text((own / "mine.sql").read_text().replace("from bins\n", "from bin\n"))
    bad = run("abid-report", "check", own / "mine.sql")
    assert bad.returncode == 1
    assert bad.stderr.startswith(f"error: {own}/mine.sql, line 22: ")
    untried = run("abid-report", "check", own / "mine.sql", "--data-dir", "elsewhere")
    assert untried.returncode == 0
    assert "no release is here to try it on" in untried.stderr


def test_an_own_report_can_not_leave_the_release(own: Path, run: Run) -> None:
    text = (own / "mine.sql").read_text()
    (own / "mine.sql").write_text(text[: text.index("*/") + 3] + "select * from read_text('/etc/hostname')")
    done = run("abid-report", "--reports-dir", own, "mine")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"`abid-report check {own}/mine.sql` says where in the file." in done.stderr
