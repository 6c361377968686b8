"""The pages of a site: the overview, one a report, the bins, the data dictionary."""

from shlex import quote

from cli.formats import escape_html, format_cell
from cli.site.bins import BinData
from cli.site.frame import Frame, group_sheets, report_path
from cli.site.markup import make_facts, make_table
from cli.site.sheets import Sheet
from etl.dictionary import describe_columns, describe_table
from etl.models import load_readable

_HEADLINES = {
    "bins": "bins",
    "total_quantity": "units",
    "item_rows": "lines",
    "distinct_asins": "ASINs",
    "rejected_documents": "rejected documents",
    "bins_with_quantity_gap": "bins that don't add up",
}


def make_overview(frame: Frame) -> str:
    """The figures of the release, its receipt, and the way to each report."""
    summary = _find(frame, "summary")
    figures = {row[0]: row[summary.columns.index("all")] for row in summary.rows}
    headlines = [(title, format_cell(figures[figure])) for figure, title in _HEADLINES.items()]
    lists = "".join(
        f"<section>\n<h3>{group}</h3>\n<ul>\n" + "".join(map(_make_entry, sheets)) + "</ul>\n</section>\n"
        for group, sheets in group_sheets(frame.sheets)
    )
    content = (
        "<p>What the metadata of the Amazon Bin Image Dataset says, of every bin in this release.</p>\n"
        + make_facts(headlines, "headlines")
        + f'<h2>Reports</h2>\n<div class="groups">\n{lists}</div>\n'
        + f'<h2 id="figures">Figures</h2>\n<p>{escape_html(summary.report.about)}</p>\n'
        + make_table(summary.columns, summary.rows, summary.report.title)
        + _make_receipt(frame)
    )
    return frame.wrap("index.html", "Amazon Bin Image Dataset", content)


def make_report_page(frame: Frame, sheet: Sheet, bins: BinData) -> str:
    """What a report is about, its picture, its rows, its SQL."""
    report = sheet.report
    options = "".join(f" --{name} {quote(str(value))}" for name, value in sheet.given.items())
    parts = [f"<p>{escape_html(report.about)}</p>\n"]
    if sheet.fault:
        parts.append(f'<p class="fault" role="note">This report failed:</p>\n<pre>{_escape_lines(sheet.fault)}</pre>\n')
    if sheet.columns:
        parts += [_make_figure(sheet), _make_rows(sheet, bins)]
    parts.append(_make_code("Command", "command", f"abid-report {report.name}{options}"))
    parts.append(_make_code("SQL", "SQL", report.query))
    return frame.wrap(report_path(sheet), report.title, "".join(parts))


def make_bin_page(frame: Frame, bins: BinData) -> str:
    """A page on which a script shows the bin that its address names."""
    extent = (
        f"every bin of the release, {bins.total:,} in all"
        if len(bins.ids) == bins.total
        else f"{len(bins.ids):,} of the {bins.total:,} bins of the release, as many as there is room for: first those "
        "that the tables of the reports lead to, from their first rows on, then those that <code>--sample</code> takes"
    )
    content = (
        f"<p>This page holds {extent}. Ids are text: 523 and 00523 are different bins.</p>\n"
        '<form id="find" role="search" hidden>\n<label for="bin">Id of a bin</label>\n'
        '<input id="bin" name="bin" autocomplete="off" spellcheck="false" inputmode="numeric">\n'
        '<button type="submit">Show</button>\n</form>\n'
        '<section id="shown" aria-live="polite">\n'
        "<p>A script shows the bins, and the browser doesn't run it.</p>\n</section>\n"
        f'<script type="application/json" id="data">{bins.text}</script>\n' + _make_receipt(frame)
    )
    return frame.wrap("bin.html", "Bins", content, ("site.js", "bin.js"))


def make_dictionary(frame: Frame) -> str:
    """Every table, and what its columns mean."""
    models = load_readable().values()
    tables = make_facts([(model.name, describe_table(model)) for model in models], "tables")
    columns, rows, total = describe_columns(list(models)).head(100_000)
    content = (
        f"<h2>Tables</h2>\n{tables}<h2>Columns</h2>\n"
        + _make_filter(f"{total:,} columns")
        + make_table(columns, rows, "Columns", is_live=True)
    )
    return frame.wrap("dictionary.html", "Data dictionary", content)


def _find(frame: Frame, name: str) -> Sheet:
    return next(sheet for sheet in frame.sheets if sheet.report.name == name)


def _make_entry(sheet: Sheet) -> str:
    extent = "failed" if sheet.fault else "1 row" if sheet.total == 1 else f"{sheet.total:,} rows"
    return (
        f'<li><a href="{report_path(sheet)}">{escape_html(sheet.report.title)}</a> '
        f'<span class="quiet">{extent}{", chart" if sheet.drawing else ""}</span></li>\n'
    )


def _make_figure(sheet: Sheet) -> str:
    figures = f"<p>{escape_html(sheet.figures[:1].upper() + sheet.figures[1:])}.</p>\n" if sheet.figures else ""
    if not sheet.drawing:
        return figures
    label = escape_html(f"Chart: {sheet.report.title}. The table below has the same numbers.")
    drawing = sheet.drawing.result().replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
    return f'{figures}<figure class="scroll" role="region" aria-label="Chart" tabindex="0">\n{drawing}\n</figure>\n'


def _make_rows(sheet: Sheet, bins: BinData) -> str:
    if not sheet.rows:
        return f"<h2>Rows</h2>\n<p>{escape_html(sheet.report.empty or 'There are none.')}</p>\n"
    return (
        "<h2>Rows</h2>\n"
        + _make_filter(sheet.about_rows)
        + make_table(sheet.columns, sheet.rows, sheet.report.title, bins=bins.ids, up="../", is_live=True)
    )


def _make_filter(extent: str) -> str:
    """What a script makes work; the rows are there without it."""
    return (
        '<form id="filter" role="search" hidden>\n<label for="words">Filter</label>\n'
        '<input id="words" type="search" autocomplete="off" spellcheck="false" placeholder="words in a row">\n</form>\n'
        f'<p id="extent" role="status">{escape_html(extent)}</p>\n'
    )


def _make_code(title: str, what: str, text: str) -> str:
    return (
        f'<section>\n<h2>{title}</h2>\n<button type="button" class="copy" hidden>Copy the {what}</button>\n'
        f'<span role="status"></span>\n<pre tabindex="0" role="region" aria-label="{title}">'
        f"<code>{_escape_lines(text)}</code></pre>\n</section>\n"
    )


def _escape_lines(text: str) -> str:
    return "\n".join(map(escape_html, text.splitlines()))


def _make_receipt(frame: Frame) -> str:
    receipt = _find(frame, "receipt")
    rows = [(row[0], row[receipt.columns.index("terms")]) for row in receipt.rows]
    return (
        "<h2>Receipt</h2>\n"
        f"<p>What became of everything that was listed, in release <code>{escape_html(frame.release.id)}</code>.</p>\n"
        + make_table(["equation", "terms"], rows, receipt.report.title)
    )
