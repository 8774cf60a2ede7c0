"""Which of a client's functions fits what a caller said."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from bridge.sim.model.arguments import words_of
from bridge.sim.model.reply import Tool

# Words that many functions share, and words that say nothing.
COMMON = set(
    "a about after all an and any are as at be before by call called caller can client could do "
    "does for from function get give given gets has have how i if in into is it its look lookup "
    "may me my no not of on one or our out please return returns set so some tell that the their "
    "them then there they this to up us use used user want wants was we what when where which "
    "who will with would you your".split()
)
NAME_WEIGHT = 2
ENOUGH = 2


def fitting(tools: Iterable[Tool], said: str) -> Tool | None:
    """The function whose name, description and choices share most words with ``said``.

    One word of the name is enough, and two words of the rest.
    """
    heard = _stems(said)
    scored = [(_score(tool, heard), tool) for tool in tools]
    best, tool = max(scored, key=lambda pair: pair[0], default=(0, None))
    return tool if best >= ENOUGH else None


def _score(tool: Tool, heard: set[str]) -> int:
    name = _stems(words_of(tool.name))
    about = _stems(" ".join([tool.description, *_words(tool.parameters)])) - name
    return NAME_WEIGHT * len(heard & name) + len(heard & about)


def _words(schema: Mapping[str, Any]) -> Iterable[str]:
    for name, each in schema.get("properties", {}).items():
        yield words_of(name)
        yield str(each.get("description", ""))
        yield from map(str, each.get("enum", ()))


def _stems(text: str) -> set[str]:
    return {_stem(word) for word in re.findall(r"[a-z]+", text.lower()) if word not in COMMON}


def _stem(word: str) -> str:
    for ending in ("ing", "es", "ed", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
