"""Reading a release: canned reports, SQL, tables. The same from Python as from the command line.

A warehouse is opened on one release and stays on it, whatever is published or pruned meanwhile. Its connection can read
that release and nothing else: no other file, no network, no extension, no changed setting; and it writes nothing but
what it can't hold in memory, to a folder of its own. Neither PyArrow, Polars nor pandas is imported before a result is
asked for in their form.
"""

import os
import shutil
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb

from etl.catalog import create_views
from etl.chosenbins import choose_bins
from etl.cursors import Cursors
from etl.datadir import DataDir
from etl.errors import QueryError, UsageError, explain_damage
from etl.figures import Figures, compute_figures
from etl.globs import escape_glob
from etl.limits import Limits, name_spill, set_limits
from etl.models import SCHEMA_VERSION, define_macros, load_views
from etl.ownreports import find_any_report
from etl.parameters import Value
from etl.queryerrors import explaining
from etl.reading import require_reading
from etl.receipt import register_receipt
from etl.release import Release, hold_release
from etl.reports import Report, bind_parameters
from etl.result import Result

_NO_TIME_LIMIT = Limits()


@dataclass(frozen=True, slots=True)
class Warehouse:
    """One release, open for reading until it is closed, or nothing refers to it any more."""

    release: Release
    connection: duckdb.DuckDBPyConnection
    limits: Limits
    spill: Path
    _cursors: Cursors
    _letting_go: Callable[[], object]

    @classmethod
    def open(cls, data_dir: Path | str, limits: Limits = _NO_TIME_LIMIT) -> "Warehouse":
        """Open the current release below `data_dir`, each query of which is held to `limits`.

        Raises:
            UsageError: there is none, it is damaged, or its tables are those of another version.
        """
        release, held = hold_release(DataDir(Path(data_dir)))
        spill = name_spill()
        try:
            _require_known(release)
            connection = _connect(release, limits, spill)
        except BaseException:
            os.close(held)
            raise
        letting_go = weakref.finalize(connection, _let_go, held, spill)
        return cls(release, connection, limits, spill, Cursors(connection), letting_go)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the release; results can't be asked for any more."""
        self.connection.close()  # and all that were opened from it
        self._letting_go()

    def interrupt(self) -> None:
        """Cancel what is being asked, from another thread: whoever asked gets an InterruptedQueryError."""
        self._cursors.interrupt()

    def connect(self) -> duckdb.DuckDBPyConnection:
        """A connection for one query; a second one on it would end the rows of the first."""
        return self._cursors.open()

    def report(
        self,
        report: str | Report,
        /,
        *,
        where: Any = None,
        sample: Any = None,
        reports_dir: Any = None,
        **parameters: Value,
    ) -> Result:
        """A report, with its parameters by name: `report("quantity-histogram", id_style="padded")`.

        `where` (a list of conditions as "expected_quantity >= 10", or one) and `sample` (a number of bins) choose the
        bins that it is about; `reports_dir` (a path) holds your own reports, without it the folder of ABID_REPORTS_DIR.

        Raises:
            UsageError: no such report, or parameters or a choice that it doesn't take.
            QueryError: the query of an own report isn't exactly one statement that only reads.
        """
        found = find_any_report(report, reports_dir) if isinstance(report, str) else report
        require_reading(self.connect(), found.query)
        bound = bind_parameters(found, parameters)
        return Result(self._choose(found, where, sample), found.query, bound)

    def figures(
        self,
        report: str | Report,
        /,
        *,
        where: Any = None,
        sample: Any = None,
        reports_dir: Any = None,
        **parameters: Value,
    ) -> Figures | None:
        """Mean, median, percentiles and maximum of what a histogram counts, asked for as its report is.

        None for a report that has no such figures, or counts nothing.
        """
        found = find_any_report(report, reports_dir) if isinstance(report, str) else report
        bound = bind_parameters(found, parameters)
        with explaining(found.query):
            return compute_figures(self._choose(found, where, sample)(), found, bound)

    def sql(self, query: str, /, **parameters: Value) -> Result:
        """Any query over the tables of the release; `$name` in it stands for the parameter `name`.

        Raises:
            QueryError: it isn't exactly one statement that only reads, or has no such parameter.
        """
        known = require_reading(self.connect(), query)
        if unknown := sorted(parameters.keys() - known):
            raise QueryError(f"the query has no parameter ${unknown[0]}: it has {', '.join(sorted(known)) or 'none'}")
        return Result(self.connect, query, parameters)

    def table(self, name: str) -> Result:
        """A whole table, in the order of its files; a view in that of its header.

        Raises:
            UsageError: there is no such table.
        """
        if view := load_views().get(name):
            return Result(self.connect, f"select * from {name} order by {view.order}")
        if name not in self.release.tables:
            known = [*self.release.tables, *load_views()]
            raise UsageError(f"there is no table {name}: there are {', '.join(known)}")
        return Result(self.connect, f"select * from {name}")

    def _choose(self, report: Report, where: Any, sample: Any) -> Callable[[], duckdb.DuckDBPyConnection]:
        if not where and sample is None:
            return self.connect
        if report.looks_up:
            raise UsageError(f"{report.name} looks up what it is told, in all bins: no bins can be chosen for it")
        choose = choose_bins(self.connect(), report.query, where, sample)
        return lambda: choose(self.connect())


def _require_known(release: Release) -> None:
    made = release.manifest["schema_version"]
    if made != SCHEMA_VERSION:
        raise UsageError(
            f"the tables of release {release.id} are of schema version {made}, and this program reads "
            f"{SCHEMA_VERSION}: make them anew with `abid-etl build`"
        )


def _connect(release: Release, limits: Limits, spill: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
    # Both the folder and the pattern that the views look for it with.
    folders = [f"{release.path}/", f"{escape_glob(release.path)}/"]
    connection.execute("set allowed_directories = $folders", {"folders": folders})
    define_macros(connection)
    with explain_damage(f"release {release.id}", "`abid-etl verify` says what is wrong with it."):
        create_views(connection, release.path)
    register_receipt(connection, release.manifest["receipt"])
    with explaining(""):
        set_limits(connection, limits, spill)
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    return connection


def _let_go(held: int, spill: Path) -> None:
    os.close(held)
    shutil.rmtree(spill, ignore_errors=True)
