"""The labeling configurations of docs/training.md, and the tasks that Label Studio is to show by them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from documents import make_document, make_line
from loaded import load

from etl.training.manifest import Form, write_training_set
from etl.training.plan import TASKS, Plan
from etl.training.sides import Split
from etl.warehouse import Warehouse

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "training.md").read_text(encoding="utf-8")
CONFIGS = {task.lower(): xml for task, xml in re.findall(r"For ([\w-]+):\n\n```xml\n(.*?)```", PAGE, re.DOTALL)}
ANSWERS = {"answer", "quantity", "negative_kind", "expected_quantity"}
SHOWN = {"Image": str, "Text": str | int | float}  # what Label Studio takes for them; it refuses a null
CONTROLS = {"counting": "Number", "verification": "Choices", "quantity-verification": "Choices"}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """Items of one bin each, one or two units of them, some of which no document names."""
    documents = {
        f"{number:05d}": make_document(
            make_line(f"B{number}", number // 10 % 2 + 1, name=None if number % 20 else "Spoon")
        )
        for number in range(10, 200, 10)
    }
    return load(tmp_path_factory.mktemp("labels"), documents).warehouse


def make_tasks(warehouse: Warehouse, task: str, folder: Path) -> list[dict[str, Any]]:
    write_training_set(warehouse, Plan(task, Split({"train": 1.0})), folder, Form("labelstudio"))
    tasks: list[dict[str, Any]] = json.loads((folder / "train.json").read_bytes())
    return tasks


def find_variables(view: ET.Element) -> Iterator[tuple[str, str]]:
    """The type of each tag that shows a column, and the column."""
    for tag in view.iter():
        for value in tag.attrib.values():
            yield from ((tag.tag, column) for column in re.findall(r"\$(\w+)", value))


def test_each_task_has_a_configuration() -> None:
    assert CONFIGS.keys() == set(TASKS)


@pytest.mark.parametrize("task", TASKS)
def test_a_configuration_shows_what_every_task_has_and_no_answer(
    task: str, warehouse: Warehouse, tmp_path: Path
) -> None:
    variables = list(find_variables(ET.fromstring(CONFIGS[task])))
    columns = {column for _, column in variables}
    assert "image" in columns
    assert ("asked_quantity" in columns) == (task == "quantity-verification")
    assert not columns & ANSWERS
    tasks = make_tasks(warehouse, task, tmp_path / "out")
    assert len(tasks) > 10
    for tag, column in variables:
        assert all(isinstance(made["data"][column], SHOWN[tag]) for made in tasks), column


@pytest.mark.parametrize("task", TASKS)
def test_a_configuration_asks_about_what_it_shows(task: str) -> None:
    view = ET.fromstring(CONFIGS[task])
    names = [tag.attrib["name"] for tag in view.iter() if "name" in tag.attrib]
    assert len(names) == len(set(names))
    asked = [tag for tag in view.iter() if "toName" in tag.attrib]
    assert [tag.tag for tag in asked] == [CONTROLS[task]]
    assert view.find(f"Image[@name='{asked[0].attrib['toName']}']") is not None
