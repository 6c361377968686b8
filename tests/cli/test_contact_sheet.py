"""The page of `abid-report contact-sheet` in a browser: it shows what is recorded, and does nothing else."""

import hashlib
import re
import subprocess
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import NEEDS_CHROMIUM, Visit, open_browser, visit
from commands import Run
from documents import make_document, make_line, run_pipeline, write_bucket
from hostilenames import EVIL_NAMES
from PIL import Image
from playwright.sync_api import Browser, Page

pytestmark = NEEDS_CHROMIUM
HOST = "https://aft-vbi-pds.s3.amazonaws.com"
EVIL_KEY = "\"><img src=x onerror=alert(30)>'"
MISSING, NO_PICTURE, TRUNCATED, TURNED = "00003", "00004", "00005", "00006"
FAULTS = {
    MISSING: "There is no local picture.",
    NO_PICTURE: "The local picture is damaged.",
    TRUNCATED: "The local picture is damaged.",
}
LOADED_WIDTH = """(it) => it.complete ? it.naturalWidth : new Promise((tell) => {
  it.onload = it.onerror = () => tell(it.naturalWidth);
})"""
DOCUMENTS = {
    **{
        f"{number:05}": make_document(make_line(EVIL_KEY, 2, name=name), make_line("B00TEST001", number, name="Café"))
        for number, name in enumerate(EVIL_NAMES, 1)
    },
    "523": make_document(make_line("B00TEST001", 2, normalizedName=...), EXPECTED_QUANTITY=2),
    "00523": make_document(make_line("B00TEST001", 2), make_line(None, 1, name=None), EXPECTED_QUANTITY=7),
    "600000": make_document(),
}


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sheet")
    documents = {f"metadata/{bin_id}.json": document for bin_id, document in DOCUMENTS.items()}
    run_pipeline(write_bucket(folder / "bucket", documents), folder / "data")
    return folder / "data"


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture for each bin but one: of those, one isn't any, one is cut short, and one is to be turned."""
    folder = tmp_path_factory.mktemp("images")
    for bin_id in DOCUMENTS.keys() - {MISSING}:
        (folder / f"{bin_id}.jpg").write_bytes(make_jpeg(600, 300))
    (folder / f"{NO_PICTURE}.jpg").write_bytes(b"<svg onload=alert(40)>")
    (folder / f"{TRUNCATED}.jpg").write_bytes(make_jpeg(600, 300)[:3000])
    orientation = Image.Exif()
    orientation[0x112] = 6
    (folder / f"{TURNED}.jpg").write_bytes(make_jpeg(600, 300, exif=orientation))
    return folder


def make_jpeg(width: int, height: int, **options: Any) -> bytes:
    body = BytesIO()
    Image.effect_noise((width, height), 50).save(body, "JPEG", **options)
    return body.getvalue()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as browser:
        yield browser


@pytest.fixture
def at(browser: Browser, tmp_path: Path) -> Iterator[Visit]:
    """A visit in which nothing may go wrong."""
    with visit(browser, tmp_path) as visited:
        yield visited
        assert visited.faults == []


def write_sheet(run: Run, *arguments: object) -> "subprocess.CompletedProcess[str]":
    done = run("abid-report", "contact-sheet", "--output", "sheet.html", *arguments)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    return done


def read_bins(page: Page, what: str) -> dict[str, Any]:
    """What a script says of the element `bin` of each bin, in the order of the page."""
    found = page.evaluate(
        f"[...document.querySelectorAll('article')].map((bin) => [bin.querySelector('h2').textContent, {what}])"
    )
    return {heading.removeprefix("Bin "): told for heading, told in found}


def list_recorded(document: dict[str, Any]) -> list[str]:
    """Its lines as the page has them, the most units first."""
    lines = sorted(document["BIN_FCSKU_DATA"].items(), key=lambda line: (-line[1]["quantity"], line[0]))
    return [describe_line(line) for _, line in lines]


def describe_line(line: dict[str, Any]) -> str:
    name = EVIL_NAMES.get(line["name"], line["name"]) or "no name"
    return f"{line['quantity']}\xa0\xd7 {name} {line['asin'] or 'no ASIN'}"


def test_each_bin_has_its_lines_as_text_in_the_order_of_the_ids(run: Run, images: Path, at: Visit) -> None:
    write_sheet(run, "--images", images)
    page = at.open("sheet.html")
    lines = read_bins(page, "[...bin.querySelectorAll('li')].map((line) => line.textContent)")
    ordered = sorted(DOCUMENTS, key=lambda bin_id: (int(bin_id), len(bin_id) < 5))
    assert list(lines.items()) == [(bin_id, list_recorded(DOCUMENTS[bin_id])) for bin_id in ordered]
    counts = read_bins(page, "bin.querySelector('.picture + div > p').textContent")
    assert counts["00523"] == "7 expected, 3 recorded"
    assert counts["00009"] == "2 expected, 11 recorded"
    assert page.get_by_role("article", name="Bin 600000").get_by_text("Nothing is recorded.").is_visible()


def test_a_bin_names_the_reasons_to_doubt_its_count(run: Run, images: Path, at: Visit) -> None:
    write_sheet(run, "--images", images, "--where", "bin_number = 523")
    doubts = read_bins(at.open("sheet.html"), "bin.querySelector('.doubt')?.textContent")
    assert doubts == {"00523": "In doubt: quantity gap, null asin, twin", "523": "In doubt: twin"}


