"""Every report as a user runs it, a whole process, beside the DuckDB shell with the same SQL on the same files.

The shell is a program without an interpreter, so the ratio leaves out what starting ours takes: that of `abid-report
schema bins`, which opens DuckDB and prints a table, but reads no release. The shell's own start stays in.
"""

import statistics
from pathlib import Path

import duckdb
from bench.measure import BIN, best_of, run_process
from bench.results import Figure, Result
from bench.sizes import Place, Sizes, count_bytes

from etl.catalog import CATALOG
from etl.parameters import Value
from etl.reports import Report, bind_parameters, load_reports
from etl.sqlfiles import read_folder
from etl.warehouse import Warehouse

_ROUNDS = 5
_RECEIPT = {"receipt"}  # reads the manifest, which is no table of the shell


def measure_reports(place: Place, sizes: Sizes) -> Result:
    """Those that take longest first, and before them what they have in common."""
    seconds, ratios = _compare_reports(place.make_release(sizes.reports))
    slowest, worst = max(seconds, key=seconds.__getitem__), max(ratios, key=ratios.__getitem__)
    help_, median = best_of(_ROUNDS, BIN / "abid-report", "--help"), statistics.median(seconds.values())
    figures = {
        "help": Figure("`abid-report --help`", help_, "s", aim="at most 0.2 s"),
        "slowest": Figure("the slowest report", seconds[slowest], "s", aim="at most 1.0 s", note=f"`{slowest}`"),
        "median": Figure("the median report", median, "s", aim="at most 0.4 s"),
        "worst": Figure("the worst beside the shell", ratio=ratios[worst], aim="at most 2x", note=f"`{worst}`"),
    }
    for name in sorted(seconds, key=seconds.__getitem__, reverse=True):
        aim = _AIMS.get(name, "")
        figures[f"report {name}"] = Figure(f"`abid-report {name}`", seconds[name], "s", ratio=ratios.get(name), aim=aim)
    figures |= _measure_site(place.make_release(sizes.site), place.folder / "site", sizes.site)
    about = f"{sizes.reports:,} bins, medians of {_ROUNDS}"
    return Result("reports", about, figures, versions={"DuckDB": duckdb.__version__})


def _compare_reports(data: Path) -> tuple[dict[str, float], dict[str, float]]:
    given = _find_things(data)
    seconds: dict[str, float] = {}
    ratios: dict[str, float] = {}
    for name, report in load_reports().items():
        wanted = given.get(name, [])
        command: list[str | Path] = [BIN / "abid-report", name, *wanted, "--data-dir", data]
        query = "select 1" if name in _RECEIPT else _write_query(report, wanted)
        seconds[name], ratio = _compare(command, [*_open_shell(data), query])
        if name not in _RECEIPT:
            ratios[name] = ratio
    return seconds, ratios


def _measure_site(data: Path, site: Path, bins: int) -> dict[str, Figure]:
    seconds = best_of(_ROUNDS, BIN / "abid-report", "site", site, "--data-dir", data, "--quiet")
    return {
        "site": Figure(f"`abid-report site` of {bins:,} bins", seconds, "s", aim="at most 2 s"),
        "site-size": Figure("size of that site", count_bytes(site) / 1e6, "MB", aim="at most 5 MB"),
    }


_AIMS = dict.fromkeys(("bin", "item"), "at most 0.35 s")


def _find_things(data: Path) -> dict[str, list[str]]:
    """What the reports that look something up are asked for: a bin and an item as good as any other."""
    with Warehouse.open(data) as warehouse:
        [(asin, name)] = warehouse.sql("select asin, name from items order by md5(asin) limit 1").rows()
        [(bin_id,)] = warehouse.sql("select bin_id from bins order by md5(bin_id) limit 1").rows()
    return {"bin": [bin_id], "item": [asin], "search": [" ".join(name.split()[:2])]}


def _write_query(report: Report, wanted: list[str]) -> str:
    """The report as a script of the shell, with the macros that it needs and its parameters bound."""
    required = [parameter.variable for parameter in report.parameters if parameter.default is None]
    given: dict[str, Value] = dict(zip(required, wanted, strict=True))
    values = bind_parameters(report, given)
    macros = "\n".join(file.query.replace(" macro ", " temp macro ") for file in read_folder("macros").values())
    if not values:
        return f"{macros}\n{report.query}"
    bound = ", ".join(f'"{name}" := {_quote(value)}' for name, value in values.items())
    return f"{macros}\nprepare report as {report.query};\nexecute report({bound})"


def _quote(value: Value) -> str:
    return f"'{value.replace(chr(39), chr(39) * 2)}'" if isinstance(value, str) else str(value)


def _open_shell(data: Path) -> list[str | Path]:
    return [BIN / "duckdb", "-readonly", "-bail", data / "warehouse" / "current" / CATALOG, "-c"]


def _compare(report: list[str | Path], shell: list[str | Path]) -> tuple[float, float]:
    """The median seconds of a report, and its ratio to the shell's; they take turns, as machines are noisy."""
    commands = (report, [BIN / "abid-report", "schema", "bins"], shell)
    rounds = [[run_process(*command).seconds for command in commands] for _ in range(_ROUNDS)]
    ours, start, theirs = (statistics.median(seconds) for seconds in zip(*rounds, strict=True))
    return ours, (ours - start) / theirs
