"""Pictures of reports: what is in them, against the documents themselves."""

import json
import re
import struct
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import altair as alt
import pytest
from browser import NEEDS_CHROMIUM, open_browser, visit
from commands import Run

from cli.plots.marks import Axis, Plot, lay_out
from cli.plots.pictures import specify, write_picture
from cli.plots.terminal import draw_text
from etl.charts import parse_chart
from etl.errors import UsageError
from etl.reports import load_reports
from etl.warehouse import Warehouse

SVG = "{http://www.w3.org/2000/svg}"
BARS = "bar x=expected_quantity y=bins"
EVIL = "</script><script>alert(1)</script>\x1b[31m\x00"


def count_quantities(bucket: Path) -> dict[int, int]:
    """How many documents say each expected quantity, read by nothing but a JSON parser."""
    counts: Counter[int] = Counter()
    for path in (bucket / "metadata").iterdir():
        try:
            counts[json.loads(path.read_bytes())["EXPECTED_QUANTITY"]] += 1
        except ValueError:
            continue
    return dict(counts)


def lay(hint: str, columns: list[str], rows: list[tuple[Any, ...]]) -> Plot:
    chart = parse_chart(hint, Path("mine.sql"))
    assert chart
    return lay_out(chart, "A title", ["release 1"], columns, rows)


def draw_svg(plot: Plot, folder: Path) -> ET.Element:
    write_picture(plot, "svg", folder / "plot.svg")
    return ET.parse(folder / "plot.svg").getroot()


def read_marks(svg: ET.Element, kind: str) -> list[tuple[str, str]]:
    """What each mark says of itself to a screen reader, and its path."""
    found = [mark for mark in svg.iter(f"{SVG}path") if mark.get("aria-roledescription") == kind]
    return [(mark.get("aria-label", ""), mark.get("d", "")) for mark in found]


def read_texts(svg: ET.Element) -> list[str]:
    return [text.text or "" for text in svg.iter() if text.tag in {f"{SVG}text", f"{SVG}tspan"}]


# --- from a report to a file ----------------------------------------------------------------------------------------


def test_an_svg_has_a_bar_for_each_row_as_high_as_its_number(run: Run, bucket: Path, tmp_path: Path) -> None:
    done = run("abid-report", "quantity-histogram", "--plot", "plot.svg")
    assert (done.returncode, done.stdout) == (0, "")
    svg = ET.parse(tmp_path / "plot.svg").getroot()
    heights = {}
    for label, path in read_marks(svg, "bar"):
        quantity, bins = map(int, re.findall(r": (\d+)", label))
        heights[quantity] = (bins, float(re.findall(r"v([\d.]+)", path)[0]))
    assert {quantity: bins for quantity, (bins, _) in heights.items()} == count_quantities(bucket)
    assert len({round(height / bins, 3) for bins, height in heights.values()}) == 1
    texts = read_texts(svg)
    assert {load_reports()["quantity-histogram"].title, "expected quantity", "bins"} <= set(texts)


def test_json_holds_the_rows_and_where_they_are_from(run: Run, bucket: Path, tmp_path: Path, data_dir: Path) -> None:
    run("abid-report", "quantity-histogram", "--id-style", "padded", "--plot", "plot.json")
    drawn = json.loads((tmp_path / "plot.json").read_text())
    padded = count_quantities(bucket) | {1: 1}  # of the two with one line, 523 has no padded id
    assert {row["expected_quantity"]: row["bins"] for row in drawn["data"]["values"]} == padded
    release = json.loads((data_dir / "warehouse/current/manifest.json").read_text())["release"]
    assert drawn["title"]["subtitle"] == [f"release {release}, id-style padded"]
    assert drawn["$schema"].startswith("https://vega.github.io/schema/vega-lite/v6")


def test_a_png_and_a_pdf_are_whole(run: Run, tmp_path: Path) -> None:
    for name in ("plot.png", "plot.pdf"):
        assert run("abid-report", "quantity-histogram", "--plot", name).returncode == 0
    png, pdf = (tmp_path / "plot.png").read_bytes(), (tmp_path / "plot.pdf").read_bytes()
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert png.endswith(b"IEND\xaeB`\x82")
    width, height = struct.unpack(">II", png[16:24])
    assert (width > 1280, height > 720) == (True, True)
    assert pdf.startswith(b"%PDF-")
    assert pdf.rstrip().endswith(b"%%EOF")
    assert len(pdf) > 5000
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


def test_a_page_fetches_nothing_and_says_so_to_the_browser(run: Run, tmp_path: Path) -> None:
    run("abid-report", "quantity-histogram", "--plot", "plot.html")
    page = (tmp_path / "plot.html").read_text()
    own = re.sub(r'(?s)<script type="module">.*?</script>', "", page)
    assert "default-src 'none'" in own
    assert not re.search(r"https?:|\bsrc=|\bhref=|@import|url\(", own)
    assert 'vegaEmbed("#plot", {' in page
    assert f"<title>{load_reports()['quantity-histogram'].title}</title>" in page


