"""A report that a user wrote: its file has the header that ours have, and every mistake in it is told with its line.

What the header's lines themselves must look like, `etl.parameters` and `etl.charts` say; here is what must hold between
them, and between the file and the commands and options that there are already.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from keyword import iskeyword
from operator import attrgetter
from pathlib import Path

from etl.charts import parse_chart
from etl.errors import UsageError
from etl.parameters import parse_parameter
from etl.reports import GROUPS, OWN, Report, load_report, load_reports
from etl.sqlfiles import SqlFile, read_file

_NEEDED = ("report", "title", "group", "about", "example")
_FIELDS = (*_NEEDED, "parameters", "chart", "empty")
_GROUPS = (OWN, *GROUPS)
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_OPTIONS = frozenset({"help", "where", "sample", "reports-dir"})


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong on a line of a file, and what to do about it."""

    line: int
    said: str


class MistakesError(UsageError):
    """A file isn't a report. The message has a line for each mistake."""

    def __init__(self, path: Path, mistakes: list[Mistake]) -> None:
        super().__init__("\n".join(f"{path}, line {mistake.line}: {mistake.said}" for mistake in mistakes))


@dataclass(frozen=True, slots=True)
class Taken:
    """Names that others have already: commands that are no reports, and options that every report takes."""

    commands: frozenset[str] = frozenset()
    options: frozenset[str] = field(default=_OPTIONS)


def read_report(path: Path, taken: Taken) -> Report:
    """The report of a user's file. Its query is only read, not tried.

    Raises:
        MistakesError: it isn't one.
    """
    file = _open(path)
    mistakes = list(find_name_mistakes(path.stem, taken)) or list(find_header_mistakes(file, taken))
    if mistakes:
        raise MistakesError(path, sorted(mistakes, key=attrgetter("line")))
    return replace(load_report(file, _GROUPS), group=OWN)


def _open(path: Path) -> SqlFile:
    try:
        if path.is_file():
            return read_file(path)
        said = "no file is there"
    except UnicodeDecodeError:
        said = "it isn't text in UTF-8"
    except OSError as error:
        said = f"it can't be read ({error.strerror})"
    except ValueError as error:
        said = str(error).removeprefix(f"{path}: ")
    raise MistakesError(path, [Mistake(1, f"{said}: `abid-report new NAME` writes a report that works")])


def find_name_mistakes(name: str, taken: Taken) -> Iterator[Mistake]:
    """What speaks against a report of this name."""
    if not _NAME.fullmatch(name):
        yield Mistake(1, f"{name} can't be a command: name the file with small letters, digits and hyphens")
    if ours := load_reports().get(name):
        yield Mistake(1, f"the report {name} of {ours.path} is called so already: rename the file, and `report:` in it")
    if name in taken.commands:
        yield Mistake(1, f"`abid-report {name}` is a command already: rename the file, and `report:` in it")


def find_header_mistakes(file: SqlFile, taken: Taken) -> Iterator[Mistake]:
    """What is wrong with the header of a report, ours or a user's."""
    yield from _find_field_mistakes(file)
    yield from _find_value_mistakes(file)
    yield from _find_parameter_mistakes(file, taken)


def _find_field_mistakes(file: SqlFile) -> Iterator[Mistake]:
    for name, line in file.lines.items():
        if name not in _FIELDS:
            near = get_close_matches(name, _FIELDS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(_FIELDS)}"
            yield Mistake(line, f"a report's header has no line `{name}:`: {hint}")
    for number, line_ in enumerate(file.path.read_text(encoding="utf-8-sig").splitlines()[: file.query_line - 1], 1):
        name = line_.partition(":")[0]
        if file.lines.get(name, number) > number:
            yield Mistake(file.lines[name], f"`{name}:` is there already on line {number}: remove one")
    for name in _NEEDED:
        if not file.text_of(name):
            yield Mistake(file.lines.get(name, 1), f"the header needs a line `{name}: ...`")


def _find_value_mistakes(file: SqlFile) -> Iterator[Mistake]:
    name, group, example = map(file.text_of, ("report", "group", "example"))
    if name and name != file.name:
        yield Mistake(file.lines["report"], f"the report is called as its file is: write `report: {file.name}`")
    if group and group not in _GROUPS:
        yield Mistake(file.lines["group"], f"there is no group {group}: write `group: {OWN}`")
    if example and example.split()[:2] != ["abid-report", file.name]:
        yield Mistake(file.lines["example"], f"an example shows the call: `example: abid-report {file.name} ...`")
    try:
        parse_chart(file.text_of("chart"), file.path)
    except ValueError as error:
        yield Mistake(file.lines["chart"], _without_path(error, file))


def _find_parameter_mistakes(file: SqlFile, taken: Taken) -> Iterator[Mistake]:
    lines: dict[str, int] = {}
    for line, row in file.numbered_rows_of("parameters"):
        try:
            name = parse_parameter(row, file.path).name
        except ValueError as error:
            yield Mistake(line, _without_path(error, file))
            continue
        if name in lines:
            yield Mistake(line, f"the parameter {name} is there already on line {lines[name]}: remove one")
        if name in taken.options or iskeyword(name):
            yield Mistake(line, f"{name} means something else already: give the parameter another name")
        lines[name] = line


def _without_path(error: ValueError, file: SqlFile) -> str:
    return str(error).removeprefix(f"{file.path}: ")
