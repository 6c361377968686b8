"""The commands, each forked from a process that has imported what they need: a start costs hundredths of a second.

What is started is a process of its own all the same, with arguments, environment, folder, streams and an exit code, and
it ends as any does. What the interpreter reads when it starts can't be given to it: then the command itself is started.
"""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Self

from commands import BIN

_COMMANDS = {"abid-etl": "cli.etl", "abid-report": "cli.report"}
_SCRIPTS = ("cli.site.artist", "cli.submitted")  # they run when they are imported
_LATE = ("altair", "pyspark.sql", "rich.table", "typer._adapters", "vl_convert")  # what functions import, and slowly
_LENGTH = 8  # bytes


class ForkServer:
    """The process that forks, and this side of the socket to it."""

    def __enter__(self) -> Self:
        self._socket, theirs = socket.socketpair()
        self._replies = self._socket.makefile()
        with theirs:
            command = [sys.executable, __file__, str(theirs.fileno())]
            self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        return self

    def __exit__(self, *_: object) -> None:
        self._replies.close()
        self._socket.close()
        self._process.wait()

    def run(
        self, command: str, arguments: Sequence[object], folder: Path, environment: dict[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        """As `subprocess.run` does, capturing text; `environment` comes on top of that of this process."""
        words = [str(BIN / command), *map(str, arguments)]
        whole = os.environ | environment
        if command not in _COMMANDS or any(name.startswith("PYTHON") for name in environment):
            return subprocess.run(words, cwd=folder, env=whole, capture_output=True, text=True, check=False)
        with ThreadPoolExecutor() as readers:
            pipes = [os.pipe(), os.pipe()]
            streams = [readers.submit(_read, end) for end, _ in pipes]
            code = self._ask({"words": words, "folder": str(folder), "environment": whole}, [end for _, end in pipes])
            return subprocess.CompletedProcess(words, code, *[stream.result() for stream in streams])

    def _ask(self, request: dict[str, object], streams: list[int]) -> int:
        text = json.dumps(request).encode()
        socket.send_fds(self._socket, [len(text).to_bytes(_LENGTH)], streams)
        for stream in streams:
            os.close(stream)
        self._socket.sendall(text)
        return int(self._replies.readline())


def _read(end: int) -> str:
    with os.fdopen(end) as stream:
        return stream.read()


def _import_all() -> None:
    for package in ("cli", "etl"):
        for module in walk_packages(import_module(package).__path__, f"{package}."):
            if not module.name.startswith(_SCRIPTS):
                import_module(module.name)
    for name in _LATE:
        import_module(name)


def _serve(connection: socket.socket) -> None:
    """Fork for each request. The fork returns as soon as it is the command; the server ends here."""
    while length := (received := socket.recv_fds(connection, _LENGTH, 2))[0]:
        text = connection.recv(int.from_bytes(length), socket.MSG_WAITALL)
        if not (process := os.fork()):
            connection.close()
            _become(**json.loads(text), streams=received[1])
            return
        for stream in received[1]:
            os.close(stream)
        code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        connection.sendall(f"{code}\n".encode())
    os._exit(0)  # there is nothing to take apart, and DuckDB would have something to say about it


def _become(words: list[str], folder: str, environment: dict[str, str], streams: list[int]) -> None:
    for number, stream in enumerate(streams, start=1):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace", closefd=False)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = words


if __name__ == "__main__":
    _import_all()
    _serve(socket.socket(fileno=int(sys.argv[1])))
    import_module(_COMMANDS[Path(sys.argv[0]).name]).main()