@NEEDS_CHROMIUM
def test_a_page_draws_its_chart_in_a_browser_and_tells_of_no_error(run: Run, tmp_path: Path) -> None:
    run("abid-report", "quantity-histogram", "--plot", "plot.html")
    with open_browser() as browser, visit(browser, tmp_path) as at:
        at.open("plot.html").get_by_text("expected quantity", exact=True).first.wait_for()
        assert at.faults == []


def test_no_value_ends_a_script_of_a_page_or_drives_anything(tmp_path: Path) -> None:
    plot = lay("bar x=name y=bins", ["name", "bins"], [(EVIL, 1)])
    write_picture(plot, "html", tmp_path / "plot.html")
    page = (tmp_path / "plot.html").read_text()
    assert len(re.findall("(?i)</script", page)) == 2
    assert len(re.findall("(?i)<script", page)) == 2
    assert "\x1b" not in page + draw_text(plot)
    assert any(text.startswith("</script>") for text in read_texts(draw_svg(plot, tmp_path)))


def test_rows_and_picture_are_written_by_one_command(run: Run, tmp_path: Path) -> None:
    done = run("abid-report", "quantity-histogram", "--plot", "a.svg", "--format", "csv", "-o", "a.csv")
    assert (done.returncode, done.stdout) == (0, "")
    assert (tmp_path / "a.csv").read_text().startswith("expected_quantity,")
    assert (tmp_path / "a.svg").read_text().startswith("<svg")


def test_no_rows_are_a_picture_that_says_so(tmp_path: Path) -> None:
    svg = draw_svg(lay(BARS, ["expected_quantity", "bins"], []), tmp_path)
    assert {"no rows", "expected quantity"} <= set(read_texts(svg))
    assert read_marks(svg, "bar") == []
    assert "no rows" in draw_text(lay("point x=a y=b log=x,y", ["a", "b"], []))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("summary", "--plot", "a.svg"), "summary has no chart, but these have: .*quantity-histogram"),
        (("quantity-histogram", "--plot", "a.gif"), r"a\.gif: .*\.png, \.svg, \.pdf, \.html, \.json"),
        (("quantity-histogram", "--plot", "svg"), "svg: .*the terminal"),
        (("quantity-histogram", "--plot", "a.svg", "--format", "csv"), "--format csv .*--output"),
        (("quantity-histogram", "--plot", "full.svg"), "full.svg is a folder"),
    ],
)
def test_what_can_not_be_drawn_is_refused_with_the_remedy(
    arguments: tuple[str, ...], said: str, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "full.svg").mkdir()
    done = run("abid-report", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.search(said, done.stderr), done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["full.svg"]


@pytest.mark.parametrize(("library", "target"), [("vl_convert", "a.png"), ("plotext", "-")])
def test_a_missing_library_is_named_with_what_installs_it(library: str, target: str, run: Run, tmp_path: Path) -> None:
    script = (
        f"import sys; sys.modules[{library!r}] = None; sys.argv = ['abid-report', 'fcsku-histogram', '--plot', "
        f"{target!r}]; from cli.report import main; main()"
    )
    done = run("python", "-c", script)
    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install 'abid-warehouse[plot]'" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [name for name, report in load_reports().items() if report.chart])
def test_every_chart_of_a_report_can_be_drawn(name: str, data_dir: Path) -> None:
    report = load_reports()[name]
    columns, chunks = Warehouse.open(data_dir).report(name).stream()
    assert report.chart
    plot = lay_out(report.chart, report.title, [], columns, [row for rows in chunks for row in rows])
    assert alt.Chart.from_dict(specify(plot)).to_dict()["title"]["text"] == report.title  # Altair knows the schema
    assert draw_text(plot).startswith(report.title)


# --- in the terminal ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("columns", [40, 80, 131])
def test_a_terminal_is_filled_and_never_overrun(columns: int, run: Run) -> None:
    done = run("abid-report", "quantity-histogram", "--plot", "-", COLUMNS=str(columns))
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) == columns
    assert lines[0] == load_reports()["quantity-histogram"].title
    assert "expected quantity" in lines[-1]


def test_a_picture_in_a_pipe_has_no_colours(run: Run) -> None:
    done = run("abid-report", "quantity-histogram", "--plot", "-")
    assert "\x1b" not in done.stdout
    assert "█" in done.stdout


def test_bars_of_text_lie_in_the_order_of_the_rows_as_long_as_their_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    drawn = draw_text(lay("bar x=kind y=items", ["kind", "items"], [("few", 10), ("many", 40), ("none", 0)]))
    bars = {line.split("┤")[0].strip(): line.count("█") for line in drawn.splitlines() if "┤" in line}
    assert list(bars) == ["few", "many", "none"]
    assert bars["none"] == 0
    assert bars["many"] == pytest.approx(4 * bars["few"], abs=3)


