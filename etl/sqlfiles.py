"""The .sql files: where they are, and what their headers say.

Every file opens with one comment of `key: value` lines, indented lines continuing the one above. The header is the
only place where a model's columns, a check's rule or a report's parameters are described; everything that shows them
(schemas, comments in the database, help texts) takes them from here.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SQL_ROOT = Path(__file__).resolve().parent.parent / "sql"
"""Beside this package, in a checkout as in an installed wheel."""

_HEADER = re.compile(r"\A\s*/\*\n(.*?)\n\*/\n?", re.DOTALL)
_FIELD = re.compile(r"([a-z_]+):[ ]*(.*)")


@dataclass(frozen=True, slots=True)
class SqlFile:
    """One file: its name, the fields of its header (continuation lines kept, separated by newlines), and its query.

    Lines are counted from 1: those on which the fields begin, and the one on which the query does.
    """

    name: str
    path: Path
    fields: dict[str, str]
    query: str
    lines: dict[str, int]
    query_line: int

    def text_of(self, field: str) -> str:
        """A field as one line of prose; empty when there is none."""
        return " ".join(self.fields.get(field, "").split())

    def rows_of(self, field: str) -> list[str]:
        """A field's lines, for one that holds a table; deeper indented lines continue the row above."""
        return [row for _, row in self.numbered_rows_of(field)]

    def numbered_rows_of(self, field: str) -> list[tuple[int, str]]:
        """The same, each row with the line of the file on which it begins."""
        rows: list[tuple[int, str]] = []
        for number, line in enumerate(self.fields.get(field, "").splitlines(), self.lines.get(field, 1)):
            if line.startswith("   ") and rows:
                rows[-1] = (rows[-1][0], f"{rows[-1][1]} {line.strip()}")
            elif line.strip():
                rows.append((number, line.strip()))
        return rows


@cache
def read_folder(kind: str) -> dict[str, SqlFile]:
    """The files of `sql/<kind>/` by name, in the order of their names."""
    return {path.stem: read_file(path) for path in sorted((SQL_ROOT / kind).glob("*.sql"))}


def read_file(path: Path) -> SqlFile:
    """One file.

    Raises:
        ValueError: it has no header.
    """
    text = path.read_text(encoding="utf-8-sig")
    header = _HEADER.match(text)
    if not header:
        raise ValueError(f"{path}: it doesn't begin with a header, from a line /* to a line */")
    fields, lines = _parse_fields(header.group(1), _count_lines(text[: header.start(1)]))
    rest = text[header.end() :]
    start = header.end() + len(rest) - len(rest.lstrip())
    return SqlFile(path.stem, path, fields, rest.strip(), lines, _count_lines(text[:start]))


def _count_lines(text: str) -> int:
    """The line on which what follows `text` begins."""
    return text.count("\n") + 1


def _parse_fields(header: str, first_line: int) -> tuple[dict[str, str], dict[str, int]]:
    """The fields, and the line of each."""
    fields: dict[str, str] = {}
    lines: dict[str, int] = {}
    last = ""
    for number, line in enumerate(header.splitlines(), first_line):
        if match := _FIELD.fullmatch(line):
            last = match.group(1)
            fields[last], lines[last] = match.group(2), number
        elif last:
            fields[last] += "\n" + line
    return fields, lines
