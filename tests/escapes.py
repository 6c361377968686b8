"""What a query may try in order to get out of a release: to read, write, or never end.

`{outside}` is a folder with canaries, `{release}` the folder of a release in which links to them are planted, and
`{climb}` leads from the release to the canaries. The working directory and the home are `{outside}`.
"""

from pathlib import Path

import duckdb

SECRET = "CANARY"

READS = [
    "from '{outside}/canary.csv'",
    'from "{outside}/canary.csv"',
    "table '{outside}/canary.csv'",
    "from 'canary.csv'",
    "from './canary.csv'",
    "from '~/canary.csv'",
    "from 'canary.parquet'",
    "from 'canary.json'",
    "from 'can*.csv'",
    "from 'file:{outside}/canary.csv'",
    "from read_csv('{outside}/canary.csv')",
    "from read_csv_auto('{outside}/canary.csv')",
    "from read_csv(['{outside}/canary.csv'])",
    "from read_csv('{outside}/*.csv')",
    "from read_csv('{outside}/../*/canary.csv')",
    "from read_text('{outside}/**/*.csv')",
    "from read_json('{outside}/canary.json')",
    "from read_json_auto('{outside}/canary.json')",
    "from read_json_objects('{outside}/canary.json')",
    "from read_ndjson('{outside}/canary.json')",
    "from read_ndjson_objects('{outside}/canary.json')",
    "from read_text('{outside}/canary.csv')",
    "from read_blob('{outside}/canary.csv')",
    "from read_parquet('{outside}/canary.parquet')",
    "from parquet_scan('{outside}/canary.parquet')",
    "from parquet_metadata('{outside}/canary.parquet')",
    "from parquet_kv_metadata('{outside}/canary.parquet')",
    "from parquet_schema('{outside}/canary.parquet')",
    "from sniff_csv('{outside}/canary.csv')",
    "from glob('{outside}/*')",
    "from glob('*')",
    "from glob('{release}/../*/*')",
    "from glob('{climb}/*')",
    "from read_duckdb('{outside}/canary.duckdb', table_name := 'canary')",
    # ways to the same file
    "from '{climb}/canary.csv'",
    "from read_text('{climb}/canary.csv')",
    "from read_text('{release}/./x/../{up}/canary.csv')",
    "from read_text('/proc/self/cwd/canary.csv')",
    "from read_text('/proc/self/root{outside}/canary.csv')",
    "from read_text('/{outside}/canary.csv')",
    # links that were planted in the release
    "from '{release}/link.csv'",
    "from read_text('{release}/link.csv')",
    "from read_text('{release}/l*.csv')",
    "from '{release}/linked/canary.csv'",
    "from read_blob('{release}/linked/canary.csv')",
    "from read_text('{release}/linked/*.csv')",
    "from read_parquet('{release}/planted.parquet')",
    # other places in a query
    "select (select content from read_text('{outside}/canary.csv'))",
    "with stolen as (from read_text('{outside}/canary.csv')) from stolen",
    "with recursive stolen as (from read_text('canary.csv') union select * from stolen) from stolen",
    "select 1, '' union all select size, content from read_text('{outside}/canary.csv')",
    "select * from range(1) join lateral (from read_text('{outside}/canary.csv')) on true",
    "select [content for content in [(select content from read_text('{outside}/canary.csv'))]]",
    "from (pivot (from '{outside}/canary.csv') on a in (1) using count(*))",
    "describe from '{outside}/canary.csv'",
    "summarize from '{outside}/canary.csv'",
    "from (describe from '{outside}/canary.csv')",
    "from query('from read_text(''{outside}/canary.csv'')')",
    "from query_table('{outside}/canary.csv')",
    "from query_table(['{outside}/canary.csv'])",
    "from json_execute_serialized_sql(json_serialize_sql('from read_text(''{outside}/canary.csv'')'))",
    # spelling
    "FrOm ReAd_TeXt('{outside}/canary.csv')",
    "from \"READ_TEXT\"('{outside}/canary.csv')",
    "from system.main.read_text('{outside}/canary.csv')",
    "from/**/read_text/* */('{outside}/canary.csv')",
    "-- select 1\nfrom read_text('{outside}/canary.csv')",
    "/* explain */ from read_text('{outside}/canary.csv')",
    "from\u00a0read_text('{outside}/canary.csv')",
    "from read_text($${outside}/canary.csv$$)",
    "from read_text('{outside}/' || 'canary' || chr(46) || 'csv')",
    "from read_text(E'{outside}/canary\\x2ecsv')",
    # statements that aren't queries
    "select 1; from read_text('{outside}/canary.csv')",
    "attach '{outside}/canary.duckdb' as stolen; from stolen.canary",
    "attach '{outside}/canary.duckdb' (read_only); from canary.canary",
    "create view stolen as from read_text('{outside}/canary.csv'); from stolen",
    "create temp table stolen as from read_text('{outside}/canary.csv'); from stolen",
    "create table stolen (a varchar, b varchar); copy stolen from '{outside}/canary.csv'; from stolen",
    "create macro stolen() as table from read_text('{outside}/canary.csv'); from stolen()",
    "prepare stolen as from read_text('{outside}/canary.csv'); execute stolen",
    "set variable stolen = (select content from read_text('{outside}/canary.csv')); select getvariable('stolen')",
    "set variable place = '{outside}/canary.csv'; from read_text(getvariable('place'))",
    "set file_search_path = '{outside}'; from 'canary.csv'",
    "import database '{outside}/exported'; from canary",
]
"""Each shows a canary on a connection that nothing is forbidden to."""

