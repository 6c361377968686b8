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
    """One file: its name, the fields of its header (continuation lines kept, separated by newlines), and its query."""

    name: str
    path: Path
    fields: dict[str, str]
    query: str

    def text_of(self, field: str) -> str:
        """A field as one line of prose; empty when there is none."""
        return " ".join(self.fields.get(field, "").split())

    def rows_of(self, field: str) -> list[str]:
        """A field's lines, for one that holds a table; deeper indented lines continue the row above."""
        rows: list[str] = []
        for line in self.fields.get(field, "").splitlines():
            if line.startswith("   ") and rows:
                rows[-1] += " " + line.strip()
            elif line.strip():
                rows.append(line.strip())
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
    text = path.read_text(encoding="utf-8")
    header = _HEADER.match(text)
    if not header:
        raise ValueError(f"{path} doesn't begin with a header comment")
    return SqlFile(path.stem, path, _parse_fields(header.group(1)), text[header.end() :].strip())


def _parse_fields(header: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    last = ""
    for line in header.splitlines():
        if match := _FIELD.fullmatch(line):
            last = match.group(1)
            fields[last] = match.group(2)
        elif last:
            fields[last] += "\n" + line
    return fields
