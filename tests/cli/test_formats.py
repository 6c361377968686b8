"""The exact bytes of every format, for one row of every hard value."""

import csv
import datetime as dt
import io
import json
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import pytest
from commands import Run

from cli.formats import HEADED, WRITERS, write_html
from cli.options import Format

COLUMNS = ["null", "text", "empty", "quoted", "tabbed", "number", "big", "double", "nan", "exact", "yes", "at", "list"]
ROW: tuple[Any, ...] = (
    None,
    "Fläche | 面 \x1b[31m\u202e",
    "",
    'say "hi", twice',
    "a\tb\nc\\d\r",
    3,
    2**62,
    4.399999995512001,
    float("nan"),
    Decimal("1200.5000"),
    True,
    dt.datetime(2017, 5, 1, 12, 30),  # noqa: DTZ001  (the warehouse's times are UTC without a zone)
    [1, "x", None],
)
GOLDEN = {
    "csv": (
        "null,text,empty,quoted,tabbed,number,big,double,nan,exact,yes,at,list\n"
        ',Fläche | 面 \x1b[31m\u202e,"","say ""hi"", twice","a\tb\nc\\d\r",3,4611686018427387904,'
        '4.399999995512001,nan,1200.5,true,2017-05-01 12:30:00,"[1, ""x"", null]"\n'
    ),
    "sheet-csv": (
        "\ufeffnull,text,empty,quoted,tabbed,number,big,double,nan,exact,yes,at,list\r\n"
        ',Fläche | 面 \x1b[31m\u202e,"","say ""hi"", twice","a\tb\nc\\d\r",3,4611686018427387904,'
        '4.399999995512001,nan,1200.5,true,2017-05-01 12:30:00,"[1, ""x"", null]"\r\n'
    ),
    "tsv": (
        "null\ttext\tempty\tquoted\ttabbed\tnumber\tbig\tdouble\tnan\texact\tyes\tat\tlist\n"
        '\\N\tFläche | 面 \x1b[31m\u202e\t\tsay "hi", twice\ta\\tb\\nc\\\\d\\r\t3\t4611686018427387904\t'
        '4.399999995512001\tnan\t1200.5\ttrue\t2017-05-01 12:30:00\t[1, "x", null]\n'
    ),
    "json": (
        '[\n{"null": null, "text": "Fläche | 面 \\u001b[31m\u202e", "empty": "", "quoted": "say \\"hi\\", twice", '
        '"tabbed": "a\\tb\\nc\\\\d\\r", "number": 3, "big": 4611686018427387904, "double": 4.399999995512001, '
        '"nan": null, "exact": 1200.5, "yes": true, "at": "2017-05-01 12:30:00", "list": [1, "x", null]}\n]\n'
    ),
    "markdown": (
        "| null | text | empty | quoted | tabbed | number | big | double | nan | exact | yes | at | list |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
        '|  | Fläche \\| 面 \\u001b[31m\\u202e |  | say "hi", twice | a\\u0009b\\u000ac\\d\\u000d | 3 | '
        '4611686018427387904 | 4.399999995512001 | nan | 1200.5 | true | 2017-05-01 12:30:00 | [1, "x", null] |\n'
    ),
    "html": (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>Result</title>\n<style>\n'
        ":root { color-scheme: light dark; }\n"
        "body { margin: 2rem auto; padding: 0 1rem; max-width: max-content; font: 1rem/1.4 system-ui, sans-serif; }\n"
        "h1 { font-size: 1.3rem; }\ntable { border-collapse: collapse; }\n"
        "th, td { padding: 0.2rem 0.6rem; border-bottom: 1px solid #8888; text-align: left; vertical-align: top; }\n"
        "th { position: sticky; top: 0; background: Canvas; }\n"
        "td { white-space: pre-wrap; overflow-wrap: break-word; }\n"
        "td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }\n"
        "</style>\n</head>\n<body>\n<h1>Result</h1>\n<table>\n<thead>\n<tr>"
        + "".join(f'<th scope="col">{column}</th>' for column in COLUMNS)
        + '</tr>\n</thead>\n<tbody>\n<tr><td class="null"></td><td>Fläche | 面 \\u001b[31m\\u202e</td><td></td>'
        "<td>say &quot;hi&quot;, twice</td><td>a\\u0009b\\u000ac\\d\\u000d</td>"
        '<td class="number">3</td><td class="number">4611686018427387904</td><td class="number">4.399999995512001</td>'
        '<td class="number">nan</td><td class="number">1200.5</td><td>true</td><td>2017-05-01 12:30:00</td>'
        "<td>[1, &quot;x&quot;, null]</td></tr>\n</tbody>\n</table>\n</body>\n</html>\n"
    ),
}
GOLDEN["ndjson"] = GOLDEN["json"].removeprefix("[\n").removesuffix("]\n")


@pytest.mark.parametrize("name", WRITERS)
def test_a_row_of_every_hard_value_has_these_bytes(name: str) -> None:
    assert "".join(WRITERS[name](COLUMNS, [[ROW]])) == GOLDEN[name]


