"""A Spark of this process's own, on loopback. It needs Java, which `make test` installs where it can."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

NEEDS_JAVA = pytest.mark.skipif(not shutil.which("java"), reason="no Java: `sh tests/install_peers.sh` installs it")
_QUICK_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
ENVIRONMENT = {
    "SPARK_CONF_DIR": str(Path(__file__).parent / "spark-conf"),
    "SPARK_LOCAL_IP": "127.0.0.1",
    "SPARK_DAEMON_JAVA_OPTS": _QUICK_JAVA,
    "SPARK_LAUNCHER_OPTS": _QUICK_JAVA,
}
"""What makes a Spark one of the tests, here or in a process of its own."""


def use_spark_settings(patch: pytest.MonkeyPatch) -> None:
    """Make every Spark that is started from here one of the tests."""
    for name, value in ENVIRONMENT.items():
        patch.setenv(name, value)


@contextmanager
def open_spark() -> Iterator[SparkSession]:
    """A session on both cores of this machine, stopped afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        use_spark_settings(patch)
        session = SparkSession.builder.appName("abid-warehouse").getOrCreate()
    try:
        yield session
    finally:
        session.stop()
