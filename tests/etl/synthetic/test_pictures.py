"""The pictures: one a document, the same every time, and what can be seen in them."""

import io
import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from etl.synthetic import synthesize
from etl.synthetic.bins import Bin, Line
from etl.synthetic.catalogue import Catalogue
from etl.synthetic.pictures import Painter

BINS = 2_500  # three blocks


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("pictures") / "bucket"
    synthesize(directory, bins=BINS, seed=3, dirty=0.02, pictures=True, processes=2)
    return directory


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("pictures") / "clean"
    synthesize(directory, bins=BINS, seed=3, pictures=True, processes=1)
    return directory


def read_all(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def open_picture(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def count_units(document: Path) -> int:
    return sum(line["quantity"] for line in json.loads(document.read_text())["BIN_FCSKU_DATA"].values())


def measure_boxes(image: Image.Image) -> float:
    """Share of the pixels that are much darker or brighter than most."""
    counts = image.convert("L").histogram()
    wall = counts.index(max(counts))
    return 1 - sum(counts[max(wall - 12, 0) : wall + 13]) / sum(counts)


def test_every_document_has_a_picture_that_decodes(clean: Path) -> None:
    pictures = read_all(clean / "bin-images")
    assert {Path(name).stem for name in pictures} == {path.stem for path in (clean / "metadata").iterdir()}
    assert {(image.format, image.size) for image in map(open_picture, pictures.values())} == {("JPEG", (160, 120))}


def test_pictures_are_the_same_by_any_number_of_processes_and_whatever_is_planted(bucket: Path, clean: Path) -> None:
    assert read_all(bucket / "bin-images") == read_all(clean / "bin-images")


def test_documents_are_those_of_a_bucket_without_pictures(clean: Path, tmp_path: Path) -> None:
    synthesize(tmp_path / "bucket", bins=BINS, seed=3, processes=1)
    assert read_all(clean / "metadata") == read_all(tmp_path / "bucket/metadata")
    assert not (tmp_path / "bucket/bin-images").exists()


def test_the_marker_tells_of_pictures(clean: Path) -> None:
    assert json.loads((clean / "abid-synthetic.json").read_text())["pictures"] is True


def test_an_empty_bin_shows_nothing_but_its_wall(clean: Path) -> None:
    empty = [path.stem for path in (clean / "metadata").iterdir() if count_units(path) == 0]
    assert len(empty) > 20
    for stem in empty:
        image = open_picture((clean / f"bin-images/{stem}.jpg").read_bytes())
        assert len([count for count in image.convert("L").histogram() if count]) <= 2


def test_a_bin_with_more_units_shows_more_of_boxes_on_average(clean: Path) -> None:
    shares: dict[int, list[float]] = {}
    for path in sorted((clean / "metadata").iterdir())[:600]:
        image = open_picture((clean / f"bin-images/{path.stem}.jpg").read_bytes())
        shares.setdefault(min(count_units(path), 9), []).append(measure_boxes(image))
    means = [sum(shares[units]) / len(shares[units]) for units in range(10)]
    assert all(few < many for few, many in pairwise(means)), means


def test_each_unit_can_be_seen() -> None:
    """A picture changes with each further unit, as long as there are places left."""
    painter = Painter(Catalogue(seed=1, bins=1000), 1)
    images = [open_picture(painter.paint(make_bin(Line(5, 0, units)))) for units in range(1, 25)]
    for fewer, more in pairwise(images):
        difference = ImageChops.difference(fewer, more).convert("L")
        assert sum(difference.histogram()[25:]) > 100


def test_units_stay_where_they_are_when_an_item_is_added() -> None:
    painter = Painter(Catalogue(seed=1, bins=1000), 1)
    before, after = (
        open_picture(painter.paint(make_bin(*lines))) for lines in ([Line(5, 0, 2)], [Line(5, 0, 2), Line(9, 0, 1)])
    )
    changed = ImageChops.difference(before, after).convert("L").point(lambda value: 255 * (value > 24)).getbbox()
    assert changed
    assert changed[2] - changed[0] < 50
    assert changed[3] - changed[1] < 50


def test_more_units_than_places_are_painted() -> None:
    painter = Painter(Catalogue(seed=1, bins=1000), 1)
    empty, full = (open_picture(painter.paint(make_bin(*lines))) for lines in ([], [Line(5, 0, 330)]))
    changed = ImageChops.difference(empty, full).convert("L").histogram()
    assert sum(changed[25:]) > 0.8 * sum(changed)


def test_pictures_without_pillow_name_what_to_install_and_make_nothing(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['PIL'] = None; sys.argv = ['abid-etl', 'synthesize', 'bucket', '--bins', '5', "
        "'--pictures']; from cli.etl import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pip install 'abid-warehouse[pictures]'" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_bucket_without_pictures_needs_no_pillow(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['PIL'] = None; from pathlib import Path; from etl.synthetic import synthesize; "
        "synthesize(Path('bucket'), bins=5, seed=1, processes=1)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)


def make_bin(*lines: Line) -> Bin:
    return Bin("00007", sum(line.quantity for line in lines), lines, is_pictured=False, shelf=7)