_INEXACT = r"""
select
  interval '1 month' as month, '2020-01-01 00:00:00.123456789'::timestamp_ns as nano, 'infinity'::timestamp as never,
  '-infinity'::date as ever, 'infinity'::timestamptz as zoned, 0.1::float as single, map {true: 1} as truth,
  map {'\xaa'::blob: [interval '1 month']} as bytes, {'a "b"': [0.1::float]} as nested, date '9999-12-31' as last,
  $n as "n ""m"" x" -- the end
"""
_EXACT = {
    "csv": (
        'month,nano,never,ever,zoned,single,truth,bytes,nested,last,"n ""m"" x"\n'
        "1 month,2020-01-01 00:00:00.123456789,infinity,-infinity,infinity,0.1,"
        '"{""true"": 1}","{""aa"": [""1 month""]}","{""a \\""b\\"""": [0.1]}",9999-12-31,5\n'
    ),
    "ndjson": (
        '{"month": "1 month", "nano": "2020-01-01 00:00:00.123456789", "never": "infinity", "ever": "-infinity", '
        '"zoned": "infinity", "single": 0.1, "truth": {"true": 1}, "bytes": {"aa": ["1 month"]}, '
        '"nested": {"a \\"b\\"": [0.1]}, "last": "9999-12-31", "n \\"m\\" x": 5}\n'
    ),
}


@pytest.mark.parametrize("name", _EXACT)
def test_what_python_has_no_type_for_stays_exact(name: str, run: Run) -> None:
    done = run("abid-report", "sql", _INEXACT, "--param", "n=5", "--format", name)
    assert (done.stderr, done.stdout) == ("", _EXACT[name])


def test_every_text_format_has_golden_bytes() -> None:
    assert GOLDEN.keys() == WRITERS.keys() == {format_.value for format_ in Format} - {"table", "xlsx", "parquet"}


def test_json_reads_back() -> None:
    rows: list[list[tuple[Any, ...]]] = [[(1, "a"), (2, None)], [(3, "\x00")]]
    text = "".join(WRITERS["json"](["n", "t"], rows))
    assert json.loads(text) == [{"n": 1, "t": "a"}, {"n": 2, "t": None}, {"n": 3, "t": "\x00"}]


@pytest.mark.parametrize(
    ("name", "text"),
    {
        "json": "[]\n",
        "ndjson": "",
        "csv": "n\n",
        "sheet-csv": "\ufeffn\r\n",
        "tsv": "n\n",
        "markdown": "| n |\n| --- |\n",
    }.items(),
)
def test_no_rows_are_still_a_whole_file(name: str, text: str) -> None:
    assert "".join(WRITERS[name](["n"], [])) == text


@pytest.mark.parametrize(
    ("name", "text"),
    {
        "csv": "1,\n",
        "sheet-csv": "\ufeff1,\r\n",
        "tsv": "1\t\\N\n",
        "markdown": "| 1 |  |\n",
    }.items(),
)
def test_without_a_header_only_the_names_are_missing(name: str, text: str) -> None:
    assert "".join(HEADED[name](["n", "t"], [[(1, None)]], header=False)) == text
    assert "".join(HEADED[name](["n", "t"], [], header=False)) == ("\ufeff" if name == "sheet-csv" else "")


def test_a_page_takes_no_value_for_markup() -> None:
    evil = '<script>alert("1")</script>&amp;\' onclick=x'
    page = "".join(write_html([evil], [[(evil,)]], title=evil))
    assert "<script" not in page
    parser = _Texts()
    parser.feed(page)
    assert parser.texts == {"title": [evil], "h1": [evil], "th": [evil], "td": [evil]}


