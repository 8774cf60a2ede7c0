"""Arguments filled from speech by a JSON Schema."""

from typing import Any

import pytest

from bridge.sim.model.arguments import Unfilled, fill


def one(schema: dict[str, Any], said: str, name: str = "value") -> Any:
    return fill({"properties": {name: schema}}, said).get(name)


@pytest.mark.parametrize(
    ("name", "schema", "said", "value"),
    [
        ("guests", {"type": "integer"}, "a table for twenty four", 24),
        ("amount", {"type": ["number", "null"]}, "three point five litres", 3.5),
        ("guests", {"anyOf": [{"type": "null"}, {"type": "integer"}]}, "for two", 2),
        ("place", {"enum": ["bar", "bar_stool"]}, "a Bar stool, please", "bar_stool"),
        ("place", {"enum": ["inside", "terrace"]}, "anywhere", None),
        ("phone", {"type": "string"}, "it is five five five one two", "55512"),
        ("code", {"type": "string", "pattern": "^[A-Z]{2}$"}, "take AB then", "AB"),
        ("code", {"type": "string", "pattern": "^[0-9]{4}$"}, "12, no, 4711", "4711"),
        ("name", {"type": "string"}, "Hi. My name is Ada Byron. Hello.", "Ada Byron"),
        ("city", {"type": "string"}, "is it warm in the Hague?", "Hague"),
        ("city", {"type": "string"}, "I want to know if it rains in Rome for once", "Rome"),
        ("origin", {"type": "string"}, "a train to Rome from Milan", "Milan"),
        ("destination", {"type": "string"}, "a train to New York from Milan", "New York"),
        ("sign", {"type": "string"}, "Tell me mine. I am an aquarius.", "aquarius"),
        ("note", {"type": "string"}, "I feel so very tired today", "I feel so very tired today"),
        ("query", {"type": "string"}, "who lives in Rome", "who lives in Rome"),
        ("smoking", {"type": "boolean"}, "yes, smoking", True),
        ("smoking", {"type": "boolean"}, "we do not smoke", False),
        ("sizes", {"type": "array", "items": {"type": "integer"}}, "size nine", [9]),
        ("kind", {"const": "x"}, "anything", "x"),
        ("limit", {"type": "integer", "default": 5}, "some", 5),
    ],
)
def test_a_value_is_found_in_the_words(
    name: str, schema: dict[str, Any], said: str, value: Any
) -> None:
    assert one(schema, said, name) == value


def test_each_figure_is_used_once() -> None:
    schema = {"properties": {"adults": {"type": "integer"}, "children": {"type": "integer"}}}
    assert fill(schema, "two adults and three children") == {"adults": 2, "children": 3}


def test_a_required_argument_that_was_not_said_is_named() -> None:
    schema = {"properties": {"guestCount": {"type": "integer"}}, "required": ["guestCount"]}
    with pytest.raises(Unfilled, match="^guest count$"):
        fill(schema, "a table")


def test_a_forced_call_gets_something_of_the_right_type() -> None:
    schema = {
        "properties": {
            "count": {"type": "integer", "minimum": 1},
            "place": {"enum": ["bar", "terrace"]},
            "price": {"type": ["null", "number"]},
        },
        "required": ["count", "place", "price"],
    }
    assert fill(schema, "hm", guess=True) == {"count": 1, "place": "bar", "price": 0}
