"""The line `chart:` of a report's header."""

from pathlib import Path

import pytest

from etl.charts import Chart, parse_chart
from etl.reports import load_reports
from etl.sqlfiles import read_folder

HERE = Path("reports/mine.sql")


@pytest.mark.parametrize(
    ("hint", "chart"),
    [
        ("bar x=a y=b", Chart("bar", "a", "b", frozenset())),
        ("line x=a_1 y=b log=y", Chart("line", "a_1", "b", frozenset("y"))),
        ("point x=a y=b log=x,y", Chart("point", "a", "b", frozenset("xy"))),
        ("hist x=weight_lb log=x", Chart("hist", "weight_lb", None, frozenset("x"))),
        ("hist x=mean_jaccard of=runs log=y", Chart("hist", "mean_jaccard", None, frozenset("y"), "runs")),
        ("", None),
    ],
)
def test_a_hint_says_what_to_draw(hint: str, chart: Chart | None) -> None:
    assert parse_chart(hint, HERE) == chart


@pytest.mark.parametrize(
    "hint",
    [
        *("pie x=a y=b", "bar", "bar x=a", "bar y=b x=a", "hist x=a y=b", "bar x=a y=b log=z", "bar x=a y=b log=y,x"),
        *("bar x=a y=b colour=c", "bar x=a-b y=c", "BAR x=a y=b"),
        *("bar x=a y=b of=c", "hist x=a of=", "hist x=a log=x of=b", "hist x=a of=a", "hist x=rows"),
    ],
)
def test_an_invalid_hint_names_the_file_and_the_grammar(hint: str) -> None:
    with pytest.raises(ValueError, match=r"mine\.sql: not a chart: .*\n.*bar, line or point") as refused:
        parse_chart(hint, HERE)
    assert hint in str(refused.value)


def test_every_report_that_has_a_hint_has_its_chart() -> None:
    hinted = {name for name, file in read_folder("reports").items() if "chart" in file.fields}
    assert {name for name, report in load_reports().items() if report.chart} == hinted != set()
