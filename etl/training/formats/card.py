"""The card of a data set on Hugging Face: what it holds, how it was made, and on which terms."""

from etl.training.plan import FOLDER
from etl.training.trainingset import TrainingSet

_CATEGORIES = {
    "counting": "image-classification",
    "verification": "visual-question-answering",
    "quantity-verification": "visual-question-answering",
}
_QUESTIONS = {
    "counting": "How many units are in the picture? The answer is `expected_quantity`.",
    "verification": "Is the item (`asin`, `name`) in the picture? `answer` says so.",
    "quantity-verification": "Are `asked_quantity` units of the item in the picture? `answer` says so.",
}
_CARD = """\
---
license: cc-by-nc-sa-3.0
task_categories:
- {category}
configs:
- config_name: default
{drop_labels}  data_files:
{data_files}
---

# Amazon Bin Image Dataset: {task}

{question}

| side | rows |
|---|---:|
{counts}

Each row has the columns of its bin and the picture's URL. `capture_group` names bins that are likely one shelf at
different moments: {strategy}.

## How it was made

- release of the metadata: `{release}`{synthetic}
- seed: {seed}

```
{command}
```

## Loading

{loading}
## Licence and caveats

The pictures and their metadata are Amazon's (https://registry.opendata.aws/amazon-bin-imagery/), under the licence
Creative Commons Attribution-NonCommercial-ShareAlike 3.0 United States. Amazon notes that items may be misplaced, so
that what is recorded of a bin can differ from what its picture shows.
"""
_READY = """\
```python
from datasets import load_dataset

sides = load_dataset("FOLDER")  # of this card
```

It needs `datasets>=3.4`: a version before that keeps one row of a picture, without a word, where several are about it.
"""
_BARE = """\
Its pictures aren't here yet. Get them, and make the same set with them, beside the folder that the command above made:

```
abid-etl images --manifest {folder} --to images
{command} --images images
```

The card of that one says how to load it.
"""


def write_card(made: TrainingSet, counts: dict[str, int], *, has_pictures: bool) -> str:
    """The text of the card, whose header tells the hub where each side that has rows is.

    That the folders aren't labels is for a reader of pictures: one of rows alone says that it doesn't know the word.
    """
    sides = {side: count for side, count in counts.items() if count}
    return _CARD.format(
        category=_CATEGORIES[made.plan.task],
        data_files="\n".join(_name_split(side) for side in sides),
        task=made.plan.task,
        question=_QUESTIONS[made.plan.task],
        counts="\n".join(f"| {side} | {count:,} |" for side, count in counts.items()),
        strategy=_STRATEGIES[made.plan.split.strategy],
        synthetic=_SYNTHETIC if made.release.manifest["synthetic"] else "",
        drop_labels="  drop_labels: true\n" if has_pictures else "",
        loading=_READY if has_pictures else _BARE.format(folder=FOLDER, command=made.plan.command),
        **made.origin,
    )


_SYNTHETIC = " (synthetic: no real bins, and `image_url` leads to other pictures)"
_STRATEGIES = {"grouped": "no group is on two sides", "random": "sides were drawn without regard to them, so they leak"}


def _name_split(side: str) -> str:
    """A split's name may have no hyphen on the hub."""
    return f"  - split: {side.replace('-', '_')}\n    path: {side}/**"
