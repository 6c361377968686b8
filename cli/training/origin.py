"""What names the making of a file: the release, the seed, and the command that makes it anew."""

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from etl.result import Result

Origin = dict[str, str | int]
_NOT_TOLD = ("task", "timeout", "memory", "data_dir")
"""Arguments that change nothing of what is made but how it is come by; a task is told first."""


def spell_command(context: typer.Context, *arguments: str, **chosen: object) -> str:
    """The command that makes the same: what is the default, or changes nothing of it, is left out.

    It can be run anywhere. `chosen` are the values of options whose own say less than was made of them, or where.
    """
    words = ["abid-report", str(context.command.name), *arguments]
    values = context.params | chosen
    for option in context.command.params:
        value = values.get(option.name or "")
        if option.name in _NOT_TOLD or value in (None, (), []) or value == option.get_default(context):
            continue
        for one in value if isinstance(value, list | tuple) else [value]:
            words += [max(option.opts, key=len), *([] if one is True else [str(one)])]
    return shlex.join(words)


def stamp_rows(result: "Result", origin: Origin) -> "Result":
    """The same rows, each of which ends with its origin."""
    columns = ", ".join(f"${name} as {name}" for name in origin)
    query = f"select *, {columns} from ({result.query})"
    return replace(result, query=query, parameters={**result.parameters, **origin})


def stamp_file(result: "Result", origin: Origin) -> "Result":
    """The same rows; a Parquet file of them names their origin beside them."""
    return replace(result, metadata={name: str(value) for name, value in origin.items()})
