"""`abid-report shell`: the DuckDB shell, which can read the release and nothing else."""

import fcntl
import hashlib
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import BIN, Run
from escapes import READS, SECRET, WRITES, fill, plant

from etl.build import build_release
from etl.datadir import DataDir
from etl.release import open_release

_COMMANDS = [
    ".shell touch {outside}/new",
    ".system touch {outside}/new",
    ".read {outside}/script.sql",
    ".import {outside}/canary.csv stolen",
    ".output {outside}/new",
    ".once {outside}/new",
    ".once |touch {outside}/new",
    ".output {release}/new",
    ".excel",
    ".log {outside}/new",
    ".cd /",
    ".edit",
    ".open {outside}/canary.duckdb",
    ".open :memory:",
    ".pager 'touch {outside}/new'",
    ".safe_mode off",
    "select getenv('HOME')",
    "set enable_external_access = true",
    "set lock_configuration = false",
    "reset allowed_directories",
    "pragma memory_limit = '100GB'",
    "install httpfs",
    "load httpfs",
    "create table t as select 1",
    "drop view bins",
    "insert into bins from bins",
]
# A kernel without Landlock, as a filter of system calls makes this one: number 444 isn't known.
_WITHOUT_LANDLOCK = """
import ctypes, os, struct, sys
load, equal, give = 0x20, 0x15, 0x06
rules = [(load, 0, 0, 0), (equal, 0, 1, 444), (give, 0, 0, 0x50000 | 38), (give, 0, 0, 0x7FFF0000)]
filters = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *rule) for rule in rules))
program = ctypes.create_string_buffer(struct.pack("HP", len(rules), ctypes.addressof(filters)))
prctl = ctypes.CDLL(None, use_errno=True).prctl
assert prctl(38, 1, 0, 0, 0) == 0 and prctl(22, 2, program, 0, 0) == 0, os.strerror(ctypes.get_errno())
os.execv(sys.argv[1], sys.argv[1:])
"""
_LOGGING = "enable_logging"  # is open to all whatever the settings are, and ends the shell when it can't write
_ANSWERS = {b"\x1b[c": b"\x1b[?62;c", b"\x1b[6n": b"\x1b[1;1R"}


