"""What this version of the models would make of what a release rejected. Nothing is rebuilt, and nothing fetched.

The table `rejects` has the bytes, so it is a raw layer of its own: the models run over it alone, as far as they decide
on rejects, and `sql/replay/` holds what they say against what was said when the release was made.
"""

from dataclasses import dataclass

import duckdb

from etl.errors import explain_damage
from etl.globs import quote_text
from etl.models import define_macros, find_needed
from etl.release import Release
from etl.result import Result
from etl.sqlfiles import read_folder

_ORDERED = """
select * from outcomes
order by list_position(['loaded', 'rejected otherwise', 'rejected as before'], outcome), metadata_key, json_path
limit nullif($limit, 0)
"""
_TOTALS = "select outcome, count(*) from outcomes group by outcome"


@dataclass(frozen=True, slots=True)
class Replay:
    """One row a reject, and how many end in which way."""

    result: Result
    totals: dict[str, int]


def replay_rejects(release: Release, *, limit: int) -> Replay:
    """Run the rejects of `release` through the models; `limit` rows of the result, 0 gives all.

    Raises:
        UsageError: the rejects can't be read.
    """
    connection = duckdb.connect()
    define_macros(connection)
    steps = read_folder("replay")
    source = quote_text(release.table_glob("rejects"))
    with explain_damage(f"what release {release.id} rejected", "`abid-etl verify` says what is wrong with it."):
        connection.execute(f"create view former_rejects as from read_parquet({source}, hive_partitioning = false)")
        for name in ("former", "raw_documents"):
            connection.execute(f"create table {name} as {steps[name].query}")
    for model in find_needed("rejects"):
        connection.execute(f"create {'view' if model.kind == 'view' else 'table'} {model.name} as {model.query}")
    connection.execute(f"create table outcomes as {steps['outcomes'].query}")
    return Replay(Result(connection.cursor, _ORDERED, {"limit": limit}), dict(connection.sql(_TOTALS).fetchall()))
