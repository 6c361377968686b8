"""Bars beside the rows of a table."""

from decimal import Decimal

from cli.rowbars import draw_bars


def test_a_bar_is_as_long_as_its_value_is_large_to_an_eighth_of_a_character() -> None:
    assert draw_bars([8, 4.5, Decimal(1), 0.01, 0], 8, ascii_only=False) == ["████████", "████▌", "█", "▏", ""]


def test_no_bar_is_wider_than_thirty_characters_or_than_the_room() -> None:
    assert draw_bars([7], 1000, ascii_only=True) == ["#" * 30]
    assert draw_bars([7, 1], 10, ascii_only=True) == ["#" * 10, "#"]


def test_there_are_no_bars_without_room_or_values() -> None:
    assert draw_bars([7], 5, ascii_only=True) == []
    assert draw_bars([0, None, -1], 30, ascii_only=True) == []
    assert draw_bars([], 30, ascii_only=True) == []
