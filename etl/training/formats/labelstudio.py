"""labelstudio: one list of tasks a side, to import; `$image` of a labeling configuration is the picture's URL.

docs/training.md has a configuration for each task.
"""

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
    data = {"image": row.pop("image_url"), **row}
    if "name" in data:
        data["name"] = data["name"] or ""  # a file with a null where a text is to be shown isn't imported
    return {"data": data, "meta": meta}
