"""Progress bars on a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from cli.text import format_bytes
from etl.progress import Step


class Bars:
    """One bar a step: count, rate, bytes, time left. A finished step leaves its line."""

    @contextmanager
    def step(self, label: str, total: int | None = None, unit: str = "") -> Iterator[Step]:
        """See `etl.progress.Progress`."""
        columns = (
            SpinnerColumn(finished_text="[green]✓[/]"),
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            _Counts(unit),
            TimeRemainingColumn(elapsed_when_finished=True),
        )
        with Progress(*columns, console=Console(stderr=True)) as progress:
            task = progress.add_task(label, total=total, size=0)
            yield _Bar(progress, task)
            done = progress.tasks[0].completed
            progress.update(task, total=done or 1, completed=done or 1)


class _Bar:
    def __init__(self, progress: Progress, task: int) -> None:
        self._progress, self._task = progress, task

    def advance(self, count: int, size: int = 0) -> None:
        fields = self._progress.tasks[0].fields
        self._progress.update(self._task, advance=count, size=fields["size"] + size)  # type: ignore[arg-type]


class _Counts(ProgressColumn):
    def __init__(self, unit: str) -> None:
        super().__init__()
        self._unit = unit

    def render(self, task: Task) -> Text:
        """How many of how many, how fast, how much."""
        if not self._unit:
            return Text()
        total = f"/{task.total:,.0f}" if task.total else ""
        rate = f" {task.speed:,.0f}/s" if task.speed else ""
        size = f" {format_bytes(task.fields['size'])}" if task.fields["size"] else ""
        return Text(f"{task.completed:,.0f}{total} {self._unit}{rate}{size}")
