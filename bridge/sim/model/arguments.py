"""A function's arguments, filled from what a caller said by its JSON Schema."""

import re
from collections.abc import Mapping
from typing import Any

from bridge.sim.model.number_words import digit_strings, numbers

# A string of this kind is digits when any were said.
OF_DIGITS = re.compile(r"\b(number|no|code|id|digits?|phone|order|account|pin|zip|reference)\b")
# A string of this kind is all that was said.
OF_WORDS = re.compile(r"\b(words|text|query|passage|question|sentence|message|quote|said)\b")
# What stands before the words that fit a string, the likeliest first.
BEFORE_A_NAME = ("in", "at", "for", "from", "about", "of", "called", "named", "to", "i am", "i'm")
BEFORE_AN_ORIGIN = ("from",)
BEFORE_A_DESTINATION = ("to",)
ORIGIN = re.compile(r"\b(from|origin|departure|source)\b")
DESTINATION = re.compile(r"\b(to|destination|arrival|target)\b")
BEHIND_A_NAME = re.compile(r"\s+(?:in|for|at|to|from|on|with|by)\s", re.I)
LONGEST_NAME_WORDS = 4
NOT = re.compile(r"\b(no|not|never|without|don't|doesn't)\b", re.I)

Schema = Mapping[str, Any]


class Unfilled(Exception):
    """What was said lacks a required argument; the text is its name, as words."""


class _Absent:
    """No value was found."""


ABSENT = _Absent()


def fill(schema: Schema, said: str, *, guess: bool = False) -> dict[str, Any]:
    """Arguments for an object schema; what is optional and was not said is left out.

    A required argument that was not said raises ``Unfilled``, or is made up with ``guess``.
    """
    found = _Figures(said)
    arguments: dict[str, Any] = {}
    for name, each in schema.get("properties", {}).items():
        value = _value(name, each, said, found)
        if value is ABSENT:
            value = each.get("default", ABSENT)
        if value is ABSENT and name in schema.get("required", ()):
            if not guess:
                raise Unfilled(words_of(name))
            value = _guess(each)
        if value is not ABSENT:
            arguments[name] = value
    return arguments


def _guess(schema: Schema) -> Any:
    if "enum" in schema:
        return schema["enum"][0]
    empty = {"integer": 0, "number": 0, "array": [], "object": {}, "boolean": False}
    return schema.get("minimum", empty.get(_kind(schema), ""))


def _kind(schema: Schema) -> str:
    """The type of a schema; of several the first that is not null."""
    kinds = schema.get("type", "string")
    each = [kinds] if isinstance(kinds, str) else kinds
    return next((str(kind) for kind in each if kind != "null"), "string")


def words_of(name: str) -> str:
    """A function's or a property's name as words: "orderNumber" is "order number"."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_\-.]+", " ", name).lower().strip()


class _Figures:
    """The figures of an utterance, each used once."""

    def __init__(self, said: str) -> None:
        self._pairs = list(zip(digit_strings(said), numbers(said), strict=True))

    def digits(self, pattern: str | None) -> str | None:
        for at, (digits, _) in enumerate(self._pairs):
            if digits and (pattern is None or re.search(pattern, digits)):
                del self._pairs[at]
                return digits
        return None

    def number(self, *, whole: bool) -> int | float | None:
        for at, (_, number) in enumerate(self._pairs):
            if not whole or number == int(number):
                del self._pairs[at]
                return int(number) if whole else number
        return None


def _value(name: str, schema: Schema, said: str, found: _Figures) -> Any:
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return _choice(schema["enum"], said)
    for each in schema.get("anyOf", ()):
        if each.get("type") != "null":
            return _value(name, {**schema, "anyOf": (), **each}, said, found)
    match _kind(schema):
        case "integer" | "number" as kind:
            number = found.number(whole=kind == "integer")
            return ABSENT if number is None else number
        case "boolean":
            return NOT.search(said) is None
        case "array":
            item = _value(name, schema.get("items", {}), said, found)
            return ABSENT if item is ABSENT else [item]
        case "object":
            return fill(schema, said, guess=True)
        case _:
            return _string(name, schema, said, found)


def _choice(choices: list[Any], said: str) -> Any:
    """The choice that was said; of several the longest."""
    heard = f" {_plain(said)} "
    fitting = [each for each in choices if f" {_plain(str(each))} " in heard]
    return max(fitting, key=lambda each: len(str(each)), default=ABSENT)


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", words_of(text)))


def _string(name: str, schema: Schema, said: str, found: _Figures) -> Any:
    about = f"{words_of(name)} {schema.get('description', '')}".lower()
    pattern = schema.get("pattern")
    if pattern is not None or OF_DIGITS.search(about):
        digits = found.digits(pattern)
        if digits is not None:
            return digits
    if pattern is not None:
        matching = [word for word in said.split() if re.search(pattern, word)]
        return matching[0] if matching else ABSENT
    return _part(words_of(name), about, said)


def _part(name: str, about: str, said: str) -> str:
    """The words that fit a string argument: after its name, after a preposition, or all."""
    named = re.search(rf"\b{re.escape(name)}\b(?:\s+(?:is|was|of))?[:,]?\s+(.+)", said, re.I)
    if named:
        return _trimmed(named[1])
    if OF_WORDS.search(about):
        return said.strip()
    for word in _words_before(name):
        found = re.search(rf"\b{word}\s+(?:(?:the|an?)\s+)?(.+)", said, re.IGNORECASE)
        part = BEHIND_A_NAME.split(found[1])[0] if found else ""
        if 0 < len(part.split()) <= LONGEST_NAME_WORDS:
            return _trimmed(part)
    return said.strip()


def _words_before(name: str) -> tuple[str, ...]:
    if ORIGIN.search(name):
        return BEFORE_AN_ORIGIN
    return BEFORE_A_DESTINATION if DESTINATION.search(name) else BEFORE_A_NAME


def _trimmed(text: str) -> str:
    return re.split(r"[.?!](?:\s|$)", text)[0].strip(" ,;:\"'")
