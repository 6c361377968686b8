"""The DuckDB shell on a release. It is a program of its own, which takes the place of this process.

Its settings let it read the release and nothing else, its safe mode has no command that opens a file, and both are
locked. What they leave open is writing into the release, since DuckDB writes wherever it may read, and the program that
`.pager` names on a terminal. So the kernel forbids both to write, where it can (`etl.landlock`); what else a pager does
is up to whoever types its name.
"""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from etl.catalog import CATALOG, require_catalog
from etl.datadir import DataDir
from etl.errors import UsageError
from etl.globs import escape_glob, quote_text
from etl.landlock import forbid_writing
from etl.limits import Limits
from etl.release import Release, hold_release

_SHELL = "duckdb"
_HISTORY = Path("~/.duckdb_history")
_DEVICES = ("/dev/null", "/dev/tty")
_UNGUARDED = (
    "this system has no Landlock (Linux 5.13 or later has), so nothing keeps a `copy ... to` in the shell from writing "
    "into the release: `abid-report sql` does, and `abid-etl verify` finds out"
)


def exec_shell(data_dir: Path, limits: Limits, warn: Callable[[str], None]) -> None:
    """Become the shell on the current release below `data_dir`, which is held for as long as the shell runs.

    Where the kernel can't forbid it to write, `warn` is told so first.

    Raises:
        UsageError: there is no release, or its catalog leads elsewhere, or there is no shell.
    """
    program = _find_shell()
    release, held = hold_release(DataDir(data_dir))
    require_catalog(release.path)
    os.set_inheritable(held, True)  # noqa: FBT003  (no keyword; its lock lives as long as the descriptor does)
    if not forbid_writing(path for path in (*map(Path, _DEVICES), _HISTORY.expanduser()) if path.exists()):
        warn(_UNGUARDED)
    os.execv(program, [program, *_list_options(release, limits)])  # noqa: S606  (that is what is asked for)


def _find_shell() -> str:
    """The one beside the interpreter goes before others, for it is the one that was installed with us."""
    beside = shutil.which(_SHELL, path=str(Path(sys.executable).parent))
    if program := beside or shutil.which(_SHELL):
        return program
    raise UsageError(f"there is no {_SHELL} beside {sys.executable} or on the PATH: pip install duckdb-cli")


def _list_options(release: Release, limits: Limits) -> list[str]:
    # Both the folder and the pattern that the views look for it with.
    folders = ", ".join(quote_text(f"{folder}/") for folder in (release.path, escape_glob(release.path)))
    settings = (
        f"set memory_limit = '{limits.bytes // 1024}KiB'; set temp_directory = ''; "
        "set autoinstall_known_extensions = false; set autoload_known_extensions = false; "
        f"set allowed_directories = [{folders}];"
    )
    # Safe mode switches other access off, and locks the settings.
    return ["-readonly", "-no-init", "-cmd", settings, "-cmd", ".safe_mode", str(release.path / CATALOG)]
