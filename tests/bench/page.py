"""The pages that the benchmark writes: `docs/benchmarks.md` with its chart, and `docs/scale.md`.

They are made from the results that are kept and from `pages/`, where the prose is. `python -m bench.page` writes them
without measuring anything. In a template, `{s3[boto3].ratio:.1f}` is a figure's ratio, `{s3[boto3]}` its value with
the unit, `{table}` and `{about}` what the section is of. A part that was never measured has no section.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from bench.billion import ASSUMED, Billion
from bench.chart import draw_costs
from bench.results import QUICK, RESULTS, Figure, Point, Result, load_latest, load_results, show_number
from bench.tables import make_table

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = Path(__file__).parent / "pages"
PARTS = ("pipeline", "peers", "scale", "spark", "s3", "reports")
"""In the order of the page."""

Results = Mapping[str, Result]


def write_pages() -> None:
    """Write all of them anew."""
    for name, text in render_pages().items():
        (DOCS / name).write_text(text, encoding="utf-8")


def render_pages() -> dict[str, str]:
    """The pages by file name; each part as it was measured last, in full if it ever was."""
    results = load_latest()
    return {
        "benchmarks.md": render_benchmarks(results, load_results(QUICK), load_results(RESULTS)),
        "benchmarks.svg": draw_costs(list_points(results)),
        "scale.md": _fill("billion", results, billion=Billion(results), **ASSUMED),
    }


def render_benchmarks(results: Results, quick: Results, full: Results) -> str:
    """One table of all that has an aim or a peer, and then a section a part."""
    sections = [_fill(part, results, **_describe(results[part])) for part in PARTS if part in results]
    return "\n".join([_fill("benchmarks", results, table=compare_runs(quick, full)), *sections])


def list_points(results: Results) -> list[Point]:
    """Of all engines."""
    return [point for part in PARTS if part in results for point in results[part].points]


def _fill(template: str, results: Results, **more: object) -> str:
    return (PAGES / f"{template}.md").read_text("utf-8").format(**{**results, **more})


def _describe(result: Result) -> dict[str, str]:
    versions = "".join(f", {name} {version}" for name, version in result.versions.items())
    about = f"{result.about}; measured on {result.date}: {result.machine}{versions}, warm cache."
    return {"about": about, "table": _list_figures(result), "points": _list_points(result)}


def compare_runs(quick: Results, full: Results, parts: Iterable[str] = PARTS) -> str:
    """A line a figure that has an aim or a peer, with what both benchmarks found. Aims are about the full one."""
    rows = []
    for part in parts:
        known = (quick[part].figures if part in quick else {}) | (full[part].figures if part in full else {})
        for name, figure in known.items():
            if figure.aim or figure.theirs is not None:
                found = [run[part].figures.get(name) if part in run else None for run in (quick, full)]
                rows.append((part, figure.what, figure.aim, _show_aimed(found[0]), _judge(found[1])))
    return make_table(("part", "what", "aim", "`make bench`", "`make bench-full`"), "llrrr", rows)


def _show_aimed(figure: Figure | None) -> str:
    return figure.aimed if figure else ""


def _judge(figure: Figure | None) -> str:
    return _show_aimed(figure) + ("" if figure is None or figure.is_met else " (missed)")


def _list_figures(result: Result) -> str:
    rows = [
        (
            *(
                ": ".join(filter(None, [figure.what, figure.note])),
                str(figure),
                show_number(figure.theirs, figure.unit),
                show_number(figure.ratio, "x"),
            ),
            *(figure.aim, "" if figure.is_met else "missed"),
        )
        for figure in result.figures.values()
    ]
    return make_table(("what", "ours", "theirs", "ratio", "aim", ""), "lrrrrl", rows)


def _list_points(result: Result) -> str:
    rows = [
        (
            point.engine,
            f"{point.documents:,}",
            show_number(point.seconds, "s"),
            f"{point.documents / point.seconds:,.0f}/s",
            f"{point.cost:,.1f} µs",
            "" if point.cpu_seconds is None else f"{point.cpu_seconds / point.documents * 1e6:,.1f} µs",
            show_number(point.memory, "MB"),
            show_number(point.spilled, "MB"),
        )
        for point in result.points
    ]
    head = ("engine", "documents", "wall time", "rate", "wall time a document", "of a core", "peak memory", "spilled")
    return make_table(head, "lrrrrrrr", rows)


if __name__ == "__main__":
    write_pages()
