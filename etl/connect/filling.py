"""From a template to lines that can be pasted: its places are filled with the paths and columns of one release.

The release is named by its own folder and not by `current`, which is another one tomorrow: a program that opens file
after file would then read two of them as one.
"""

import re
import textwrap
from collections.abc import Iterator

from etl.connect.places import OF_RELEASE, OF_TABLE, PLACE, Connection, substitute
from etl.connect.tools import Tool
from etl.errors import UsageError
from etl.models import Model, load_tables
from etl.release import Release

_WIDTH = 100
_CODE = re.compile(r"`[^`]+`")
_NO_BREAK = "\xa0"


def fill_template(tool: Tool, release: Release, location: str) -> str:
    """The lines that connect `tool` to `release`, below a comment that says what they are.

    Raises:
        UsageError: the path of the release can't be written there, or its catalog leads elsewhere.
    """
    connection = Connection(tool, release, location)
    _require_plain(connection)
    paragraphs = [_fill_paragraph(connection, paragraph) for paragraph in tool.lines.split("\n\n")]
    return "\n\n".join([_describe(connection), *paragraphs])


def _require_plain(connection: Connection) -> None:
    path, tool = str(connection.release.path), connection.tool
    if not path.isprintable():  # neither are surrogates, which stand for bytes that aren't UTF-8
        raise UsageError(f"the path {path!r} has characters that can't be pasted: move the data directory")
    if found := sorted(set(tool.refuses.split()) & set(path)):
        raise UsageError(
            f"{tool.name} has no way to spell a path with {' '.join(found)} in it: move the data directory away from "
            f"{path}"
        )


def _describe(connection: Connection) -> str:
    tool = connection.tool
    said = [
        f"{tool.title}.",
        _describe_release(connection),
        _fill_all(connection, tool.about),
        f"Not run by our tests: {tool.untested}" if tool.untested else "",
    ]
    mark = f"{tool.language.comment} "
    wrapper = textwrap.TextWrapper(_WIDTH, initial_indent=mark, subsequent_indent=mark, break_on_hyphens=False)
    return "\n".join(line.replace(_NO_BREAK, " ") for text in said for line in wrapper.wrap(_CODE.sub(_hold, text)))


def _describe_release(connection: Connection) -> str:
    if "{{data dir}}" in connection.tool.lines:
        return "It takes the release that is current when the lines are run."
    where = f"copied to {connection.location}" if connection.location else "in its own folder"
    return (
        f"This is release {connection.release.id}, {where}: that never changes, while `current` moves on, also between "
        f"two files that a program opens. When another is published, run `abid-report connect {connection.tool.name}` "
        "again; old ones are pruned."
    )


def _hold(code: re.Match[str]) -> str:
    """A command, which mustn't be broken: it is there to be copied."""
    return code[0].replace(" ", _NO_BREAK)


def _fill_paragraph(connection: Connection, paragraph: str) -> str:
    """The paragraph; or as many as there are tables, one below the other if it is a single line."""
    if not set(PLACE.findall(paragraph)) & OF_TABLE.keys():
        return _fill_all(connection, paragraph)
    filled = ["\n".join(_fill_lines(connection, model, paragraph)) for model in load_tables().values()]
    return ("\n\n" if "\n" in paragraph else "\n").join(filled)


def _fill_all(connection: Connection, text: str) -> str:
    return PLACE.sub(lambda place: OF_RELEASE[place[1]](connection), text)


def _fill_lines(connection: Connection, model: Model, paragraph: str) -> Iterator[str]:
    """Its lines for one table, but for those that name what the table doesn't have."""
    for line in paragraph.split("\n"):
        names = set(PLACE.findall(line))
        values = {name: OF_TABLE[name](connection, model) for name in names & OF_TABLE.keys()}
        if all(values.values()):
            others = {name: OF_RELEASE[name](connection) for name in names - values.keys()}
            yield substitute(line, values | others)
