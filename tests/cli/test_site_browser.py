"""The pages of `abid-report site` in a browser: what a reader does with them, and what they never do."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import NEEDS_CHROMIUM, Visit, open_browser, visit
from hostilenames import EVIL_NAMES
from playwright.sync_api import Browser, Page, expect
from sites import EVIL_KEY, NAMES, Site, make_site

from etl.sqlfiles import SQL_ROOT

pytestmark = NEEDS_CHROMIUM
TOP = "reports/top-items.html"
CHART = "reports/quantity-histogram.html"
PHONE = {"viewport": {"width": 375, "height": 700}, "is_mobile": True, "has_touch": True}
KINDS = ["index.html", "bin.html#00005", "dictionary.html", "reports/heaviest-bins.html", CHART]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return make_site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.fixture
def at(browser: Browser, site: Site) -> Iterator[Visit]:
    """A visit in which nothing may go wrong."""
    with visit(browser, site.folder) as visited:
        yield visited
        assert visited.faults == []


def read_column(page: Page, name: str) -> list[str]:
    """The cells of a column in the rows that are seen, from top to bottom."""
    names = [head.strip() for head in page.locator("table[data-live] th").all_inner_texts()]
    rows = "[...document.querySelector('table[data-live]').tBodies[0].rows].filter((row) => row.offsetHeight > 0)"
    cells: list[str] = page.evaluate(f"(place) => {rows}.map((row) => row.cells[place].textContent)", names.index(name))
    return cells


# --- tables ---------------------------------------------------------------------------------------------------------


def test_a_click_on_a_head_sorts_and_again_turns_around_and_again_undoes(at: Visit, site: Site) -> None:
    page = at.open(TOP)
    items = site.count_items()[:1000]
    units = page.get_by_role("button", name="total_quantity")
    head = page.get_by_role("columnheader", name="total_quantity")
    expect(head).to_have_attribute("aria-sort", "none")
    units.click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    assert [int(cell) for cell in read_column(page, "total_quantity")] == sorted(item[2] for item in items)
    units.click()
    expect(head).to_have_attribute("aria-sort", "descending")
    assert [int(cell) for cell in read_column(page, "total_quantity")] == sorted(item[2] for item in items)[::-1]
    assert page.evaluate("location.hash") == "#sort=-total_quantity"
    units.click()
    expect(head).to_have_attribute("aria-sort", "none")
    assert read_column(page, "asin") == [item[0] for item in items]


def test_text_sorts_by_letters_and_what_is_not_known_goes_last(at: Visit, site: Site) -> None:
    page = at.open(f"{TOP}#sort=asin")
    assert read_column(page, "asin") == sorted(item[0] for item in site.count_items()[:1000])
    for order in ("", "-"):
        page = at.open(f"reports/bin-composition.html#sort={order}per_item")
        cells = read_column(page, "per_item")
        assert "" in cells
        assert [cell == "" for cell in cells] == sorted(cell == "" for cell in cells)


def test_a_filter_keeps_the_rows_with_all_its_words_and_says_how_many(at: Visit) -> None:
    page = at.open(TOP)
    words = page.get_by_label("Filter")
    extent = page.locator("#extent")
    expect(extent).to_have_attribute("role", "status")
    words.fill("YOGA")
    expect(extent).to_have_text("3 of these 1,000 rows match")
    assert set(read_column(page, "name")) == {name for name in NAMES.values() if "yoga" in name.lower()}
    words.fill("mat yoga")
    expect(extent).to_have_text("1 of these 1,000 rows match")
    words.fill("cafe creme")
    assert read_column(page, "name") == ["Café crème"]
    words.fill("")
    expect(extent).to_contain_text("The first 1,000 of ")
    assert len(read_column(page, "name")) == 1000


def test_a_deep_link_restores_order_and_filter_and_the_address_follows(at: Visit, site: Site) -> None:
    page = at.open(f"{TOP}#sort=-total_quantity&filter=yoga")
    expect(page.get_by_label("Filter")).to_have_value("yoga")
    expected = {item[0]: item[2] for item in site.count_items()}
    shown = read_column(page, "asin")
    assert [expected[asin] for asin in shown] == sorted((expected[asin] for asin in shown), reverse=True)
    assert len(shown) == 3
    expect(page.locator("#extent")).to_have_text("3 of these 1,000 rows match, by total_quantity, descending")
    page.get_by_label("Filter").fill("a&b=c #1 ü")
    page.wait_for_url(re.compile("a%26b"))
    at.open(page.url.rpartition("/site/")[2])
    expect(page.get_by_label("Filter")).to_have_value("a&b=c #1 ü")
    page.evaluate("location.hash = 'filter=block'")
    expect(page.get_by_label("Filter")).to_have_value("block")
    assert read_column(page, "name") == ["YOGA Block"]


def test_an_address_that_asks_for_nothing_known_is_harmless(at: Visit) -> None:
    for fragment in ["sort=nothing", "sort=-", "filter=%E0%A4%A", "<script>alert(1)</script>", "%"]:
        page = at.open(f"reports/heaviest-bins.html#{fragment}")
        assert page.locator("th[aria-sort=none]").count() == 5, fragment
        at.open(f"bin.html#{fragment}")
        expect(page.locator("#shown")).to_contain_text("It isn't among the bins")


# --- SQL and bins ---------------------------------------------------------------------------------------------------


def test_the_copy_button_copies_the_sql(browser: Browser, site: Site) -> None:
    with visit(browser, site.folder, permissions=["clipboard-read", "clipboard-write"]) as at:
        page = at.open(TOP)
        page.get_by_role("button", name="Copy the SQL").click()
        expect(page.get_by_text("Copied.")).to_be_visible()
        copied = page.evaluate("navigator.clipboard.readText()")
        source = (SQL_ROOT / "reports" / "top-items.sql").read_text()
        assert copied == source.partition("*/\n")[2].strip()
        assert at.faults == []


def test_the_bin_page_shows_what_the_document_says(at: Visit, site: Site) -> None:
    page = at.open("bin.html#00005")
    document = site.documents["00005"]
    expect(page.get_by_role("heading", name="Bin 00005")).to_be_visible()
    expect(page.locator("#shown dd").first).to_have_text(str(document["EXPECTED_QUANTITY"]))
    picture = page.get_by_role("link", name="bin-images/00005.jpg")
    assert picture.get_attribute("href") == "https://aft-vbi-pds.s3.amazonaws.com/bin-images/00005.jpg"
    names = page.locator("#shown tbody td:nth-child(3)").all_inner_texts()
    own = [line["name"] for _, line in sorted(document["BIN_FCSKU_DATA"].items())]
    assert [name.strip() for name in names] == [EVIL_NAMES.get(name, name).strip() for name in own]
    expect(page.get_by_text("listed = ").first).to_be_visible()
    assert page.title().startswith("Bin 00005 ")


def test_a_bin_is_found_by_its_id_to_the_letter(at: Visit) -> None:
    page = at.open("bin.html")
    page.get_by_label("Id of a bin").fill("523")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Bin 523", exact=True)).to_be_visible()
    expect(page.locator("#shown dd").first).to_have_text("1")
    page.get_by_label("Id of a bin").fill("00000523")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#shown")).to_contain_text("It isn't among the bins that this page holds.")
    page.go_back()
    expect(page.get_by_role("heading", name="Bin 523", exact=True)).to_be_visible()


def test_a_table_leads_to_its_bins(at: Visit) -> None:
    page = at.open("reports/heaviest-bins.html")
    page.get_by_role("link", name="00005", exact=True).click()
    expect(page.get_by_role("heading", name="Bin 00005")).to_be_visible()


def test_a_hostile_key_is_shown_and_does_nothing(at: Visit) -> None:
    page = at.open("bin.html#00001")
    expect(page.locator("#shown td").filter(has_text="onerror").first).to_have_text(EVIL_KEY)


# --- everybody can read it ------------------------------------------------------------------------------------------


def test_no_page_does_anything_but_be_read(at: Visit, site: Site) -> None:
    for path in sorted(site.folder.rglob("*.html")):
        page = at.open(path.relative_to(site.folder).as_posix())
        assert page.locator("h1").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_keeps_anybody_from_reading_it(scheme: str, browser: Browser, site: Site) -> None:
    with visit(browser, site.folder, color_scheme=scheme) as at:
        for path in KINDS:
            found = Axe().run(at.open(path))
            assert found.violations_count == 0, found.generate_report()


def test_it_is_used_without_a_mouse(at: Visit) -> None:
    page = at.open(f"{TOP}#filter=yoga")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    assert page.evaluate("location.hash") == "#filter=yoga"
    page.keyboard.press("Tab")
    expect(page.get_by_label("Filter")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("region", name="The most frequent items")).to_be_focused()
    page.keyboard.press("Tab")
    button = page.get_by_role("button", name="asin", exact=True)
    expect(button).to_be_focused()
    assert button.evaluate("element => getComputedStyle(element).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.get_by_role("columnheader", name="asin", exact=True)).to_have_attribute("aria-sort", "ascending")


def test_the_menu_opens_and_closes_by_keyboard(at: Visit) -> None:
    page = at.open(CHART)
    page.locator("header summary").focus()
    page.keyboard.press("Enter")
    current = page.locator("header details a[aria-current=page]")
    expect(current).to_be_visible()
    page.keyboard.press("Escape")
    expect(current).to_be_hidden()
    expect(page.locator("header summary")).to_be_focused()


def test_on_a_phone_only_tables_and_charts_scroll_sideways(browser: Browser, site: Site) -> None:
    with visit(browser, site.folder, **PHONE) as at:
        for path in [*KINDS, TOP]:
            page = at.open(path)
            assert page.evaluate("document.documentElement.scrollWidth") == 375, path
            page.locator("header summary").tap()
            assert page.evaluate("document.documentElement.scrollWidth") == 375, path


def test_a_chart_is_told_of_and_seen_on_dark_paper(browser: Browser, site: Site) -> None:
    shades = {}
    for scheme in ("light", "dark"):
        with visit(browser, site.folder, color_scheme=scheme) as at:
            page = at.open(CHART)
            chart = page.get_by_role("img", name="Chart: Bins by expected quantity.")
            expect(chart).to_be_visible()
            shades[scheme] = (
                page.evaluate("getComputedStyle(document.body).backgroundColor"),
                chart.evaluate("element => getComputedStyle(element).filter"),
            )
    assert shades["light"] == ("rgb(255, 255, 255)", "none")
    assert shades["dark"][0] != "rgb(255, 255, 255)"
    assert shades["dark"][1].startswith("invert")


def test_a_printed_table_is_whole_on_white_paper(browser: Browser, site: Site) -> None:
    with visit(browser, site.folder, color_scheme="dark") as at:
        page = at.open(TOP)
        page.emulate_media(media="print")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        expect(page.locator("header nav")).to_be_hidden()
        region = page.get_by_role("region", name="The most frequent items")
        assert region.evaluate("element => element.scrollHeight <= element.clientHeight")


def test_without_scripts_the_rows_are_there(browser: Browser, site: Site) -> None:
    with visit(browser, site.folder, java_script_enabled=False) as at:
        page = at.open(TOP)
        expect(page.locator("table[data-live] tbody tr").first).to_be_visible()
        expect(page.get_by_label("Filter")).to_be_hidden()
        at.open("bin.html")
        expect(page.get_by_text("the browser doesn't run it")).to_be_visible()
