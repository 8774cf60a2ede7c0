"""Texts of agents before they are kept, and before calls use them."""

import re
from typing import Final

from bridge.agents.document import Agent, load
from bridge.agents.problems import AgentError, Problem
from bridge.agents.tree import MAX_CHARS
from bridge.functions import Allowed
from bridge.functions.placed import unloadable
from bridge.store.problems import Invalid

NOT_KEPT: Final = re.compile("[\0\ud800-\udfff]")


def validated(text: str, source: str, allowed: Allowed) -> Agent:
    """A document that calls can use: it is read whole, and its functions are allowed and can be
    loaded. Raises Invalid. Takes its time: not for the loop of calls."""
    try:
        agent = load(text, source=source)
    except AgentError as error:
        raise Invalid("text", error.problems) from None
    if problems := unloadable(agent, text, allowed):
        raise Invalid("text", problems)
    return agent


def check_storable(text: str, tests: str) -> None:
    """What both databases can keep: PostgreSQL's text has no NUL."""
    for field, given in (("text", text), ("tests", tests)):
        if len(given) > MAX_CHARS:
            told = f"is longer than {MAX_CHARS} characters; keep long texts elsewhere"
            raise Invalid(field, [Problem(1, 1, field, told)])
        odd = NOT_KEPT.search(given)
        if odd is not None:
            line = given.count("\n", 0, odd.start()) + 1
            told = f"holds the character U+{ord(odd[0]):04X}, which no text has; remove it"
            raise Invalid(field, [Problem(line, 1, field, told)])


def title_of(text: str, name: str) -> str:
    try:
        return load(text).name
    except AgentError:
        return name
