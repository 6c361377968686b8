"""Drawings that are made while something else is being done: by `artist.py`, in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cli.plots.marks import Plot
from cli.plots.pictures import VERSION, specify

_COMMAND = [sys.executable, "-P", str(Path(__file__).parent / "artist.py"), VERSION]


class Easel:
    """Takes plots, and promises their SVGs. The page says what they show, so their marks say nothing of themselves."""

    def __init__(self, artist: "subprocess.Popen[str]", pool: ThreadPoolExecutor) -> None:
        self._artist, self._pool = artist, pool

    def draw(self, plot: Plot) -> Future[str]:
        """The SVG of `plot`, some time."""
        chart = specify(plot)
        return self._pool.submit(
            self._ask, chart | {"mark": chart["mark"] | {"aria": False}, "config": {"aria": False}}
        )

    def _ask(self, chart: dict[str, Any]) -> str:
        asked, answers = self._artist.stdin, self._artist.stdout
        if not asked or not answers:
            raise ValueError("it is spoken to through pipes")
        try:
            asked.write(json.dumps(chart) + "\n")
            asked.flush()
        except BrokenPipeError:
            pass  # then there is no answer either
        if answer := answers.readline():
            drawn: str = json.loads(answer)
            return drawn
        raise ChildProcessError("what draws the charts has ended before they were drawn")


@contextmanager
def open_easel() -> Iterator[Easel]:
    """An artist for the block, after which all is drawn. Ctrl-C isn't for the artist, who ends when we do."""
    with (
        subprocess.Popen(  # noqa: S603  (it is our own)
            _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8", start_new_session=True
        ) as artist,
        ThreadPoolExecutor(1) as pool,
    ):
        yield Easel(artist, pool)