class _Texts(HTMLParser):
    """What another parser of HTML reads in titles, headings and cells."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: dict[str, list[str]] = {}

    def handle_data(self, data: str) -> None:
        if self.lasttag in {"title", "h1", "th", "td"} and data.strip():
            self.texts.setdefault(self.lasttag, []).append(data)


def test_csv_reads_back_through_another_reader() -> None:
    values = ["x", "", 'y,"', "a\nb", "c\rd", " padded "]
    rows: list[tuple[Any, ...]] = [(value,) for value in values]
    text = "".join(WRITERS["csv"](["value"], [rows]))
    assert [row[0] for row in csv.reader(io.StringIO(text, newline=""))] == ["value", *values]


def test_a_decimal_keeps_every_digit() -> None:
    exact = Decimal("12345678901234567890123456789.123456789")
    assert "".join(WRITERS["csv"](["d"], [[(exact,)]])) == f"d\n{exact}\n"
    assert json.loads("".join(WRITERS["ndjson"](["d"], [[(exact,)]]))) == {"d": str(exact)}


@pytest.mark.parametrize(
    "text",
    [
        *('=cmd|" /C calc"!A0', "+1", "-2", "@SUM(A1)", "\tx", "\rx", "\nx", " =1", "\uff1dSUM(A1)", "=", "-"),
        *("00523", "523", "0306406152", "1E5", "1,5", "2024-01-02", "1/2", " 7 ", "3.0", "12:30", "$5", "50%", "(1)"),
        *("\xa35", "5 \u20ac", "\xa5100", "\u22125", "\u200b00523", "523\ufeff", "\x00523", "1/2/2017 1:05 am"),
        *(
            "SEPT2",
            "MARCH1",
            "dec1",
            "MAR-1",
            "12-Jan",
            "12-Jan-17",
            "5 Jan 2017",
            "Jan 5, 2017",
            "March 2017",
            "May 5",
        ),
        *("5/Jun/2017", "1. Dec. 2017", "Jan '17", "5 Jan 2017 12:30", "2017 Feb", "5 Jan 2017 1:05 PM", "5May"),
        *("12:30 PM", "12:30:05 am", "1 p", "1:05 a.m.", "2017-01-05T12:30:00Z", "2017-01-05T12:30:00.5+01:00"),
        *("20170105T1230", "2017-01-05 12:30:00Z", "TRUE", "false", " True ", "\u200bFALSE"),
        *("#N/A", "#REF!", "#NAME?", "#DIV/0!", "#VALUE!", "#NUM!", "#NULL!", "#SPILL!", "#GETTING_DATA", "Err:502"),
    ],
)
def test_a_spreadsheet_takes_no_text_for_anything_else(text: str) -> None:
    assert read_sheet_csv(text) == f"'{text}"


@pytest.mark.parametrize(
    "unseen",
    [
        "\x00",
        "\x01",
        "\x1f",
        "\x7f",
        "\x85",
        "\xa0",
        "\xad",
        "\u200b",
        "\u200e",
        "\u202e",
        "\u2028",
        "\u2060",
        "\u2066",
        "\u3000",
        "\u3164",
        "\ufe0f",
        "\ufeff",
        " \x00\ufeff ",
    ],
)
def test_no_formula_hides_behind_what_cannot_be_seen(unseen: str) -> None:
    assert read_sheet_csv(f"{unseen}=1") == f"'{unseen}=1"
    assert read_sheet_csv(f"a;{unseen}=1") == f"a;'{unseen}=1"
    assert read_sheet_csv(f"{unseen}Lamp{unseen}") == f"{unseen}Lamp{unseen}"


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "B000A8C5QE",
            "100 pack",
            "Ärmel - blau",
            "a=b",
            "3 in.",
            "e5",
            "ZZ-1",
            "March",
            "May",
            "Mark 5",
            "Jane 1",
        ),
        *("May 5 pack", "Augustus 2", "Calendar 2017", "Jan 2017 Calendar", "Junction 5", "Marble-1", "Decal 12", "T5"),
        *(
            "True Blue",
            "TRUEFIT",
            "#1 Dad Mug",
            "#10",
            "#REF",
            "N/A",
            "12 V PM-20",
            "5T3",
            "12 Amp",
            "2 pm tea",
            "PM 5",
        ),
        *("2017-01-05Turbo", "Error:5", "3 Piece", "16 oz", "Size 10-12", "5 apples", "Sep", "1 Marc", "A4", "p 5"),
    ],
)
def test_a_harmless_text_is_left_alone_for_a_spreadsheet(text: str) -> None:
    assert read_sheet_csv(text) == text


@pytest.mark.parametrize("end", [";", "\t", "\r", "\n"])
def test_no_formula_begins_where_another_locale_ends_a_cell(end: str) -> None:
    assert read_sheet_csv(f"a{end}=1{end} +2") == f"a{end}'=1{end}' +2"
    assert read_sheet_csv(f"{end}=1").removeprefix("'") == f"{end}'=1"


def test_a_long_text_takes_no_long_time() -> None:
    """A pattern that tries all ways to part a text would take hours."""
    for text in (
        "1" + " " * 50_000 + "x",
        " " * 50_000 + "x",
        "\t" * 50_000,
        ";\x00" * 50_000,
        "\x85" * 50_000 + "x",
        "1 Jan" + "-" * 50_000 + "x",
    ):
        assert read_sheet_csv(text).replace("'", "") == text


def test_numbers_stay_numbers_and_names_of_columns_are_disarmed_for_a_spreadsheet() -> None:
    rows: list[list[tuple[Any, ...]]] = [[(-3, -0.5, Decimal("-1.50"), None, ["=1"])]]
    text = "".join(WRITERS["sheet-csv"](["=a", "b", "c", "d", "e"], rows))
    assert text == '\ufeff\'=a,b,c,d,e\r\n-3,-0.5,-1.5,,"[""=1""]"\r\n'


def read_sheet_csv(text: str) -> str:
    """A text as another reader of CSV gets it."""
    written = "".join(WRITERS["sheet-csv"](["value"], [[(text,)]]))
    [_, [cell]] = csv.reader(io.StringIO(written, newline=""))
    return cell