def test_local_pictures_are_in_the_page_and_small(run: Run, images: Path, at: Visit, tmp_path: Path) -> None:
    done = write_sheet(run, "--images", images)
    page = at.open("sheet.html")
    page.evaluate("Promise.all([...document.images].map((picture) => picture.decode()))")
    picture = "(({naturalWidth, naturalHeight, alt}) => [naturalWidth, naturalHeight, alt])(bin.querySelector('img'))"
    found = read_bins(page, f"bin.querySelector('img') ? {picture} : bin.querySelector('.picture').textContent")
    assert found == FAULTS | {
        bin_id: [*((200, 400) if bin_id == TURNED else (400, 200)), f"Picture of bin {bin_id}"]
        for bin_id in DOCUMENTS.keys() - FAULTS.keys()
    }
    size = (tmp_path / "sheet.html").stat().st_size
    assert done.stderr.splitlines() == [
        f"wrote {size / 1e6:.1f} MB to sheet.html: {len(DOCUMENTS)} bins",
        "2 without a picture: the local picture is damaged",
        "1 without a picture: there is no local picture",
    ]


def test_without_pillow_pictures_are_as_they_were(run: Run, images: Path, at: Visit) -> None:
    arguments = [
        "abid-report",
        "contact-sheet",
        "--where",
        "bin_number <= 4",
        "--images",
        str(images),
        "-o",
        "sheet.html",
    ]
    script = f"import sys; sys.modules['PIL'] = None; sys.argv = {arguments}; from cli.report import main; main()"
    done = run("python", "-c", script)
    assert done.returncode == 0, done.stderr
    assert "pip install 'abid-warehouse[pictures]'" in done.stderr
    page = at.open("sheet.html")
    page.evaluate("Promise.all([...document.images].map((picture) => picture.decode()))")
    widths = read_bins(page, "bin.querySelector('img')?.naturalWidth")
    assert widths == {"00001": 600, "00002": 600, MISSING: None, NO_PICTURE: None}


def test_without_a_folder_pictures_are_those_of_the_bucket_and_of_no_other_host(
    run: Run, browser: Browser, tmp_path: Path
) -> None:
    write_sheet(run)
    with visit(browser, tmp_path) as visited:
        visited.page.route(
            re.compile("https:"), lambda route: route.fulfill(body=make_jpeg(60, 30), content_type="image/jpeg")
        )
        page = visited.open("sheet.html")
        addresses = read_bins(page, "bin.querySelector('img').src")
        assert addresses == {bin_id: f"{HOST}/bin-images/{bin_id}.jpg" for bin_id in DOCUMENTS}
        for picture in page.get_by_role("img").all():
            picture.scroll_into_view_if_needed()  # it is got when it is looked at
            assert picture.evaluate(LOADED_WIDTH) == 60
        assert sorted(visited.faults) == sorted(f"request: {address}" for address in addresses.values())
        elsewhere = page.evaluate(
            "new Promise((tell) => { const picture = new Image(); picture.onload = () => tell('shown');"
            " picture.onerror = () => tell('refused'); picture.src = 'https://example.invalid/x.jpg'; })"
        )
        assert elsewhere == "refused"


def test_bins_are_chosen_as_those_of_a_report(run: Run, at: Visit) -> None:
    write_sheet(run, "--where", "total_quantity >= 10", "--sample", 5, "--images", ".")
    page = at.open("sheet.html")
    units = {
        bin_id: sum(line["quantity"] for line in document["BIN_FCSKU_DATA"].values())
        for bin_id, document in DOCUMENTS.items()
    }
    met = [bin_id for bin_id in DOCUMENTS if units[bin_id] >= 10]
    drawn = sorted(met, key=lambda bin_id: hashlib.md5(f"abid{bin_id}".encode()).hexdigest())[:5]
    assert list(read_bins(page, "0")) == sorted(drawn)
    assert page.title() == page.get_by_role("heading", level=1).inner_text() == "Bins with total_quantity >= 10"
    assert page.get_by_text(f"5 of {len(met)} bins, in the order of their ids").is_visible()
    command = "abid-report contact-sheet --where 'total_quantity >= 10' --sample 5"
    assert re.search(rf"Release \w+; {command}$", page.get_by_role("contentinfo").inner_text())


def test_the_same_command_writes_the_same_bytes(run: Run, images: Path, tmp_path: Path) -> None:
    written = []
    for _ in range(2):
        write_sheet(run, "--images", images, "--sample", 3)
        written.append((tmp_path / "sheet.html").read_bytes())
    assert written[0] == written[1]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_keeps_anybody_from_reading_it(
    scheme: Any, run: Run, images: Path, browser: Browser, tmp_path: Path
) -> None:
    write_sheet(run, "--images", images)
    with visit(browser, tmp_path, color_scheme=scheme, viewport={"width": 400, "height": 800}) as visited:
        page = visited.open("sheet.html")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") == 400
        page.emulate_media(media="print", color_scheme=scheme)
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("-o", "s.html", "--where", "expected_quantity = 99"), 1, "has no bin with expected_quantity = 99"),
        (("-o", "s.html", "--where", "expected = 99"), 2, "did you mean expected_quantity?"),
        (("-o", "s.html", "--images", "nowhere"), 2, "'--images': dir 'nowhere' does not exist"),
        (("-o", "s.html", "--sample", "0"), 2, "'--sample': Input should be"),
        (("-o", "s.html", "--sample", "2001"), 2, "'--sample': Input should be"),
        (("-o", "."), 2, "is a folder: name a file in it"),
        ((), 2, "'--output'"),
    ],
)
def test_an_error_says_what_is_wrong_and_writes_nothing(
    arguments: tuple[str, ...], code: int, said: str, run: Run, tmp_path: Path
) -> None:
    done = run("abid-report", "contact-sheet", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
