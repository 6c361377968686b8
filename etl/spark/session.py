"""A Spark session for a build: that of `spark-submit` or `--master`, quiet, and set up to move pieces."""

import os
import shutil
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from etl.errors import CheckError, UsageError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_SETTINGS = {
    "spark.sql.execution.arrow.maxRecordsPerBatch": "1",  # a record is a piece of megabytes
    "spark.sql.adaptive.enabled": "false",  # partitions are tasks, and not to be joined
    "spark.ui.showConsoleProgress": "false",
}
_SUBMITTED = "PYSPARK_GATEWAY_PORT"  # set by spark-submit, which has started Spark and chosen the master already


@contextmanager
def open_session(master: str | None, log: Path) -> Iterator["SparkSession"]:
    """A session that ends with the block, with Spark's own messages in the file `log`.

    Raises:
        UsageError: there is no Spark or no Java here, or it knows no such master.
        CheckError: Spark failed in the block: it found no master at this address, or lost too much.
    """
    builder = _import_spark().builder.appName("abid-etl build")
    if master:
        builder = builder.master(master)
    for name, value in _SETTINGS.items():
        builder = builder.config(name, value)
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    from py4j.protocol import Py4JError  # noqa: PLC0415  (an optional extra)
    from pyspark.errors import PySparkException  # noqa: PLC0415

    # It is meant for those who hand data frames to Spark; none is made here.
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
    with _errors_to(log):
        try:
            session = builder.getOrCreate()
        except (Py4JError, PySparkException) as error:
            given = f"--master {master}" if master else "the master of its own settings"
            raise UsageError(
                f"Spark can't be started with {given}: {_shorten(error)}; {log} has all it said"
            ) from error
    try:
        yield session
    except (Py4JError, PySparkException) as error:
        raise CheckError(
            f"Spark failed, and nothing was published: {_shorten(error)}\n{log} has what it said"
        ) from error
    finally:
        with suppress(Py4JError, OSError):  # where Spark itself was killed
            session.stop()


def _import_spark() -> type["SparkSession"]:
    try:
        from pyspark.sql import SparkSession  # noqa: PLC0415  (an optional extra)
    except ImportError as error:
        raise UsageError("--engine spark needs PySpark: pip install 'abid-warehouse[spark]'") from error
    if _SUBMITTED not in os.environ and not shutil.which("java") and not os.environ.get("JAVA_HOME"):
        raise UsageError("Spark needs Java 17 or later: on Debian, apt-get install openjdk-17-jre-headless")
    return SparkSession


@contextmanager
def _errors_to(log: Path) -> Iterator[None]:
    """Let what is started in the block write its standard error to a file: Java's is this process's otherwise."""
    if _SUBMITTED in os.environ:
        yield
        return
    kept = os.dup(2)
    with log.open("wb") as file:
        os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _shorten(error: Exception) -> str:
    """The first lines that tell what happened: the rest is Java's stack."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if not line.startswith(("at ", ":", "File ", "Traceback", "An error occurred"))]
    return " ".join(told[:2])[:500]
