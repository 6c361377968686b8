"""The programs that a release can be connected to: their templates, and where they look for it."""

import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from etl.connect.languages import LANGUAGES, Language
from etl.errors import UsageError
from etl.sqlfiles import SqlFile, read_file

_TEMPLATES = Path(__file__).parent / "templates"
_SEGMENT = r"[A-Za-z0-9._=+@~-]+"
_PLACES = {
    "file": re.compile(rf"file://(/{_SEGMENT})+/?"),
    "gs": re.compile(rf"gs://[a-z0-9][a-z0-9._-]{{1,61}}[a-z0-9](/{_SEGMENT})*/?"),
    "s3": re.compile(rf"s3://[a-z0-9][a-z0-9.-]{{1,61}}[a-z0-9](/{_SEGMENT})*/?"),
}
_EXAMPLES = {"file": "file:///lake/abid", "gs": "gs://lake/abid", "s3": "s3://lake/abid"}


@dataclass(frozen=True, slots=True)
class Tool:
    """A template: what its header says, and the lines to fill in."""

    name: str
    title: str
    language: Language
    about: str
    untested: str
    schemes: tuple[str, ...]
    refuses: str
    types: dict[str, str]
    column: str
    longest: int
    lines: str


@cache
def load_tools() -> dict[str, Tool]:
    """All tools by name, in the order of their names."""
    return {path.stem: _load(read_file(path)) for path in sorted(_TEMPLATES.glob("*.txt"))}


def find_tool(name: str) -> Tool:
    """The tool of that name.

    Raises:
        UsageError: there is none; the message suggests the nearest.
    """
    tools = load_tools()
    if name.lower() not in tools:
        near = get_close_matches(name.lower(), tools, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(tools)}"
        raise UsageError(f"there are no lines for {name}: {hint}")
    return tools[name.lower()]


def check_location(tool: Tool, location: str | None, release_id: str) -> str:
    """Where the copy of the release lies that `tool` reads, without a slash at its end; empty if it reads no copy.

    Raises:
        UsageError: it isn't named, or isn't a place where the tool reads, or the tool reads no copy.
    """
    if not tool.schemes:
        if location:
            copies = ", ".join(name for name, other in load_tools().items() if other.schemes)
            raise UsageError(f"{tool.name} reads the release where it is: --location is for {copies}")
        return ""
    # A folder for each: files of the next release over those of this one would be neither.
    examples = " or ".join(f"{_EXAMPLES[scheme]}/{release_id}" for scheme in tool.schemes)
    if not location:
        raise UsageError(f"{tool.name} reads a copy of the release: say where you keep it, as in --location {examples}")
    if not any(_PLACES[scheme].fullmatch(location) for scheme in tool.schemes):
        raise UsageError(
            f"--location {location}: {tool.name} reads a copy at a place like {examples}; after its bucket, a place is "
            "spelled with letters, digits and ._=+@~-"
        )
    return location.rstrip("/")


def _load(file: SqlFile) -> Tool:
    return Tool(
        name=file.name,
        title=file.text_of("title"),
        language=LANGUAGES[file.text_of("language")],
        about=file.text_of("about"),
        untested=file.text_of("untested"),
        schemes=tuple(file.text_of("location").split()),
        refuses=file.text_of("refuses"),
        types=dict(pair.split("=") for pair in file.text_of("types").split()),
        column=file.text_of("column"),
        longest=int(file.text_of("longest") or 0),
        lines=file.query,
    )
