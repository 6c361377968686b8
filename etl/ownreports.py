"""The reports of a user's own folder, beside ours: never in place of them.

A file that is no report takes nothing away but itself: whoever reads the folder is told what is wrong with it.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

from etl.errors import UsageError
from etl.reportfile import MistakesError, Taken, find_name_mistakes, read_report
from etl.reports import Report, load_reports, suggest_report
from etl.sqlfiles import SQL_ROOT

REPORTS_DIR_VARIABLE = "ABID_REPORTS_DIR"
_TEMPLATE = SQL_ROOT / "template.sql"
_NOTHING_TAKEN = Taken()


@dataclass(frozen=True, slots=True)
class OwnReports:
    """Reports by name, and what is wrong with the files that are none, by their names; by "" with the folder."""

    taken: Taken
    reports: dict[str, Report] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)


def name_folder(folder: Path | str | None) -> Path | None:
    """The folder of own reports: that one, or the one of the environment."""
    named = folder or os.environ.get(REPORTS_DIR_VARIABLE)
    return Path(named).expanduser() if named else None


def read_own_reports(folder: Path | None, taken: Taken = _NOTHING_TAKEN) -> OwnReports:
    """The reports of a folder, in the order of their names."""
    own = OwnReports(taken)
    if folder is None:
        return own
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == ".sql" and not path.name.startswith("."))
    except OSError as error:
        own.faults[""] = f"{folder}, named as the folder of your reports: {error.strerror}"
        return own
    for path in paths:
        try:
            own.reports[path.stem] = read_report(path, taken)
        except MistakesError as error:
            own.faults[path.stem] = str(error)
    return own


def find_any_report(name: str, reports_dir: Path | str | None) -> Report:
    """The report of that name, ours or one of the folder; without one, of the folder that the environment names.

    Raises:
        UsageError: there is none, its file is no report, or both have it.
    """
    own = read_own_reports(name_folder(reports_dir))
    if name in own.faults:
        raise UsageError(own.faults[name])
    reports = load_reports() | own.reports
    if name not in reports:
        told = [f"there is no report {name}: {suggest_report(name, reports)}", *own.faults.values()]
        raise UsageError("\n".join(told))
    return reports[name]


def write_template(name: str, folder: Path, taken: Taken) -> Path:
    """Write a report that works at once, for its user to change; returns where it is.

    Raises:
        UsageError: there is a file of that name, or no report can have it.
    """
    path = folder / f"{name}.sql"
    if mistakes := list(find_name_mistakes(name, taken)):
        raise UsageError("\n".join(mistake.said for mistake in mistakes))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(_TEMPLATE.read_text(encoding="utf-8").replace("my-report", name))
    except FileExistsError as error:
        raise UsageError(f"{path} is there already: choose another name, or remove it") from error
    return path
