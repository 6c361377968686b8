"""Pictures of reports: what is in them, against the documents themselves."""

import csv
import json
import re
import struct
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import altair as alt
import pytest
from browser import NEEDS_CHROMIUM, open_browser, visit
from commands import Run
from documents import make_document, make_line, run_pipeline, write_bucket

from cli.plots.marks import Axis, Plot, lay_out
from cli.plots.pictures import specify, write_picture
from cli.plots.terminal import draw_text
from etl.charts import parse_chart
from etl.errors import UsageError
from etl.ownreports import write_template
from etl.reportfile import Taken
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
    assert {load_reports()["quantity-histogram"].title, "expected quantity (units)", "bins"} <= set(texts)


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
        at.open("plot.html").get_by_text("expected quantity (units)", exact=True).first.wait_for()
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
    assert {text for text in read_texts(svg) if text} == {
        "A title",
        "release 1",
        "no rows",
        "expected quantity (units)",
        "bins",
    }
    assert read_marks(svg, "bar") == []
    assert "no rows" in draw_text(lay("point x=a y=b log=x,y", ["a", "b"], []))


@pytest.fixture(scope="module")
def many_twins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with 25 pairs of twins."""
    folder = tmp_path_factory.mktemp("twins")
    stems = [stem for number in range(1, 26) for stem in (str(number), f"{number:05}")]
    documents = {f"metadata/{stem}.json": make_document(make_line(quantity=int(stem))) for stem in stems}
    run_pipeline(write_bucket(folder / "bucket", documents), folder / "data")
    return folder / "data"


@pytest.mark.parametrize(("options", "drawn"), [((), 25), (("--limit", "20"), 20), (("--limit", "0"), 25)])
def test_a_picture_is_of_all_rows_unless_its_user_says_of_how_many(
    options: tuple[str, ...], drawn: int, many_twins: Path, run: Run, tmp_path: Path
) -> None:
    where = ("--plot", "a.json", "-o", "a.csv", "--format", "csv", "--data-dir", many_twins)
    assert run("abid-report", "unpadded-twins", *options, *where).returncode == 0
    picture = json.loads((tmp_path / "a.json").read_text())
    assert len(picture["data"]["values"]) == drawn
    with (tmp_path / "a.csv").open() as rows:
        assert len(list(csv.DictReader(rows))) == (25 if options == ("--limit", "0") else 20)
    [origin] = picture["title"]["subtitle"]
    assert re.fullmatch(rf"release \w+{', limit 20' if drawn == 20 else ''}", origin)


def test_a_picture_of_an_own_report_says_that_it_is_limited(run: Run, tmp_path: Path) -> None:
    write_template("mine", tmp_path, Taken())
    assert run("abid-report", "--reports-dir", tmp_path, "mine", "--plot", "a.json").returncode == 0
    assert json.loads((tmp_path / "a.json").read_text())["title"]["subtitle"][0].endswith(", limit 20")


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
        "share_of_lines": "share of lines (fraction)",
        "share_with_image": "share with image (fraction)",
        "expected_quantity": "expected quantity (units)",
        "mean_quantity": "mean quantity (units)",
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
    last = plot.marks[-1][0]
    expected = [
        (low, sum(low <= weight < low + plot.gap or low == last < weight for weight in weights))
        for low, _ in plot.marks
    ]
    assert plot.marks == expected
    assert sum(count for _, count in plot.marks) == len(weights)
    assert {"weight (pounds)", "rows"} <= set(read_texts(draw_svg(plot, tmp_path)))


def test_bars_of_classes_stand_between_their_edges(tmp_path: Path) -> None:
    svg = draw_svg(lay("bar x=from_lb y=bins", ["from_lb", "bins"], [(0.0, 3), (10.0, 1), (20.0, 2)]), tmp_path)
    ticks = {text.text: read_place(text.get("transform", "")) for text in svg.iter(f"{SVG}text")}
    for edge, (_, path) in zip((0, 10, 20), read_marks(svg, "bar"), strict=True):
        start, width = (float(re.findall(rf"{command}([\d.]+)", path)[0]) for command in "Mh")
        assert ticks[str(edge)] <= start < start + width <= ticks[str(edge + 10)]


def test_a_number_on_the_edge_of_a_class_is_in_the_class_that_begins_there() -> None:
    """The edges are told in decimals: in binary fractions, 0.58 and 0.94 are a little below 29 and 47 times 0.02."""
    shares = [Decimal(number) / 100 for number in range(50, 101)]
    plot = lay("hist x=mean_jaccard of=runs", ["mean_jaccard"], [(float(share),) for share in shares])
    edges = [Decimal(number) / 50 for number in range(25, 50)]
    counts = Counter(min(share // Decimal("0.02") * Decimal("0.02"), edges[-1]) for share in shares)
    assert plot.marks == [(float(edge), counts[edge]) for edge in edges]
    assert plot.y.title == "runs"


@pytest.mark.parametrize(
    ("numbers", "marks", "shift"),
    [
        ([3, 3, 5], [(3, 2), (4, 0), (5, 1)], 0),
        ([7], [(7, 1)], 0),
        ([1000] * 3, [(1000, 3)], 0),
        ([1.0, 1.0], [(0.95, 2)], 0.5),
        ([0.0], [(-1, 1)], 0.5),
        (range(100), [(low, 5) for low in range(0, 100, 5)], 0.5),
    ],
)
def test_a_class_of_one_whole_number_is_that_number(
    numbers: Sequence[float], marks: list[tuple[float, int]], shift: float, tmp_path: Path
) -> None:
    plot = lay("hist x=n", ["n"], [(number,) for number in numbers])
    assert (plot.marks, plot.shift) == (marks, shift)
    assert len(read_marks(draw_svg(plot, tmp_path), "bar")) == len(marks)


def test_a_histogram_on_a_logarithmic_scale_has_no_bar_where_nothing_is(tmp_path: Path) -> None:
    plot = lay("hist x=bin_count of=pairs log=y", ["bin_count"], [(3,)] * 145 + [(6,)])
    svg = draw_svg(plot, tmp_path)
    assert [label for label, _ in read_marks(svg, "bar")] == ["bin count: 3; pairs: 145", "bin count: 6; pairs: 1"]
    assert {text for text in read_texts(svg) if re.fullmatch(r"[\d.]+", text)} >= {
        *"125",
        "10",
        "20",
        "50",
        "100",
        "200",
    }
    assert "0.5" not in read_texts(svg)
    assert [line.split("┤")[0].strip() for line in draw_text(plot).splitlines() if "┤" in line] == ["100", "10", "1"]


def test_no_dot_is_cut_and_whole_numbers_are_labelled_as_such(tmp_path: Path) -> None:
    rows = [(0, 12), (2, 2), (0, 0), (1, 4), (1, 4)]
    svg = draw_svg(lay("point x=unpadded_quantity y=bin_count", ["unpadded_quantity", "bin_count"], rows), tmp_path)
    dots = [mark for mark in svg.iter(f"{SVG}path") if mark.get("aria-roledescription") == "point"]
    places = [tuple(map(float, re.findall(r"[-\d.]+", dot.get("transform", "")))) for dot in dots]
    assert len(places) == len(rows)
    assert all(5 <= x <= 640 - 5 and 5 <= y <= 360 - 5 for x, y in places)
    assert [text for text in read_texts(svg) if re.fullmatch(r"[\d.]+", text)] == [*"012", *map(str, range(13))]


def test_bars_without_a_height_have_a_scale(tmp_path: Path) -> None:
    svg = draw_svg(lay("bar x=bin_bucket y=share", ["bin_bucket", "share"], [("b0", 0.0), ("u0", 0.0)]), tmp_path)
    assert {"0.0", "1.0"} <= set(read_texts(svg))


def test_a_tail_that_would_hide_all_else_is_left_out_and_counted(tmp_path: Path) -> None:
    rows = [(number, 1000 - 20 * number) for number in range(45)]
    far = [(999, 2), (10_001, 1)]
    plot = lay(BARS, ["expected_quantity", "bins"], [*far, *rows])
    assert plot.marks == rows
    said = "left out: 2 rows with expected quantity (units) from 999 to 10,001; bins: 3"
    assert said in read_texts(draw_svg(plot, tmp_path))
    line = lay("line x=asin_count y=mean_units", ["asin_count", "mean_units"], [*rows[:12], (10_000, 1.5)])
    assert line.marks == rows[:12]
    assert line.notes[-1] == "left out: 1 row with asin count 10,000"
    few = lay("hist x=weight_lb", ["weight_lb"], [(number / 7,) for number in range(400)] + [(9000.0,)])
    assert sum(count for _, count in few.marks) == 400
    assert few.notes[-1] == "left out: 1 row with weight (pounds) 9,000"


@pytest.mark.parametrize(
    ("hint", "rows"),
    [
        (BARS, [(number, 100) for number in range(300)]),
        (BARS, [(number, 2 ** (60 - number)) for number in range(41)]),  # a long tail that can still be read
        (BARS, [(0, 90), (1, 5), (1000, 6)]),  # as many as are worth seeing
        (BARS, [(0, 0), (10_000, 0)]),
        (f"{BARS} log=x", [(10**number, 10 ** (9 - number)) for number in range(10)]),
        ("point x=expected_quantity y=bins", [(number, 1) for number in range(100)] + [(10_000, 1)]),
    ],
)
def test_what_is_no_lonely_tail_is_drawn(hint: str, rows: list[tuple[int, int]]) -> None:
    plot = lay(hint, ["expected_quantity", "bins"], rows)
    assert (plot.marks, plot.notes) == (rows, ("release 1",))


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
