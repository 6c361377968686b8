"""A user's own reports: which files are one, and what is said of those that aren't."""

import math
import re
from pathlib import Path
from typing import Any

import pytest
from documents import make_document, make_line, run_pipeline, write_bucket

from etl.errors import QueryError, UsageError
from etl.ownreports import read_own_reports, write_template
from etl.reportcheck import check_report
from etl.reportfile import Taken, find_header_mistakes
from etl.reports import GROUPS, bind_parameters, load_reports
from etl.sqlfiles import SQL_ROOT, read_folder
from etl.warehouse import Warehouse

TAKEN = Taken(commands=frozenset({"schema"}), options=frozenset({"format", "where"}))


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    folder = tmp_path_factory.mktemp("own")
    documents = {"metadata/00001.json": make_document(make_line(), make_line("B00TEST002")), "metadata/00002.json": {}}
    run_pipeline(write_bucket(folder / "bucket", documents | {"metadata/2.json": make_document()}), folder / "data")
    return Warehouse.open(folder / "data")


def write_report(folder: Path, name: str = "mine", *changes: tuple[str, str]) -> Path:
    """The template under a name, with some of its text replaced."""
    path = write_template(name, folder, TAKEN)
    text = path.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text)
    return path


# --- reports --------------------------------------------------------------------------------------------------------


def test_the_template_works_at_once(warehouse: Warehouse, tmp_path: Path) -> None:
    path = write_template("mine", tmp_path / "new" / "folder", TAKEN)
    assert check_report(path, TAKEN, warehouse).name == "mine"
    assert warehouse.report("mine", reports_dir=path.parent).rows() == [(0, 1, 0.0), (2, 1, 2.0)]
    assert warehouse.report("mine", reports_dir=str(path.parent), id_style="unpadded").rows() == [(0, 1, 0.0)]


def test_the_environment_names_the_folder_too(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_report(tmp_path)
    with pytest.raises(UsageError, match="there is no report mine"):
        warehouse.report("mine")
    monkeypatch.setenv("ABID_REPORTS_DIR", str(tmp_path))
    assert len(warehouse.report("mine", limit=1).rows()) == 1
    assert warehouse.report("summary").rows()


def test_a_name_that_both_have_is_refused_and_both_are_named(warehouse: Warehouse, tmp_path: Path) -> None:
    write_report(tmp_path).rename(tmp_path / "summary.sql")
    with pytest.raises(UsageError) as told:
        warehouse.report("summary", reports_dir=tmp_path)
    assert str(tmp_path / "summary.sql") in str(told.value)
    assert str(SQL_ROOT / "reports" / "summary.sql") in str(told.value)
    assert warehouse.report("receipt", reports_dir=tmp_path).rows()


def test_broken_files_take_no_report_away(warehouse: Warehouse, tmp_path: Path) -> None:
    write_report(tmp_path, "good")
    write_report(tmp_path, "bad", ("title:", "titel:"))
    (tmp_path / "empty.sql").touch()
    (tmp_path / "bytes.sql").write_bytes(b"/*\nreport: \xff\n*/\nselect 1")
    (tmp_path / "folder.sql").mkdir()
    (tmp_path / "link.sql").symlink_to("nowhere")
    (tmp_path / ".#good.sql").symlink_to("an-editor-is-at-work")
    (tmp_path / "notes.txt").write_text("no report")
    own = read_own_reports(tmp_path)
    assert list(own.reports) == ["good"]
    assert list(own.faults) == ["bad", "bytes", "empty", "folder", "link"]
    for name, fault in own.faults.items():
        assert fault.startswith(f"{tmp_path / name}.sql, line ")
    with pytest.raises(UsageError, match="did you mean title"):
        warehouse.report("bad", reports_dir=tmp_path)


def test_a_folder_that_is_not_there_is_named(warehouse: Warehouse, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"{tmp_path}/nowhere"):
        warehouse.report("mine", reports_dir=tmp_path / "nowhere")
    assert warehouse.report("summary", reports_dir=tmp_path / "nowhere").rows()


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("copy bins to '{release}/mine.csv'", "COPY isn't one"),
        ("with gone as (copy bins to '{release}/mine.csv') select 1", "holds a COPY"),
        ("select * from read_text('/etc/hostname')", "read_text can't be used here"),
        ("select 1; select 2", "SELECT, SELECT isn't one"),
        ("", "nothing isn't one"),
    ],
)
def test_a_report_reads_the_release_and_nothing_else(
    query: str, said: str, warehouse: Warehouse, tmp_path: Path
) -> None:
    header = "/*\nreport: mine\ntitle: T\ngroup: Yours\nabout: A.\nexample: abid-report mine\n*/\n"
    (tmp_path / "mine.sql").write_text(header + query.format(release=warehouse.release.path))
    with pytest.raises(QueryError, match=said):
        warehouse.report("mine", reports_dir=tmp_path)
    with pytest.raises(UsageError, match=said):
        check_report(tmp_path / "mine.sql", TAKEN, None)