@pytest.fixture(scope="module")
def places(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Canaries, and a release of its own to plant them in."""
    root = tmp_path_factory.mktemp("shell")
    shutil.copytree(data_dir, root / "data", symlinks=True)
    data = DataDir(root / "data")
    build_release(data)  # its views lead to where it is now
    (root / "script.sql").write_text(f"select '{SECRET}';")
    return plant(root / "outside", open_release(data).path) | {"data": str(data.root), "root": str(root)}


def ask(places: dict[str, str], script: str, *options: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [BIN / "abid-report", "shell", "--data-dir", places["data"], *options],
        input=script,
        cwd=places["outside"],
        env=os.environ | {"HOME": places["outside"], "NO_COLOR": "1"} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def hash_files(places: dict[str, str]) -> dict[str, str]:
    files = [path for path in Path(places["root"]).rglob("*") if path.is_file()]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_shell_has_the_tables_of_the_current_release(places: dict[str, str]) -> None:
    done = ask(places, ".mode csv\nfrom bins select bin_id order by all;\nselect count(*) from label_trust;")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == ["bin_id", "00001", "00002", "00523", "523", "count_star()", "4"]


def test_the_shell_can_neither_read_nor_write_anything_else(places: dict[str, str]) -> None:
    before = hash_files(places)
    attempts = [fill(query, places) for query in (*READS, *WRITES, *_COMMANDS) if _LOGGING not in query]
    script = [query if query.startswith(".") else f"{query};\nrollback;" for query in attempts]
    done = ask(places, "\n".join([*script, ".mode csv", "select count(*) as bins from bins;"]))
    assert SECRET not in done.stdout + done.stderr
    assert done.stdout.splitlines()[-2:] == ["bins", "4"]
    assert hash_files(places) == before


@pytest.mark.parametrize("place", ["{release}", "{outside}"])
def test_the_shell_writes_no_log(place: str, places: dict[str, str]) -> None:
    before = hash_files(places)
    ask(places, fill(f"call {_LOGGING}(storage = 'file', storage_path = '{place}/log');\nselect 1;", places))
    assert hash_files(places) == before


@pytest.mark.parametrize("place", ["{release}", "{outside}"])
def test_what_the_shell_starts_can_not_write_either(place: str, places: dict[str, str]) -> None:
    before = hash_files(places)
    shown = type_into(places, ".pager 'touch " + fill(place, places) + "/new'", ".pager on", "from bins;", ".exit")
    assert "Permission denied" in shown
    assert hash_files(places) == before


def test_a_system_that_can_not_forbid_to_write_says_so(places: dict[str, str]) -> None:
    shell = [str(BIN / "abid-report"), "shell", "--data-dir", places["data"]]
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_LANDLOCK, *shell],
        input=".mode csv\nselect count(*) as n from bins;",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.split()) == (0, ["n", "4"])
    assert "this system has no Landlock" in done.stderr


def test_a_query_of_the_shell_has_the_memory_that_it_is_given(places: dict[str, str]) -> None:
    script = ".mode csv\nselect current_setting('memory_limit') as memory, current_setting('temp_directory') as spill;"
    assert ask(places, script, "--memory", "1GiB").stdout.split() == ["memory,spill", "1.0", "GiB,"]


@pytest.fixture
def open_shell(places: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """A shell that waits for more."""
    command = [str(BIN / "abid-report"), "shell", "--data-dir", places["data"]]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(b"select 'rea' || 'dy';\n")
        process.stdin.flush()
        while b"ready" not in process.stdout.readline():
            assert process.poll() is None
        yield process
        process.stdin.close()


def test_the_release_is_held_until_the_shell_is_left(
    places: dict[str, str], open_shell: "subprocess.Popen[bytes]"
) -> None:
    folder = os.open(places["release"], os.O_RDONLY)
    with pytest.raises(BlockingIOError):
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert open_shell.stdin
    open_shell.stdin.close()
    open_shell.wait(60)
    fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(folder)


def test_without_a_shell_it_says_how_to_get_one(places: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "python").symlink_to(BIN / "python")
    script = "import sys, cli.report; sys.argv = ['abid-report', 'shell']; cli.report.main()"
    done = subprocess.run(
        [BIN / "python", "-c", f"import sys; sys.executable = '{tmp_path}/python'; {script}"],
        env={"PATH": str(tmp_path), "ABID_DATA_DIR": places["data"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith("pip install duckdb-cli\n")


def test_a_release_that_was_moved_is_built_anew_first(places: dict[str, str], tmp_path: Path, run: Run) -> None:
    shutil.copytree(places["data"], tmp_path / "moved", symlinks=True)
    done = run("abid-report", "shell", "--data-dir", tmp_path / "moved")
    assert done.returncode == 2
    assert "was moved" in done.stderr
    assert "`abid-etl build`" in done.stderr


def test_there_is_no_shell_without_a_release(run: Run) -> None:
    done = run("abid-report", "shell", "--data-dir", "nowhere")
    assert done.returncode == 2
    assert "there is no warehouse in nowhere yet" in done.stderr


def test_the_shell_is_one_to_type_into(places: dict[str, str]) -> None:
    assert "42" in type_into(places, "select 40 + 2;", ".exit")


def type_into(places: dict[str, str], *lines: str) -> str:
    """What a terminal shows, which answers where its cursor is whenever it is asked."""
    master, slave = pty.openpty()
    command = [str(BIN / "abid-report"), "shell", "--data-dir", places["data"]]
    environment = os.environ | {"TERM": "xterm", "HOME": places["outside"]}
    shown, waiting = b"", list(lines)
    with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment) as process:
        os.close(slave)
        while chunk := _read(master):
            shown += chunk
            for question, answer in _ANSWERS.items():
                if question in chunk:
                    os.write(master, answer)
            if b" D " in chunk:
                os.write(master, waiting.pop(0).encode() + b"\r")
    os.close(master)
    assert process.returncode == 0
    return shown.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other side is closed: that is how a terminal ends on Linux
        return b""
