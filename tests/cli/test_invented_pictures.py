"""Invented bins: the public bucket has other pictures under their ids, which are shown nowhere as theirs."""

from pathlib import Path

import pytest
from commands import Run
from documents import run_pipeline

from cli.training.sheetpage import HOST
from etl.synthetic import synthesize


@pytest.fixture(scope="module")
def invented(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bucket, with its release beside it."""
    folder = tmp_path_factory.mktemp("invented")
    synthesize(folder / "bucket", bins=20, seed=1, pictures=True)
    run_pipeline(folder / "bucket", folder / "data")
    return folder / "bucket"


@pytest.fixture
def data_dir(invented: Path) -> Path:
    """What `run` starts commands with."""
    return invented.parent / "data"


def test_a_contact_sheet_of_them_is_refused_without_their_pictures(run: Run, tmp_path: Path) -> None:
    done = run("abid-report", "contact-sheet", "-o", "sheet.html")
    assert (done.returncode, done.stdout) == (2, "")
    assert "is of invented documents" in done.stderr
    assert "`abid-etl synthesize --pictures`" in done.stderr
    assert "--images" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_contact_sheet_with_their_pictures_leads_to_no_others(run: Run, invented: Path, tmp_path: Path) -> None:
    done = run("abid-report", "contact-sheet", "-o", "sheet.html", "--images", invented / "bin-images")
    assert (done.returncode, done.stdout) == (0, "")
    page = (tmp_path / "sheet.html").read_text()
    assert page.count('src="data:image/jpeg') == page.count("<article") == 20
    assert HOST not in page


@pytest.mark.parametrize("format_", ["labelstudio", "jsonl"])
def test_whoever_makes_tasks_that_show_the_others_is_told(format_: str, run: Run) -> None:
    done = run("abid-report", "manifest", "counting", "--format", format_, "-o", "out")
    assert (done.returncode, done.stdout) == (0, "")
    assert ("these bins are invented" in done.stderr) == (format_ == "labelstudio")


def test_the_card_tells_that_the_addresses_are_of_others(run: Run, tmp_path: Path) -> None:
    assert run("abid-report", "manifest", "counting", "--format", "huggingface", "-o", "out").returncode == 0
    card = (tmp_path / "out/README.md").read_text()
    assert "synthetic: no real bins, and `image_url` leads to other pictures" in card
