"""A query can read the release and nothing else: all that `tests/escapes.py` tries."""

import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl
import pytest
from documents import make_document, make_line, run_pipeline, write_bucket
from escapes import BOMBS, READS, REFUSED, SECRET, WRITES, fill, plant

from etl.errors import QueryError, UsageError
from etl.limits import Limits
from etl.warehouse import Warehouse

_TEMPORARY = "temporary"


@dataclass(frozen=True)
class Prey:
    """A warehouse, and the canaries beside it."""

    root: Path
    places: dict[str, str]
    warehouse: Warehouse


@pytest.fixture(scope="module")
def prey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prey]:
    root = tmp_path_factory.mktemp("prey")
    documents = {f"metadata/{number:05}.json": make_document(make_line()) for number in range(1, 4)}
    release = run_pipeline(write_bucket(root / "bucket", documents), root / "data")
    places = plant(root / "outside", release.path)
    with pytest.MonkeyPatch.context() as patch:
        go_outside(patch, root)
        with Warehouse.open(root / "data", Limits(memory="1GB", seconds=0.5)) as warehouse:
            yield Prey(root, places, warehouse)


@pytest.fixture(scope="module")
def free_prey(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return plant_beside_a_folder(tmp_path_factory.mktemp("free"))


def plant_beside_a_folder(root: Path) -> dict[str, str]:
    (root / "release").mkdir()
    (root / "release" / "manifest.json").write_text("{}")
    return plant(root / "outside", root / "release")


def go_outside(patch: pytest.MonkeyPatch, root: Path) -> None:
    (root / _TEMPORARY).mkdir(exist_ok=True)
    patch.setattr(tempfile, "tempdir", str(root / _TEMPORARY))
    patch.setenv("HOME", str(root / "outside"))
    patch.chdir(root / "outside")


def take_picture(root: Path) -> dict[str, str]:
    """Every path, and what is there; but for what queries spill."""
    return {str(path): _look(path) for path in root.rglob("*") if _TEMPORARY not in path.parts}


def _look(path: Path) -> str:
    if path.is_symlink():
        return f"leads to {path.readlink()}"
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"


def require_refusal(prey: Prey, query: str, match: str | None = None) -> str:
    """What a refused query says; it changed nothing."""
    before = take_picture(prey.root)
    with pytest.raises(QueryError, match=match) as refusal:
        prey.warehouse.sql(fill(query, prey.places)).rows()
    assert take_picture(prey.root) == before
    return str(refusal.value)


@pytest.mark.parametrize("query", READS)
def test_no_query_reads_a_file_that_is_not_of_the_release(query: str, prey: Prey) -> None:
    assert SECRET not in require_refusal(prey, query)


@pytest.mark.parametrize("query", WRITES)
def test_no_query_writes_anywhere(query: str, prey: Prey) -> None:
    require_refusal(prey, query)


@pytest.mark.parametrize("query", REFUSED)
def test_nothing_but_a_reading_statement_is_run(query: str, prey: Prey) -> None:
    require_refusal(prey, query)
    assert prey.warehouse.sql("select count(*) from bins").rows() == [(3,)]


@pytest.mark.parametrize("query", BOMBS)
def test_no_query_goes_on_for_longer_or_grows_larger_than_it_may(query: str, prey: Prey) -> None:
    require_refusal(prey, query, "--timeout|--memory")


@pytest.mark.parametrize("query", READS)
def test_each_reads_where_nothing_is_forbidden(
    query: str, free_prey: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    go_outside(monkeypatch, Path(free_prey["outside"]).parent)
    with duckdb.connect() as connection:
        connection.execute(fill(query, free_prey))
        assert SECRET in f"{connection.description} {connection.fetchall()}"


@pytest.mark.parametrize("query", WRITES)
def test_each_writes_where_nothing_is_forbidden(query: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = plant_beside_a_folder(tmp_path)
    go_outside(monkeypatch, tmp_path)
    before = take_picture(tmp_path)
    with duckdb.connect() as connection:
        connection.execute(fill(query, places))
    assert take_picture(tmp_path) != before


def test_no_query_reads_a_variable_of_the_program(prey: Prey) -> None:
    frame = pl.DataFrame({"a": [SECRET]})
    assert duckdb.connect().sql("from frame").fetchall() == frame.rows()
    with pytest.raises(duckdb.CatalogException):
        prey.warehouse.connection.sql("from frame")


def test_a_link_among_the_files_of_a_table_is_not_followed(prey: Prey) -> None:
    link = Path(prey.places["release"]) / "items" / "planted.parquet"
    link.symlink_to(Path(prey.places["outside"]) / "canary.parquet")
    try:
        assert SECRET not in require_refusal(prey, "select * from items")
    finally:
        link.unlink()


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("from bins select count(*)", [(3,)]),
        ("values (1), (2)", [(1,), (2,)]),
        ("table receipt limit 0", []),
        ("with x as (select 1 as a) select a from x union all select 2 order by a", [(1,), (2,)]),
        ("with recursive t(n) as (select 1 union all select n + 1 from t where n < 3) select max(n) from t", [(3,)]),
        (
            "select count(*) from bins join observations using (bin_id) asof join items on bins.bin_id >= items.asin",
            [(0,)],
        ),
        ("select unnest(list_transform([1, 2], lambda x: x * 2))", [(2,), (4,)]),
        ("select key, value::int from json_each('{\"a\": 1}')", [("a", 1)]),
        ("select sum(x) over (order by x) from range(3) t(x)", [(0,), (1,), (3,)]),
        ('select "1" from (pivot bins on expected_quantity in (1) using count(*) group by id_style)', [(3,)]),
        ("select count(*) from (describe bins) where column_name = 'bin_id'", [(1,)]),
        ("select count(*) from (summarize bins) where column_name = 'bin_id'", [(1,)]),
        ("select count(*) from (show tables) where name = 'bins'", [(1,)]),
        ("select count(*) > 0 from duckdb_columns() where table_name = 'bins'", [(True,)]),
        (
            "select 'copy (select 1) to ''x.csv''; -- drop view bins'",
            [("copy (select 1) to 'x.csv'; -- drop view bins",)],
        ),
    ],
)
def test_whatever_only_reads_is_run(query: str, rows: list[tuple[object, ...]], prey: Prey) -> None:
    assert prey.warehouse.sql(query).rows() == rows


@pytest.mark.parametrize("query", ["explain from bins", "explain analyze from bins", "EXPLAIN\nselect 1"])
def test_a_plan_may_be_asked_for(query: str, prey: Prey) -> None:
    assert prey.warehouse.sql(query).rows()[0][0] in {"physical_plan", "analyzed_plan"}


def test_what_is_spilled_goes_to_a_folder_of_its_own_that_is_gone_afterwards(prey: Prey) -> None:
    before = take_picture(prey.root)
    with Warehouse.open(prey.root / "data", Limits(memory="200MB")) as warehouse:
        _, rows = warehouse.sql("from range(20000000) order by hash(range)").stream()
        assert len(next(rows)) > 0
        assert warehouse.spill.parent == prey.root / _TEMPORARY
        assert any(warehouse.spill.iterdir())
        assert take_picture(prey.root) == before
    assert not warehouse.spill.exists()


@pytest.mark.parametrize(
    "memory", ["", "2", "2 gigabytes", "-2GB", "0GB", "GB", "2GB; drop view bins", "99999999999TB", f"{'9' * 400}TB"]
)
def test_memory_is_a_size(memory: str) -> None:
    with pytest.raises(UsageError, match="500MB or 2GB"):
        Limits(memory=memory)


@pytest.mark.parametrize("seconds", [-1, float("inf"), float("nan"), 1e300, 1e17, 1e12])
def test_a_time_is_one_that_can_be_waited_for(seconds: float) -> None:
    with pytest.raises(UsageError, match="0 for no limit"):
        Limits(seconds=seconds)


def test_the_largest_limits_are_kept(prey: Prey) -> None:
    with Warehouse.open(prey.root / "data", Limits("8000000TB", 316_224_000)) as warehouse:
        assert warehouse.sql("select 1").rows() == [(1,)]


@pytest.mark.parametrize(("memory", "size"), [("2GB", 2e9), ("500 mb", 5e8), ("1.5GiB", 1.5 * 2**30), ("8kib", 8192)])
def test_a_size_is_read_as_duckdb_reads_it(memory: str, size: float) -> None:
    assert Limits(memory=memory).bytes == size
