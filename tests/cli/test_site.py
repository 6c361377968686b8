"""`abid-report site`: what is in the folder, against the documents. What a browser makes of it is told elsewhere."""

import json
import re
import shutil
from pathlib import Path

import pytest
from commands import Run
from documents import make_document, run_pipeline, write_bucket
from hostilenames import EVIL_NAMES
from loaded import load_real
from pages import Page
from sites import EVIL_KEY, MANY, NAMES, Site, make_site, run_site

from cli.site.bins import find_linked, gather_bins
from cli.site.sheets import read_sheets
from etl.models import load_readable
from etl.progress import UNWATCHED
from etl.reports import load_reports
from etl.warehouse import Warehouse

REPORTS = {
    name: report
    for name, report in load_reports().items()
    if all(parameter.default is not None for parameter in report.parameters)
}
TAGS = {
    *("html", "head", "meta", "title", "style", "body", "header", "nav", "main", "footer", "section", "div", "span"),
    *("a", "ul", "li", "h1", "h2", "h3", "p", "dl", "dt", "dd", "details", "summary", "code", "pre", "figure"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td", "form", "label", "input", "button", "script"),
    *("svg", "g", "path", "rect", "line", "text", "tspan", "defs", "clippath"),
}
OWN = """/*
report:  {name}
title:   Mine & <b>only</b> mine
group:   Yours
about:   <i>Own</i>, \u202ebackwards.
example: abid-report {name}
*/
-- \u202e</code><script>alert(2)</script>
select bin_id, 'javascript:alert(1)' as image_url, {column} from bins order by bin_id
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    own = tmp_path_factory.mktemp("own")
    (own / "mine.sql").write_text(OWN.format(name="mine", column="expected_quantity"))
    (own / "chart.sql").write_text(
        OWN.format(name="chart", column="expected_quantity").replace("example:", "chart:   bar x=bin_id y=no\nexample:")
    )
    (own / "broken.sql").write_text(OWN.format(name="broken", column="'<b>' || nothing"))
    return make_site(tmp_path_factory.mktemp("site"), "--reports-dir", str(own))


def list_files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


# --- what is there --------------------------------------------------------------------------------------------------


def test_every_report_that_needs_no_argument_has_a_page(site: Site) -> None:
    own = [f"reports/{name}.html" for name in ("broken", "chart", "mine")]
    reports = [f"reports/{name}.html" for name in REPORTS]
    assert list_files(site.folder) == sorted(["index.html", "bin.html", "dictionary.html", "site.json", *reports, *own])
    assert "reports/bin.html" not in list_files(site.folder)


def test_every_page_is_led_to_from_every_other(site: Site) -> None:
    html = [name for name in list_files(site.folder) if name.endswith(".html")]
    for name in html:
        links = {link for link in Page(site.page(name)).values_of("href") if not link.startswith(("#", "https:"))}
        led_to = {((site.folder / name).parent / link.split("#")[0]).resolve() for link in links}
        assert led_to == {site.folder / other for other in html}


def test_a_report_has_its_rows_its_sql_and_where_they_are_from(site: Site) -> None:
    page = site.page("reports/top-items.html")
    head, *rows = Page(page).tables[0]
    assert head == ["asin", "name", "bin_count", "total_quantity", "max_item_quantity"]
    shown = [(asin, *map(int, counts)) for asin, _, *counts in rows]
    assert shown == site.count_items()[:1000]
    names = {asin: EVIL_NAMES.get(name, name) for asin, name in NAMES.items()}
    assert {asin: name for asin, name, *_ in rows if asin in names} == names
    assert "join items using (asin)" in page
    assert "abid-report top-items --limit 0" in page
    release = json.loads((site.data_dir / "warehouse/current/manifest.json").read_text())["release"]
    assert release in page


def test_a_table_that_is_cut_says_of_how_many_rows(site: Site) -> None:
    items = len(site.count_items())
    assert items > MANY
    assert f">The first 1,000 of {items:,} rows<" in site.page("reports/top-items.html")
    assert f">{items:,} rows</span>" in site.page("index.html")


def test_a_chart_is_drawn_for_each_report_that_has_one_and_rows(site: Site) -> None:
    with Warehouse.open(site.data_dir) as warehouse:
        drawn = {name for name, report in REPORTS.items() if report.chart and warehouse.report(report).count_rows()}
    assert drawn
    for name in REPORTS:
        tags = [tag for tag, _ in Page(site.page(f"reports/{name}.html")).tags]
        assert tags.count("svg") == (name in drawn)


def test_the_overview_has_the_figures_of_the_release(site: Site) -> None:
    lines = [line for document in site.documents.values() for line in document["BIN_FCSKU_DATA"].values()]
    expected = {
        "bins": len(site.documents),
        "units": sum(line["quantity"] for line in lines),
        "lines": len(lines),
        "ASINs": len({line["asin"] for line in lines}),
        "rejected documents": 0,
    }
    page = site.page("index.html")
    for name, figure in expected.items():
        assert f"<dt>{name}</dt><dd>{figure:,}</dd>" in page


def test_the_dictionary_has_every_column(site: Site) -> None:
    _, *rows = Page(site.page("dictionary.html")).tables[0]
    columns = [(table.name, column.name) for table in load_readable().values() for column in table.columns]
    assert [(row[0], row[1]) for row in rows] == columns


def read_bins(text: str) -> dict[str, list[object]]:
    data = json.loads(re.findall(r'(?s)<script type="application/json" id="data">(.*?)</script>', text)[0])
    return {bin_id: [*facts, data["picture"] + end, lines] for bin_id, (*facts, end, lines) in data["bins"].items()}


def test_the_page_of_bins_has_what_the_documents_say(site: Site) -> None:
    bins = read_bins(site.page("bin.html"))
    assert bins.keys() == site.documents.keys()
    expected, total, rejected, picture, lines = bins["00005"]
    document = site.documents["00005"]
    own = document["BIN_FCSKU_DATA"]
    assert expected == document["EXPECTED_QUANTITY"]
    assert total == sum(line["quantity"] for line in own.values())
    assert rejected == 0
    assert picture == "https://aft-vbi-pds.s3.amazonaws.com/bin-images/00005.jpg"
    assert lines == [
        [fcsku, line["asin"], EVIL_NAMES.get(line["name"], line["name"]), line["quantity"], 4.4, 3.0, 1.5, 0.45]
        for fcsku, line in sorted(own.items())
    ]
    assert f">This page holds every bin of the release, {len(bins)} in all." in site.page("bin.html")


def test_where_there_is_no_room_for_all_bins_those_that_tables_lead_to_come_first(site: Site) -> None:
    with Warehouse.open(site.data_dir) as warehouse:
        sheets = [sheet for sheet in read_sheets(warehouse, [], UNWATCHED) if sheet.report.name == "heaviest-bins"]
        data = gather_bins(warehouse, sheets, room=1_500)
    heaviest = sorted(site.documents, key=lambda bin_id: -weigh(site, bin_id))
    fitting = [bin_id for bin_id in heaviest if bin_id != "00523"]  # which is the heaviest, and too large itself
    assert find_linked(sheets)[0] == heaviest[0] == "00523"
    assert data.ids == frozenset()
    with Warehouse.open(site.data_dir) as warehouse:
        sheets[0].rows = sheets[0].rows[1:4]
        data = gather_bins(warehouse, sheets, room=1_500)
    assert set(fitting[:3]) <= data.ids
    assert len(data.ids) < data.total == len(site.documents)
    assert len(data.text) < 1_500 + 200


def weigh(site: Site, bin_id: str) -> float:
    quantities: list[int] = [line["quantity"] for line in site.documents[bin_id]["BIN_FCSKU_DATA"].values()]
    return sum(quantities) * 0.45


# --- what is not there ----------------------------------------------------------------------------------------------


def test_no_name_becomes_anything_but_text(site: Site) -> None:
    for name in list_files(site.folder):
        text = site.page(name)
        if name.endswith(".json"):
            continue
        page = Page(text)
        assert {tag for tag, _ in page.tags} <= TAGS, name
        assert not [attrs for _, attrs in page.tags if any(attribute.startswith("on") for attribute in attrs)], name
        assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b\ufeff\x07\x1b\x9b\u2028]", text), name
        scripts = [attrs for tag, attrs in page.tags if tag == "script"]
        assert len(scripts) == {"bin.html": 3}.get(name, 1)


def test_no_page_refers_to_anything_outside_but_pictures(site: Site) -> None:
    for name in list_files(site.folder):
        page = Page(site.page(name)) if name.endswith(".html") else Page("")
        assert not page.values_of("src") | page.values_of("srcset") | page.values_of("action"), name
        outside = {link for link in page.values_of("href") if re.match(r"[a-z]*:|//", link)}
        assert all(link.startswith("https://aft-vbi-pds.s3.amazonaws.com/bin-images/") for link in outside), name
        policies = [attrs["content"] or "" for tag, attrs in page.tags if tag == "meta" and "http-equiv" in attrs]
        assert all("default-src 'none'" in policy and "script-src 'sha256-" in policy for policy in policies)
        assert len(policies) == name.endswith(".html")


def test_a_hostile_key_is_text_in_the_data_of_bins(site: Site) -> None:
    lines = read_bins(site.page("bin.html"))["00001"][-1]
    assert isinstance(lines, list)
    assert EVIL_KEY in [line[0] for line in lines]


# --- reports of the user's own --------------------------------------------------------------------------------------


def test_an_own_report_has_a_page_and_its_markup_is_text(site: Site) -> None:
    page = site.page("reports/mine.html")
    assert "<h1>Mine &amp; &lt;b&gt;only&lt;/b&gt; mine</h1>" in page
    assert [row[0] for row in Page(page).tables[0][1:]] == sorted(site.documents)
    assert "javascript:alert(1)" in page


def test_an_own_report_that_fails_is_told_of_and_stops_nothing(site: Site) -> None:
    assert "broken failed, and its page says so: there is no column nothing" in site.said
    assert "abid-report check" in site.said
    assert "there is no column nothing" in site.page("reports/broken.html")


def test_an_own_report_whose_chart_fails_has_its_rows(site: Site) -> None:
    assert "chart failed, and its page says so: the chart is of the column no" in site.said
    assert [row[0] for row in Page(site.page("reports/chart.html")).tables[0][1:]] == sorted(site.documents)


# --- the folder -----------------------------------------------------------------------------------------------------


def test_the_same_release_gives_the_same_bytes_in_the_place_of_a_former_site(site: Site, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(site.folder, out)
    assert run_site(site.data_dir, out).returncode == 0
    assert "reports/mine.html" not in list_files(out), "a page that the new site doesn't have"
    first = {name: (out / name).read_bytes() for name in list_files(out)}
    assert run_site(site.data_dir, out).returncode == 0
    assert {name: (out / name).read_bytes() for name in list_files(out)} == first
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("mixed", "mixed holds diary.txt, which isn't of a former site: name a folder that is empty or doesn't exist"),
        ("file", "file isn't a folder"),
        ("nested", "nested holds reports/notes.html, which isn't of a former site"),
    ],
)
def test_what_is_not_a_site_is_never_replaced(place: str, said: str, site: Site, tmp_path: Path) -> None:
    (tmp_path / "mixed").mkdir()
    (tmp_path / "mixed/diary.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    shutil.copytree(site.folder, tmp_path / "nested")
    (tmp_path / "nested/reports/notes.html").write_text("mine")
    before = list_files(tmp_path)
    done = run_site(site.data_dir, tmp_path / place)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert list_files(tmp_path) == before


def test_a_site_never_goes_to_where_the_pipeline_keeps_things(site: Site) -> None:
    done = run_site(site.data_dir, site.data_dir / "warehouse" / "site")
    assert done.returncode == 2
    assert "is among what the pipeline keeps" in done.stderr


def test_a_missing_library_is_named_before_any_work(run: Run, tmp_path: Path) -> None:
    script = (
        "import sys; sys.modules['vl_convert'] = None; sys.argv = ['abid-report', 'site', 'out']; "
        "from cli.report import main; main()"
    )
    done = run("python", "-c", script)
    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install 'abid-warehouse[plot]'" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_release_of_one_empty_bin_has_a_site(tmp_path: Path) -> None:
    run_pipeline(write_bucket(tmp_path / "bucket", {"metadata/00001.json": make_document()}), tmp_path / "data")
    done = run_site(tmp_path / "data", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert read_bins((tmp_path / "out/bin.html").read_text()) == {
        "00001": [0, 0, 0, "https://aft-vbi-pds.s3.amazonaws.com/bin-images/00001.jpg", []]
    }


def test_the_site_of_the_real_sample_is_small_and_its_bins_are_true(tmp_path: Path) -> None:
    real = load_real(tmp_path)
    assert run_site(tmp_path / "d", tmp_path / "out").returncode == 0
    assert sum((tmp_path / "out" / name).stat().st_size for name in list_files(tmp_path / "out")) < 5_000_000
    bins = read_bins((tmp_path / "out/bin.html").read_text())
    assert bins.keys() == real.bins.keys()
    assert {bin_id: facts[0] for bin_id, facts in bins.items()} == {
        bin_id: document["EXPECTED_QUANTITY"] for bin_id, document in real.bins.items()
    }
