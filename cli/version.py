"""The option --version of both commands."""

from typing import Annotated

import typer

from cli.stdout import print_text
from etl import __version__


def _print_version(asked: bool) -> None:  # noqa: FBT001  (typer's signature for a callback)
    if asked:
        print_text(__version__)
        raise typer.Exit


VersionOption = Annotated[
    bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
]
