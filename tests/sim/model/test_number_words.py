"""Figures in English speech."""

import pytest

from bridge.sim.model.number_words import digit_strings, numbers


@pytest.mark.parametrize(
    ("said", "digits"),
    [
        ("four seven one one", ["4711"]),
        ("Four, seven, one, one.", ["4711"]),
        ("my order is 4 7 1 1, please", ["4711"]),
        ("forty seven eleven", ["4711"]),
        ("47-11", ["4711"]),
        ("double seven oh nine", ["7709"]),
        ("one hundred and five", ["105"]),
        ("one for me. Two for you", ["1", "2"]),
        ("Oh, I see nothing", []),
        ("twenty twenty-five", ["2025"]),
    ],
)
def test_figures_are_joined_to_digits(said: str, digits: list[str]) -> None:
    assert digit_strings(said) == digits


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("twenty-five", [25]),
        ("two hundred and five apples and three pears", [205, 3]),
        ("three thousand two hundred", [3200]),
        ("three point one four", [3.14]),
        ("it is 3.5 or 1,200", [3.5, 1200]),
        ("3.5 point 12:30", [3.1230]),
        ("five million", [5_000_000]),
        ("fifteen", [15]),
        ("none at all, and some", []),
    ],
)
def test_figures_are_read_as_numbers(said: str, expected: list[float]) -> None:
    assert numbers(said) == expected
