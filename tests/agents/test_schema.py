from typing import Any

import pytest

from bridge.agents.schema import mismatch, schema_problems

ORDER: dict[str, Any] = {
    "type": "object",
    "properties": {
        "number": {"type": "string", "pattern": "^A"},
        "count": {"type": "integer", "minimum": 1, "maximum": 9},
        "size": {"enum": ["small", 1]},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
        "note": {"anyOf": [{"type": "string", "maxLength": 3}, {"type": "null"}]},
        "price": {"type": ["number", "null"]},
    },
    "required": ["number"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"count": 1},
        {"count": 9.0},
        {"size": 1},
        {"tags": ["a", "b"]},
        {"note": None},
        {"note": "abc"},
        {"price": 1.5},
        {"price": None},
    ],
)
def test_arguments_that_fit(fields: dict[str, Any]) -> None:
    assert mismatch({"number": "A1", **fields}, ORDER) is None


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ([], "the arguments: must be of type object"),
        ({}, "the arguments: number is missing"),
        ({"number": 1}, "number: must be of type string"),
        ({"number": "B"}, "number: must match ^A"),
        ({"number": "A", "count": True}, "count: must be of type integer"),
        ({"number": "A", "count": 1.5}, "count: must be of type integer"),
        ({"number": "A", "count": 0}, "count: must be at least 1"),
        ({"number": "A", "count": 10}, "count: must be at most 9"),
        ({"number": "A", "size": "big"}, "size: must be one of ['small', 1]"),
        ({"number": "A", "size": True}, "size: must be one of ['small', 1]"),
        ({"number": "A", "tags": ["a", 1]}, "tags[1]: must be of type string"),
        ({"number": "A", "tags": ["a", "b", "c"]}, "tags: must have a length of at most 2"),
        ({"number": "A", "note": 1}, "note: fits none of 2 forms"),
        ({"number": "A", "note": "abcd"}, "note: fits none of 2 forms"),
        ({"number": "A", "colour": 1}, "the arguments: colour is not known; known are number"),
    ],
)
def test_arguments_that_do_not_fit_are_told_in_words(value: Any, told: str) -> None:
    found = mismatch(value, ORDER)
    assert found is not None
    assert found.startswith(told)


def test_further_properties_may_have_a_schema_of_their_own() -> None:
    schema = {"additionalProperties": {"type": "number"}}
    assert mismatch({"a": 1}, schema) is None
    assert mismatch({"a": "x"}, schema) == "a: must be of type number"


def test_a_good_schema_has_no_problems() -> None:
    assert list(schema_problems(ORDER)) == []
