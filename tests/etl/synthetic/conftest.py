from pathlib import Path

import pytest

from etl.synthetic import synthesize


@pytest.fixture(scope="session")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean bucket of 20,000 bins. Read it only."""
    directory = tmp_path_factory.mktemp("synthetic") / "bucket"
    synthesize(directory, bins=20_000, seed=1)
    return directory
