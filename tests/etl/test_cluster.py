"""A build on a real cluster: a master and two workers as processes of their own, and what they lose on the way."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest
from documents import encode, hash_files, make_document, make_line, run_pipeline
from spark import NEEDS_JAVA, use_spark_settings
from sparkcluster import Cluster, run_cluster

from etl import export
from etl.build import build_release
from etl.datadir import DataDir
from etl.progress import Step
from etl.raw import RawFolder
from etl.release import Release
from etl.spark.engine import SparkEngine
from etl.synthetic import synthesize
from etl.warehouse import Warehouse

pytestmark = NEEDS_JAVA
BINS = 600
SKEWED = "B0EVERYWHE"


@pytest.fixture(scope="module", autouse=True)
def small_files() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(export, "DOCUMENTS_A_FILE", BINS // 2)
        use_spark_settings(patch)
        yield


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with run_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def skewed(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """By DuckDB. One ASIN lies in half of all bins, and in each of four files of them."""
    root = tmp_path_factory.mktemp("skewed")
    synthesize(root / "bucket", bins=BINS, seed=4)
    for number in range(BINS):
        bin_id = (number % 4) * 500_000 + number + 600_000
        document = make_document(make_line(SKEWED, number % 5, name=f"Name {number % 3}"))
        (root / "bucket" / "metadata" / f"{bin_id}.json").write_bytes(encode(document))
    return run_pipeline(root / "bucket", root / "data")


@dataclass
class Killer:
    """Watches a build, and kills a worker of the cluster when a few tasks of its last step are done."""

    cluster: Cluster
    done: int = 0

    def step(self, *_: object, **__: object) -> Self:
        self.done = 0
        return self

    def __enter__(self) -> Step:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def advance(self, count: int, size: int = 0) -> None:  # noqa: ARG002  (a protocol's names)
        self.done += count
        if self.done > 6 and len(self.cluster.workers) > 1:
            self.cluster.workers.pop().kill()

    def expect(self, total: int) -> None:
        pass

    def tally(self, name: str, count: int) -> None:
        pass


def test_a_worker_is_lost_in_the_middle_and_the_release_is_right(
    cluster: Cluster, skewed: Release, tmp_path: Path
) -> None:
    """And the items of half of all bins don't hold it up."""
    raw = RawFolder(DataDir.find(skewed.path).raw)
    killer = Killer(cluster)
    release = build_release(DataDir(tmp_path / "data"), raw=raw, engine=SparkEngine(cluster.url), progress=killer)
    assert len(cluster.workers) == 1  # it was killed
    assert release.id == skewed.id
    assert hash_files(release) == hash_files(skewed)
    with Warehouse.open(tmp_path / "data") as warehouse:
        rows = warehouse.sql("select bin_count, total_quantity from items where asin = $asin", asin=SKEWED).rows()
    assert list(rows) == [(BINS, sum(number % 5 for number in range(BINS)))]
