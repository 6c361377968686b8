"""Every report as a user runs it, a whole process, beside the DuckDB shell with the same SQL on the same files.

The shell is a program without an interpreter, so the ratio leaves out what starting ours takes: that of `abid-report
schema bins`, which opens DuckDB and prints a table, but reads no release. The shell's own start stays in.
"""

import statistics
from pathlib import Path

from bench.measure import BIN, Row, best_of, run_process

from etl.catalog import CATALOG
from etl.parameters import Value
from etl.reports import Report, bind_parameters, load_reports
from etl.sqlfiles import read_folder
from etl.warehouse import Warehouse

_ROUNDS = 5
_RECEIPT = {"receipt"}  # reads the manifest, which is no table of the shell


def measure_reports(data: Path) -> list[Row]:
    """A row a report, those that take longest first, and before them what they have in common."""
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
    slowest, worst = max(seconds, key=seconds.__getitem__), max(ratios, key=ratios.__getitem__)
    help_ = best_of(_ROUNDS, BIN / "abid-report", "--help")
    return [
        ("`abid-report --help`", f"{help_:.2f} s", "at most 0.2 s", ""),
        ("the slowest report", f"{seconds[slowest]:.2f} s", "at most 1.0 s", f"`{slowest}`"),
        ("the median report", f"{statistics.median(seconds.values()):.2f} s", "at most 0.4 s", ""),
        ("the worst beside the shell", "", "at most 2x", f"{ratios[worst]:.2f}x, `{worst}`"),
        *(
            (f"`abid-report {name}`", f"{seconds[name]:.2f} s", _AIMS.get(name, ""), _show(ratios.get(name)))
            for name in sorted(seconds, key=seconds.__getitem__, reverse=True)
        ),
    ]


def measure_site(scratch: Path, bins: int = 3_004) -> list[Row]:
    """The site of a release as large as a sample that a person would look through."""
    bucket, data, site = scratch / "small", scratch / "small-data", scratch / "site"
    run_process(BIN / "abid-etl", "synthesize", bucket, "--bins", str(bins), "--seed", "1", "--quiet")
    run_process(BIN / "abid-etl", "run", bucket, "--data-dir", data, "--quiet")
    seconds = best_of(_ROUNDS, BIN / "abid-report", "site", site, "--data-dir", data, "--quiet")
    size = sum(path.stat().st_size for path in site.rglob("*") if path.is_file())
    return [
        (f"`abid-report site`, {bins:,} bins", f"{seconds:.1f} s", "at most 2 s", ""),
        ("size of that site", f"{size / 1e6:.1f} MB", "at most 5 MB", ""),
    ]


_AIMS = dict.fromkeys(("bin", "item"), "at most 0.35 s")


def _show(ratio: float | None) -> str:
    return f"{ratio:.2f}x" if ratio is not None else ""


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
