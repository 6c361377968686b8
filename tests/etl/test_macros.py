"""The macros against what else is known of ids, ISBNs and units."""

import math
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.models import define_macros


@pytest.fixture(scope="module")
def macros() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        define_macros(connection)
        yield connection


def evaluate(macros: duckdb.DuckDBPyConnection, expression: str, *values: Any) -> tuple[Any, ...]:
    return macros.execute(f"select {expression}", list(values)).fetchall()[0]


PADDED = st.integers(0, 999_999_999).map("{:05d}".format)
UNPADDED = st.integers(1, 9_999).map(str)


@given(bin_id=PADDED | UNPADDED)
def test_an_id_says_number_style_bucket_and_place(bin_id: str, macros: duckdb.DuckDBPyConnection) -> None:
    calls = "bin_number_of($1), id_style_of($1), bin_bucket_of($1), bin_id_at(bin_order_of($1))"
    bucket = f"b{min(int(bin_id) // 100_000, 6)}"
    style = ("unpadded", "u0") if len(bin_id) < 5 else ("padded", bucket)
    assert evaluate(macros, calls, bin_id) == (int(bin_id), *style, bin_id)


@given(bin_ids=st.lists(PADDED | UNPADDED, min_size=2, max_size=2))
def test_bins_are_in_the_order_of_their_numbers(bin_ids: list[str], macros: duckdb.DuckDBPyConnection) -> None:
    first, second = evaluate(macros, "bin_order_of($1), bin_order_of($2)", *bin_ids)
    places = [(int(bin_id), len(bin_id) < 5) for bin_id in bin_ids]
    assert (first < second, first == second) == (places[0] < places[1], places[0] == places[1])


@given(digits=st.text("0123456789", min_size=9, max_size=9), last=st.none() | st.sampled_from("0123456789X"))
def test_an_isbn10_has_a_valid_check_digit(digits: str, last: str | None, macros: duckdb.DuckDBPyConnection) -> None:
    check = (
        sum(place * int(digit) for place, digit in enumerate(digits, 1)) % 11
    )  # the ISBN User's Manual has both ways
    valid = "0123456789X"[check]
    isbn = digits + (last or valid)
    assert evaluate(macros, "is_isbn10($1)", isbn) == (isbn[9] == valid,)


@pytest.mark.parametrize(
    "text", ["", "030640615", "03064061522", "0306406152 ", "03064O6152", "030640615x", "X306406152"]
)
def test_other_texts_are_no_isbn10(text: str, macros: duckdb.DuckDBPyConnection) -> None:
    assert evaluate(macros, "is_isbn10($1)", text) == (False,)


INCHES = {"IN": 1.0, "inches": 1.0, "CM": 1 / 2.54, "centimeters": 1 / 2.54, "MM": 1 / 25.4, "millimeters": 1 / 25.4}
POUNDS = {
    "pounds": 1.0,
    "LB": 1.0,
    "ounces": 1 / 16,
    "OZ": 1 / 16,
    "kilograms": 1 / 0.45359237,
    "KG": 1 / 0.45359237,
    "grams": 1 / 453.59237,
    "GR": 1 / 453.59237,
}


SANE_AND_NOT = st.sampled_from([0.0, 5e-324, 999_999.9, 1e6])


@given(value=st.floats() | SANE_AND_NOT, unit=st.sampled_from(sorted(INCHES | POUNDS)) | st.text() | st.none())
def test_only_sane_values_in_known_units_are_converted(
    value: float, unit: str | None, macros: duckdb.DuckDBPyConnection
) -> None:
    for macro, factors in (("to_inches", INCHES), ("to_pounds", POUNDS)):
        [result] = evaluate(macros, f"{macro}($1::double, $2::varchar)", value, unit)
        if unit in factors and 0 < value < 1_000_000:
            assert math.isclose(result, value * factors[unit], rel_tol=1e-12, abs_tol=5e-324)
        else:
            assert result is None
