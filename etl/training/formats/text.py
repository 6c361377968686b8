"""csv and jsonl: one file a side, spelled by whoever writes results in these formats."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from etl.training.trainingset import TrainingSet, Written

Spell = Callable[[list[str], Iterable[list[tuple[Any, ...]]]], Iterator[str]]


def write_text(made: TrainingSet, folder: Path, ending: str, spell: Spell) -> Written:
    """Write a file a side; each row ends with its origin. Streams."""
    written = Written()
    for side in made.sides:
        result = made.ask(side, stamped=True)
        name = f"{side}.{ending}"
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            file.writelines(spell(*result.stream()))
        written.files[name] = made.ask(side).count_rows()
    return written
