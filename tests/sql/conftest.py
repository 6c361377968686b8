"""Releases that tests of several files run reports on, each built once."""

import pytest
from reportbuckets import Bucket, Loaded, load_invented, load_real

from etl.warehouse import Warehouse


@pytest.fixture(scope="session")
def invented_release(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return load_invented(tmp_path_factory.mktemp("invented"))


@pytest.fixture(scope="session")
def real_release(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    return load_real(tmp_path_factory.mktemp("real"))


@pytest.fixture(scope="session", params=["invented_release", "real_release"], ids=["invented", "real"])
def release(request: pytest.FixtureRequest) -> Loaded:
    found: Loaded = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session")
def bucket(release: Loaded) -> Bucket:
    return release.bucket


@pytest.fixture(scope="session")
def warehouse(release: Loaded) -> Warehouse:
    return release.warehouse
