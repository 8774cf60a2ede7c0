"""The output of a function, told in a short sentence."""

import json
import re
from collections.abc import Mapping
from typing import Any

from bridge.sim.model.arguments import words_of

LONGEST_CHARACTERS = 240
# Fields that are made to be said.
SAYABLE = ("message", "answer", "text", "summary", "result", "output")


def told(output: str) -> str:
    """What a caller is told of a function's output, be it JSON or plain text."""
    try:
        value = json.loads(output)
    except ValueError:
        value = output
    return _shortened(_sentence(value))


def _sentence(value: Any) -> str:
    match value:
        case None | "" | True:
            return "Done."
        case False:
            return "I am sorry. That did not work."
        case str():
            return _closed(value.strip())
        case int() | float():
            return f"I have it. It is {value}."
        case list():
            return _listed(value)
        case Mapping():
            return _told_fields(value)
        case _:
            return _closed(str(value))


def _told_fields(fields: Mapping[str, Any]) -> str:
    error = fields.get("error")
    if error:
        reason = error.get("message", error) if isinstance(error, Mapping) else error
        return f"I am sorry. {_closed(str(reason))}"
    for name in SAYABLE:
        if isinstance(fields.get(name), str) and fields[name].strip():
            return _closed(fields[name].strip())
    parts = [
        f"the {words_of(name)} is {value}"
        for name, value in fields.items()
        if isinstance(value, str | int | float) and not isinstance(value, bool)
    ]
    return f"I have it. {_closed(_capital(' and '.join(parts)))}" if parts else "Done."


def _listed(values: list[Any]) -> str:
    plain = [str(each) for each in values if isinstance(each, str | int | float)]
    if not values:
        return "I found nothing."
    if not plain:
        return _sentence(values[0])
    return f"I found {len(values)}. {_closed(', '.join(plain))}"


def _closed(text: str) -> str:
    return text if text.endswith((".", "!", "?", "\u2026")) else f"{text}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _shortened(text: str) -> str:
    """Cut behind a whole sentence, or else behind a whole word."""
    if len(text) <= LONGEST_CHARACTERS:
        return text
    head = text[:LONGEST_CHARACTERS]
    whole = re.match(r".*[.!?](?=\s)", head, re.DOTALL)
    return whole[0] if whole else head.rsplit(" ", 1)[0] + "."