# --- marks and axes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "title"),
    {
        "weight_lb": "weight (pounds)",
        "weight_kg": "weight (kilograms)",
        "length_in": "length (inches)",
        "height_cm": "height (centimetres)",
        "known_volume_in3": "known volume (cubic inches)",
        "from_lb": "pounds",
        "cumulative_share": "cumulative share (fraction)",
        "share": "share (fraction)",
        "metadata_bytes": "metadata (bytes)",
        "bin_count": "bin count",
        "asin": "asin",
    }.items(),
)
def test_an_axis_is_titled_with_its_unit(column: str, title: str) -> None:
    assert Axis(column, numeric=True, whole=False, log=False).title == title


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    rows = [(1.0, 2.0), (10.0, 20.0), (0.0, 1.0), (-1.0, 1.0), (None, 1.0), (1.0, float("nan"))]
    plot = lay("point x=weight_lb y=volume_in3 log=x,y", ["weight_lb", "volume_in3"], rows)
    assert plot.marks == rows[:2]
    texts = read_texts(draw_svg(plot, tmp_path))
    assert "left out: 2 rows without a value" in texts
    assert "left out: 2 rows at or below 0, off the logarithmic scale" in texts


def test_a_logarithmic_scale_has_a_decade_as_high_as_the_next(tmp_path: Path) -> None:
    rows = [(1, 10), (2, 100), (3, 1000)]
    marks = read_marks(draw_svg(lay(f"{BARS} log=y", ["expected_quantity", "bins"], rows), tmp_path), "bar")
    low, middle, high = (float(re.findall(r"v([\d.]+)", path)[0]) for _, path in marks)
    assert low > 0
    assert high - middle == pytest.approx(middle - low, abs=0.01)


@pytest.mark.parametrize("rows", [1, 300])
def test_one_bar_and_many_are_all_seen(rows: int, tmp_path: Path) -> None:
    plot = lay(BARS, ["expected_quantity", "bins"], [(number, number) for number in range(1, rows + 1)])
    marks = read_marks(draw_svg(plot, tmp_path), "bar")
    assert len(marks) == rows
    assert min(float(re.findall(r"h([\d.]+)", path)[0]) for _, path in marks) >= 1
    assert draw_text(plot).count("█") > 100


def test_a_histogram_counts_every_row_once(tmp_path: Path) -> None:
    weights = [number * number / 97 for number in range(1, 500)]
    plot = lay("hist x=weight_lb", ["weight_lb"], [(weight,) for weight in weights])
    expected = [(low, sum(low <= weight < low + plot.gap for weight in weights)) for low, _ in plot.marks]
    assert plot.marks == expected
    assert sum(count for _, count in plot.marks) == len(weights)
    assert {"weight (pounds)", "rows"} <= set(read_texts(draw_svg(plot, tmp_path)))


def test_bars_of_classes_stand_between_their_edges(tmp_path: Path) -> None:
    svg = draw_svg(lay("bar x=from_lb y=bins", ["from_lb", "bins"], [(0.0, 3), (5.0, 1), (10.0, 2)]), tmp_path)
    ticks = {text.text: read_place(text.get("transform", "")) for text in svg.iter(f"{SVG}text")}
    for edge, (_, path) in zip((0, 5, 10), read_marks(svg, "bar"), strict=True):
        start, width = (float(re.findall(rf"{command}([\d.]+)", path)[0]) for command in "Mh")
        assert ticks[str(edge)] <= start < start + width <= ticks[str(edge + 5)]


def read_place(transform: str) -> float:
    """How far right an element is moved."""
    return float(re.findall(r"translate\(([-\d.]+)", transform)[0]) if transform else 0


def test_more_bars_than_anybody_reads_are_cut_and_that_is_said() -> None:
    plot = lay("bar x=asin y=bins", ["asin", "bins"], [(f"B{number:09}", number) for number in range(1000)])
    assert len(plot.marks) == 300
    assert "the first 300 of 1,000 rows" in plot.notes
    assert specify(plot)["title"]["subtitle"] == list(plot.notes)


@pytest.mark.parametrize(
    ("hint", "said"),
    [
        ("bar x=n y=other", "column other, and the report has n, name"),
        ("bar x=n y=name", "name holds text"),
        ("hist x=name", "name holds text"),
    ],
)
def test_a_chart_of_what_is_not_there_is_refused(hint: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        lay(hint, ["n", "name"], [(1, "a")])


def test_a_link_stays_one_and_its_target_is_drawn(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "linked.svg"
    target.symlink_to(tmp_path / "real.svg")
    run("abid-report", "quantity-histogram", "--plot", "linked.svg")
    assert target.is_symlink()
    assert target.readlink() == tmp_path / "real.svg"
    assert (tmp_path / "real.svg").read_text().startswith("<svg")
