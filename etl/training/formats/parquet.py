"""parquet: one file a side, with the origin in its key-value metadata."""

from pathlib import Path

from etl.parquet import write_relation
from etl.queryerrors import explaining
from etl.training.trainingset import TrainingSet, Written


def write_parquet(made: TrainingSet, folder: Path) -> Written:
    """Write a file a side. Streams."""
    written = Written()
    origin = {name: str(value) for name, value in made.origin.items()}
    for side in made.sides:
        result = made.ask(side)
        name = f"{side}.parquet"
        with explaining(result.query):
            written.files[name] = write_relation(result.relation(), folder / name, origin)
    return written