WRITES = [
    "copy (select 1) to '{outside}/new.csv'",
    "copy (select 1) to 'new.csv'",
    "copy (select 1) to '{outside}/canary.csv'",
    "copy (select 1) to '{release}/new.csv'",
    "copy (select 1) to '{release}/manifest.json' (format csv)",
    "copy (select 1) to '{release}/link.csv'",
    "copy (select 1) to '{release}/linked/new.csv'",
    "copy (select 1 as a, 2 as b) to '{release}/new' (format parquet, partition_by (a))",
    "with x as (copy (select 1) to '{release}/new.csv') from x",
    "with x as (copy (select 1) to '{release}/manifest.json' (format csv)) select 1",
    "with y as (select 1), x as materialized (copy (from y) to '{release}/new.parquet') from x",
    "WITH x AS (/**/COPY (select 1) TO '{outside}/new.csv') FROM x",
    "explain analyze copy (select 1) to '{release}/new.csv'",
    "explain analyze with x as (copy (select 1) to '{release}/new.csv') from x",
    "explain (analyze) copy (select 1) to '{release}/new.csv'",
    "from json_execute_serialized_sql(json_serialize_sql('with x as (copy (select 1) to ''{release}/n.csv'') from x'))",
    "pragma json_execute_serialized_sql(json_serialize_sql('with x as (copy (select 1) to ''new.csv'') from x'))",
    "select 1; copy (select 1) to '{release}/new.csv'",
    "prepare p as copy (select 1) to '{release}/new.csv'; execute p",
    "begin; copy (select 1) to '{release}/new.csv'; commit",
    "attach '{release}/new.duckdb' as new; create table new.t as select 1; checkpoint new",
    "attach '{outside}/new.duckdb' as new; create table new.t as select 1; checkpoint new",
    "attach '{outside}/canary.duckdb' as it; drop table it.canary; checkpoint it",
    "create table t as select 1; export database '{release}/new'",
    "create table t as select 1; export database '{outside}/new' (format parquet)",
    "set log_query_path = '{outside}/new.log'; select 1",
    "call enable_logging(storage = 'file', storage_path = '{outside}/new'); select 1; call disable_logging()",
]
"""Each changes a file on a connection that nothing is forbidden to."""

