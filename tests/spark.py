"""A Spark of this process's own, on loopback. It needs Java, which `make test` installs where it can."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pyspark.sql import SparkSession

NEEDS_JAVA = pytest.mark.skipif(not shutil.which("java"), reason="no Java: `sh tests/install_peers.sh` installs it")

_SETTINGS = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "2",
    "spark.ui.enabled": "false",
}


@contextmanager
def open_spark() -> Iterator[SparkSession]:
    """A session on both cores of this machine, stopped afterwards."""
    builder = SparkSession.builder.master("local[2]").appName("abid-warehouse")
    for name, value in _SETTINGS.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    try:
        yield session
    finally:
        session.stop()
