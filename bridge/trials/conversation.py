"""What a test conversation is: who calls, what is said, and what is expected."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bridge.call.actions import Outcome
from bridge.sim.model.rules import Patterns

CALLER = "+15550000001"  # where a conversation names no numbers
CALLED = "+15550000002"


def is_expression(text: str) -> bool:
    """Whether a text of a test stands between slashes, and so is a regular expression."""
    return len(text) > 2 and text[0] == text[-1] == "/"


@dataclass(frozen=True)
class Words:
    """Words that stand somewhere in what is said, or a regular expression; in any case."""

    source: str  # as it was written
    pattern: re.Pattern[str]

    def within(self, text: str) -> bool:
        return self.pattern.search(" ".join(text.split())) is not None


@dataclass(frozen=True)
class ExpectedCall:
    """``arguments`` are some of those it is called with; a text /…/ is a regular expression."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Turn:
    """What the caller says (None: nothing, the agent begins) and what has to come of it."""

    caller: str | None = None
    calls: tuple[ExpectedCall, ...] = ()
    never_calls: tuple[str, ...] = ()
    says: tuple[Words, ...] = ()
    never_says: tuple[Words, ...] = ()
    ends: Outcome | None = None


@dataclass(frozen=True)
class GivenResults:
    """What functions answer in place of running: by name one result a call, the last one from
    then on. ``real`` are those that are run all the same; None: all of them."""

    results: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    real: frozenset[str] | None = frozenset()

    def runs(self, name: str) -> bool:
        return self.real is None or name in self.real


@dataclass(frozen=True)
class Conversation:
    name: str
    turns: tuple[Turn, ...]
    caller: str = CALLER
    called: str = CALLED
    parameters: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    functions: GivenResults = GivenResults()


@dataclass(frozen=True)
class Conversations:
    """One document. ``replies``: how the local model answers; None: by itself."""

    each: tuple[Conversation, ...] = ()
    replies: Patterns | None = None
