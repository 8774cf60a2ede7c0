"""Which function fits what was said."""

import pytest

from bridge.sim.model.fitting import fitting
from bridge.sim.model.reply import Tool

TOOLS = (
    Tool("get_weather", "Current weather of a city."),
    Tool("orderStatus", "Where a parcel is on its way.", {"properties": {"order_no": {}}}),
    Tool(
        "set_light",
        "Switch something.",
        {"properties": {"room": {"enum": ["kitchen", "hall"]}, "state": {"enum": ["on", "off"]}}},
    ),
    Tool("transfer", "Connect the caller with a person in the sales department."),
)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("How is the weather?", "get_weather"),
        ("What about my ORDERS?", "orderStatus"),
        ("Is there a parcel on its way?", "orderStatus"),
        ("Switch on the kitchen, please", "set_light"),
        ("Lights!", "set_light"),
        ("I want a person from sales", "transfer"),
        ("Can you get this for me?", None),
        ("A person", None),
        ("", None),
    ],
)
def test_a_word_of_the_name_or_two_others_fit(said: str, name: str | None) -> None:
    tool = fitting(TOOLS, said)
    assert (tool.name if tool else None) == name


def test_nothing_fits_where_nothing_is_offered() -> None:
    assert fitting((), "weather") is None