REFUSED = [
    "",
    ";",
    "-- nothing",
    "select 1; select 2",
    "set threads = 1",
    "set enable_external_access = true",
    "set lock_configuration = false",
    "set allowed_directories = ['/']",
    "set memory_limit = '100GB'",
    "set max_execution_time = 0",
    "set global temp_directory = '{outside}'",
    "set secret_directory = '{outside}'",
    "reset enable_external_access",
    "reset all",
    "pragma enable_external_access",
    "pragma database_list",
    "pragma memory_limit = '100GB'",
    "from enable_logging(storage = 'file', storage_path = '{outside}/new')",
    "set enable_profiling = 'json'; set profiling_output = '{outside}/new.json'; select 1",
    "from enable_profiling(format = 'json', save_location = '{outside}/new.json')",
    "install httpfs",
    "force install httpfs",
    "install '{outside}/evil.duckdb_extension'",
    "load httpfs",
    "load '{outside}/evil.duckdb_extension'",
    "from 'https://127.0.0.1:1/canary.csv'",
    "from read_csv('https://127.0.0.1:1/canary.csv')",
    "from 's3://canary/canary.parquet'",
    "from 'hf://datasets/canary/canary.parquet'",
    "attach 'https://127.0.0.1:1/canary.duckdb'",
    "attach ':memory:' as m",
    "create secret s (type s3)",
    "create persistent secret s (type s3, key_id 'a', secret 'b')",
    "from duckdb_secrets()",
    "from which_secret('s3://a', 's3')",
    "select getenv('HOME')",
    "call pragma_version()",
    "call query('select 1')",
    "checkpoint",
    "from checkpoint()",
    "vacuum",
    "analyze",
    "use main",
    "detach memory",
    "create table t as select 1",
    "create temp table t as select 1",
    "create or replace view bins as select 1",
    "create or replace macro is_isbn10(a) as true",
    "create type t as enum ('a')",
    "create sequence s",
    "comment on view bins is 'mine'",
    "drop view bins",
    "drop table receipt",
    "alter view bins rename to mine",
    "insert into receipt select * from receipt",
    "delete from receipt",
    "truncate receipt",
    "update receipt set amount = 0",
    "with x as (insert into receipt from receipt returning *) from x",
    "with x as (delete from receipt returning *) select count(*) from x",
    "with x as (update receipt set amount = 0 returning *) from x",
    "with x as (with y as (copy (select 1) to '{release}/new.csv') from y) from x",
    "from query('with x as (copy (select 1) to ''{release}/new.csv'') from x')",
    "merge into receipt using bins on false when not matched then insert by name",
    "begin transaction",
    "prepare p as select 1",
    "execute p",
    "deallocate p",
    "set variable v = 1",
    "explain explain select 1",
    "explain drop view bins",
    "explain analyze drop view bins",
    "pivot bins on id_style using count(*)",
    "from arrow_scan(1, 2, 3)",
    "from pandas_scan(1)",
    "from python_map_function(1)",
    "from seq_scan()",
    "from import_database('{outside}')",
    "from register_external_resource_type('a')",
    "select query('drop view bins')",
    "selec 1",
    "select '\x00",
    "select " + "(" * 3000 + "1" + ")" * 3000,
    "select " + "+".join(["1"] * 3000),
]
"""Nothing but the refusal of these can be seen."""

BOMBS = [
    "with recursive t(n) as (select 1 union all select n + 1 from t) select count(*) from t",
    "with recursive t(n) as (select 1 union all select n + 1 from t, range(3)) select count(*) from t",
    "select count(*) from range(1000000) a, range(1000000) b, range(1000000) c where a.range < b.range + c.range",
    "select count(*) from bins a, items b, observations c, range(1000000000) d where hash(a.bin_id, d.range) = 1",
    "select sum(hash(range)) from range(1000000000000)",
    "select count(*) from generate_series(1, 9223372036854775806)",
    "from range(10000000000) order by hash(range)",
    "select count(distinct range) from range(100000000000)",
    "select max(length(repeat('x', 1000) || range)) from range(1000000000)",
    "select count(*) from " + ", ".join(f"range(10) t{number}" for number in range(40)),
]
"""Each goes on for hours, in steps that DuckDB can end."""

STUCK = [
    "select sleep_ms(600000)",
    "select levenshtein(repeat('a', 1000000), repeat('b', 1000000))",
    " union all ".join(["select 1"] * 20_000),
]
"""Each goes on for minutes in one step, so that DuckDB alone doesn't end it."""

LARGE = [
    "select list(range) from range(10000000000)",
    "select list_sum(range(3000000000))",
    "select length(repeat('x', 4000000000))",
    "select length(string_agg(repeat('x', 10000000), '')) from range(1000)",
    "select max(len(range(r, 100000000 + r))) from range(1000) t(r)",
]
"""Each needs many GB in memory."""


def plant(outside: Path, release: Path) -> dict[str, str]:
    """Make the canaries, and links to them in the release; returns what the names in braces stand for."""
    outside.mkdir()
    (outside / "canary.csv").write_text(f"a,{SECRET}\n1,{SECRET}\n")
    (outside / "canary.json").write_text(f'{{"a": "{SECRET}"}}\n')
    (outside / f"{SECRET}.txt").touch()
    with duckdb.connect(str(outside / "canary.duckdb")) as connection:
        connection.execute(f"create table canary as select '{SECRET}' as {SECRET}")
        target = f"'{outside}/canary.parquet'"
        connection.execute(f"copy canary to {target} (format parquet, kv_metadata {{secret: '{SECRET}'}})")
        connection.execute(f"export database '{outside}/exported'")
    (release / "link.csv").symlink_to(outside / "canary.csv")
    (release / "linked").symlink_to(outside)
    (release / "x").mkdir()
    (release / "planted.parquet").symlink_to(outside / "canary.parquet")
    up = outside.relative_to(release.anchor)
    climb = "/".join([".."] * (len(release.parts) - 1))
    return {"outside": str(outside), "release": str(release), "climb": f"{release}/{climb}/{up}", "up": f"{climb}/{up}"}


def fill(attempt: str, places: dict[str, str]) -> str:
    """An attempt on the places that `plant` made."""
    for name, place in places.items():
        attempt = attempt.replace(f"{{{name}}}", place)
    return attempt
