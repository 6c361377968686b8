"""labelstudio: one list of tasks a side, to import; `$image` of a labeling configuration is the picture's URL."""

import json
from pathlib import Path

from etl.training.trainingset import Row, TrainingSet, Written


def write_labelstudio(made: TrainingSet, folder: Path) -> Written:
    """Write a file a side, one task a line within its list. Streams."""
    written = Written()
    for side in made.sides:
        name, count = f"{side}.json", 0
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            for row in made.stream(side):
                file.write((",\n" if count else "[\n") + json.dumps(_make_task(row, made)))
                count += 1
            file.write("\n]\n" if count else "[]\n")
        written.files[name] = count
    return written


def _make_task(row: Row, made: TrainingSet) -> Row:
    meta = {name: row.pop(name) for name in ("side", *made.origin)}
    return {"data": {"image": row.pop("image_url"), **row}, "meta": meta}
