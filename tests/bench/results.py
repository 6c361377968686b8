"""What a part of the benchmark found, as a file that is kept: `docs/` is made from these files alone.

`results/<part>.json` is of `make bench-full`, `results/quick/<part>.json` of `make bench`, so that a run of minutes
takes nothing from one of hours.
"""

import datetime as dt
import json
import os
import platform
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
QUICK = RESULTS / "quick"
_AIM = re.compile(r"(at most|at least) ([\d.,]+) ?(.*)")
_DIGITS = 4  # as many as a measurement is good for


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of a table. `theirs` is what the peer took, in the same unit; a `note` is about this run alone.

    The `aim` is "at most" or "at least" a number, of the ratio where its unit is x, else of the value.
    """

    what: str
    value: float | None = None
    unit: str = ""
    theirs: float | None = None
    ratio: float | None = None
    aim: str = ""
    note: str = ""

    def __str__(self) -> str:
        return show_number(self.value, self.unit)

    @property
    def aimed(self) -> str:
        """What the aim is about, with its unit; the ratio where there is no aim."""
        unit, _ = self._read_aim()
        return show_number(self.ratio, "x") if unit == "x" else str(self)

    @property
    def is_met(self) -> bool:
        """Whether it is as it should be; so is what has no aim."""
        unit, bound = self._read_aim()
        found = self.ratio if unit == "x" else self.value
        if not self.aim or found is None:
            return True
        return found <= bound if self.aim.startswith("at most") else found >= bound

    def _read_aim(self) -> tuple[str, float]:
        if not self.aim:
            return "x", 0.0
        found = _AIM.fullmatch(self.aim)
        if not found or found[3] not in {"x", self.unit}:
            raise ValueError(f"{self.what}: the aim {self.aim!r} is neither of the ratio nor in {self.unit!r}")
        return found[3], float(found[2].replace(",", ""))


@dataclass(frozen=True, slots=True)
class Point:
    """One engine at one number of documents. `memory` and `spilled` are peaks, in MB.

    `cpu_seconds` are None where processes took them that belong to nobody here, as Spark's workers.
    """

    engine: str
    documents: int
    seconds: float
    cpu_seconds: float | None
    memory: float
    spilled: float = 0

    @property
    def cost(self) -> float:
        """Microseconds of wall time a document."""
        return self.seconds / self.documents * 1e6


def _describe_machine() -> str:
    """Cores, processor, memory, system and Python of this machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text("utf-8"), re.MULTILINE)
    processor = found[1] if found else platform.machine()
    system = f"{platform.system()} {platform.machine()}"
    return f"{os.cpu_count()} cores of {processor}, {memory:.0f} GB, {system}, Python {platform.python_version()}"


@dataclass(frozen=True, slots=True)
class Result:
    """A part's figures by name, and what they were measured on."""

    part: str
    about: str
    figures: dict[str, Figure]
    points: list[Point] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    date: str = field(default_factory=lambda: dt.datetime.now(dt.UTC).date().isoformat())
    cores: int = field(default_factory=lambda: os.cpu_count() or 1)
    machine: str = field(default_factory=_describe_machine)

    def __getitem__(self, name: str) -> Figure:
        return self.figures[name]

    def save(self, folder: Path) -> None:
        """Write the part's file, in place of the one before."""
        folder.mkdir(parents=True, exist_ok=True)
        kept = json.loads(json.dumps(asdict(self)), parse_float=lambda text: float(f"{float(text):.{_DIGITS}g}"))
        (folder / f"{self.part}.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def load_results(folder: Path) -> dict[str, Result]:
    """The results that are kept, by part."""
    return {path.stem: _parse(json.loads(path.read_text("utf-8"))) for path in sorted(folder.glob("*.json"))}


def load_latest() -> dict[str, Result]:
    """Those of the full benchmark; those of the quick one where a part has no others."""
    return load_results(QUICK) | load_results(RESULTS)


def _parse(kept: Mapping[str, Any]) -> Result:
    figures = {name: Figure(**figure) for name, figure in kept["figures"].items()}
    return Result(**{**kept, "figures": figures, "points": [Point(**point) for point in kept["points"]]})


def show_number(value: float | None, unit: str) -> str:
    """A figure as people write it, with about three digits: 0.77 s, 19.2 s, 4,164/s, 2.76x."""
    if value is None:
        return ""
    places = 0 if float(value).is_integer() and unit != "x" else 2 if abs(value) < 1 or unit == "x" else 1
    text = f"{value:,.{0 if abs(value) >= 1_000 else places}f}"
    return f"{text}{unit}" if unit in {"", "x"} or unit.startswith("/") else f"{text} {unit}"