def test_a_template_replaces_no_file(tmp_path: Path) -> None:
    path = write_report(tmp_path, "mine", ("Bins by", "My bins by"))
    before = path.read_bytes()
    with pytest.raises(UsageError, match=re.escape(f"{path} is there already")):
        write_template("mine", tmp_path, TAKEN)
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["summary", "schema", "../mine", "Mine", "mine.sql", "", "-x", "a--b"])
def test_a_template_has_a_name_that_can_be_a_command(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"already|can't be a command"):
        write_template(name, tmp_path / "own", TAKEN)
    assert not (tmp_path / "own").exists()


# --- mistakes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "line", "said"),
    [
        (("/*\n", ""), 1, "it doesn't begin with a header"),
        (("report:  mine", "report:  yours"), 2, "write `report: mine`"),
        (("report:  mine\n", ""), 1, "the header needs a line `report: ...`"),
        (("title: ", "tilte: "), 3, "no line `tilte:`: did you mean title?"),
        (("title: ", "colour: "), 3, "there are report, title, group, about, example, parameters, chart, empty"),
        (("group:   Yours", "title:   Again"), 4, "`title:` is there already on line 3: remove one"),
        (("group:   Yours", "group:   Mine"), 4, "there is no group Mine: write `group: Yours`"),
        (("choice(all, padded, unpadded)", "choice"), 8, "A parameter is a name of small letters and hyphens, a type"),
        (("  all  Which", "  round  Which"), 8, "id-style is one of all, padded, unpadded, not round"),
        (("count  20", "count  few"), 9, "limit takes a value of type int"),
        (("count  20", "count  -1"), 9, "limit is at least 0, not -1"),
        (("count  20", "count(1..9)  20"), 9, "limit is from 1 to 9, not 20"),
        (("count  20", "count(..9)  -1"), 9, "limit is from 0 to 9, not -1"),
        (("count  20", "double(..0.5)  0.75"), 9, "limit is at most 0.5, not 0.75"),
        (("count  20", "double  nan"), 9, "limit is a finite number, not nan"),
        (("count  20", "double(0..1)  inf"), 9, "limit is from 0 to 1, not inf"),
        *(
            (("count  20", f"{type_}  20"), 9, "numbers can have bounds, as double(0..1) or count(1..)")
            for type_ in ("count(1)", "count(9..1)", "count(..-1)", "integer(1.5..)", "varchar(1..)", "double(a..b)")
        ),
        (("  limit ", "  id-style "), 9, "the parameter id-style is there already on line 8: remove one"),
        (("  limit ", "  format "), 9, "format means something else already"),
        (("  limit ", "  class "), 9, "class means something else already"),
        (("chart:   bar", "chart:   pie"), 10, "not a chart: pie"),
        (("example: abid-report mine", "example: abid-report other"), 11, "`example: abid-report mine ...`"),
        (("limit nullif($limit, 0)", ""), 14, "the query doesn't use the parameter $limit"),
        (("limit nullif($limit, 0)", "limit $most"), 28, "$most isn't declared: add it to `parameters:`"),
        (("    count(*) as bins,", "    count(*) as,"), 20, "syntax error"),
        (
            ("order by asin_count", "order by asin_count;\nselect 1"),
            14,
            "by one query at a time: SELECT, SELECT isn't one",
        ),
        (("with bins as (", "create table x as with bins as ("), 14, "by one query at a time: CREATE isn't one"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_the_remedy(
    change: tuple[str, str], line: int, said: str, tmp_path: Path
) -> None:
    path = write_report(tmp_path, "mine", change)
    with pytest.raises(UsageError) as told:
        check_report(path, TAKEN, None)
    assert any(
        row.startswith(f"{path}, line {line}: ") and said in row
        for row in re.split(rf"\n(?={re.escape(str(path))})", str(told.value))
    ), told.value


@pytest.mark.parametrize(
    ("change", "line", "said"),
    [
        (("    asin_count,", "    asin_cuont,"), 19, "did you mean asin_count"),
        (("from bins\n", "from bin\n"), 22, "did you mean bins"),
        (("y=bins", "y=bin"), 10, "the report has no column bin: it has asin_count, bins, mean_expected_quantity"),
        (("round(avg(", "nosuch(avg("), 21, "nosuch"),
    ],
)
def test_a_query_is_tried_on_a_release(
    change: tuple[str, str], line: int, said: str, warehouse: Warehouse, tmp_path: Path
) -> None:
    path = write_report(tmp_path, "mine", change)
    assert check_report(path, TAKEN, None).name == "mine"
    with pytest.raises(UsageError) as told:
        check_report(path, TAKEN, warehouse)
    assert str(told.value).startswith(f"{path}, line {line}: ")
    assert said in str(told.value)


def test_all_mistakes_of_a_header_are_told_at_once_in_the_order_of_the_lines(tmp_path: Path) -> None:
    path = write_report(tmp_path, "mine", ("group:   Yours", "group:   Mine"), ("chart:   bar", "chart:   pie"))
    with pytest.raises(UsageError) as told:
        check_report(path, TAKEN, None)
    assert re.findall(r", line (\d+): ", str(told.value)) == ["4", "10"]


def test_a_parameter_in_a_text_or_a_comment_is_none(warehouse: Warehouse, tmp_path: Path) -> None:
    path = write_report(tmp_path, "mine", ("    count(*) as bins,", "    count(*) filter ('$x' <> '') as bins, -- $y"))
    assert check_report(path, TAKEN, warehouse)


def test_a_required_parameter_needs_no_value_to_be_checked(warehouse: Warehouse, tmp_path: Path) -> None:
    path = write_report(tmp_path, "mine", ("unpadded)  all", "unpadded)  required"), ("count  20", "count  required"))
    assert check_report(path, TAKEN, warehouse)


@pytest.mark.parametrize("type_", ["count(3..)", "integer(..-3)", "double(0.5..0.75)"])
def test_a_required_parameter_is_checked_with_a_value_within_its_bounds(
    type_: str, warehouse: Warehouse, tmp_path: Path
) -> None:
    path = write_report(
        tmp_path, "mine", ("count  20", f"{type_}  required"), ("limit nullif($limit, 0)", "limit $limit * 0")
    )
    assert check_report(path, TAKEN, warehouse)


@pytest.mark.parametrize(
    ("type_", "value", "said"),
    [
        *(("double", value, f"least is a finite number, not {value}") for value in (math.nan, math.inf, -math.inf)),
        *(("double(0..1)", value, f"least is from 0 to 1, not {value}") for value in (math.nan, math.inf, -0.1, 2)),
        ("count(1..)", 0, "least is at least 1, not 0"),
        ("integer(-3..3)", -4, "least is from -3 to 3, not -4"),
        ("integer(-3..3)", 1.5, "least takes a value of type int"),
        ("double(0..1)", 1, ""),
        ("double(0..1)", 0.0, ""),
        ("integer(-3..3)", -3, ""),
    ],
)
def test_a_value_is_within_the_bounds_of_its_parameter(type_: str, value: float, said: str, tmp_path: Path) -> None:
    path = write_report(tmp_path, "mine", ("limit     count  20", f"least  {type_}  required"), ("$limit", "$least"))
    report = check_report(path, TAKEN, None)
    if not said:
        assert bind_parameters(report, {"least": value})["least"] == value
        return
    with pytest.raises(UsageError, match=f"^mine: {re.escape(said)}$"):
        bind_parameters(report, {"least": value})


@pytest.mark.parametrize("file", read_folder("reports").values(), ids=read_folder("reports"))
def test_our_reports_are_written_as_we_ask_of_others(file: Any) -> None:
    assert list(find_header_mistakes(file, Taken())) == []


def test_every_report_of_ours_is_in_a_group_that_is_shown() -> None:
    groups = [report.group for report in load_reports().values()]
    assert list(dict.fromkeys(groups)) == list(GROUPS)
