"""What happened, held against what was expected."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.trials.conversation import Conversation, ExpectedCall, Turn, Words, is_expression
from bridge.trials.happening import Called, Happened, Held

SHOWN_CHARS = 300


@dataclass(frozen=True)
class Failure:
    """An expectation that was not met. ``instead`` is what came in its place."""

    turn: int  # counted from 1
    expected: str
    instead: str

    def __str__(self) -> str:
        return f"turn {self.turn}: {self.expected}; {self.instead}"


@dataclass(frozen=True)
class TurnResult:
    caller: str | None
    said: str
    calls: tuple[Called, ...]


@dataclass(frozen=True)
class ConversationResult:
    """``failures`` is empty for a conversation that went as expected."""

    name: str
    turns: tuple[TurnResult, ...]
    outcome: str
    failures: tuple[Failure, ...]
    notes: tuple[str, ...]
    seconds: float  # of the call; virtual ones where time is

    @property
    def passed(self) -> bool:
        return not self.failures


def judged(wanted: Conversation, held: Held, seconds: float) -> ConversationResult:
    failures = [
        failure
        for number, (turn, happened) in enumerate(zip(wanted.turns, held.turns, strict=True), 1)
        for failure in _turn_failures(number, turn, happened, held)
    ]
    turns = (TurnResult(each.caller, each.said, tuple(each.calls)) for each in held.turns)
    return ConversationResult(
        wanted.name, tuple(turns), held.outcome, tuple(failures), tuple(held.notes), seconds
    )


def _turn_failures(number: int, turn: Turn, happened: Happened, held: Held) -> Iterator[Failure]:
    if not happened.reached:
        why = held.broken or f"it was over before ({held.outcome})"
        yield Failure(number, "the call goes on", why)
        return
    for expected, instead in _missed(turn, happened):
        yield Failure(number, expected, instead)
    if turn.ends is not None and held.outcome != turn.ends.value:
        yield Failure(number, f"ends: {turn.ends.value}", f"it ended: {held.outcome or 'not'}")
    elif held.broken and number == sum(each.reached for each in held.turns):
        yield Failure(number, "the call can be held", held.broken)


def _missed(turn: Turn, happened: Happened) -> Iterator[tuple[str, str]]:
    said = f"said: {_shown(happened.said)}"
    for words in turn.says:
        if not words.within(happened.said):
            yield f"says {_quoted(words)}", said
    for words in turn.never_says:
        if words.within(happened.said):
            yield f"never says {_quoted(words)}", said
    for expected in _uncalled(turn.calls, happened.calls):
        yield f"calls {_expected(expected)}", _instead(expected, happened.calls)
    for name in turn.never_calls:
        if called := next((each for each in happened.calls if each.name == name), None):
            yield f"never calls {name}", f"called {name} {called.arguments}"


def _uncalled(wanted: tuple[ExpectedCall, ...], calls: list[Called]) -> Iterator[ExpectedCall]:
    """Those for which there is no call of their own, whatever the order."""
    left = list(calls)
    for expected in wanted:
        found = next((each for each in left if _fits(expected, each)), None)
        if found is None:
            yield expected
        else:
            left.remove(found)


def _fits(expected: ExpectedCall, called: Called) -> bool:
    return expected.name == called.name and _holds(arguments_of(called), expected.arguments)


def _holds(actual: Any, wanted: Any) -> bool:
    """``wanted`` is a part of ``actual``; lists are compared place by place."""
    if isinstance(wanted, Mapping):
        return isinstance(actual, Mapping) and all(
            name in actual and _holds(actual[name], value) for name, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(actual, list)
            and len(actual) == len(wanted)
            and all(_holds(one, other) for one, other in zip(actual, wanted, strict=True))
        )
    if isinstance(wanted, str) and is_expression(wanted):
        return re.search(wanted[1:-1], str(actual), re.IGNORECASE) is not None
    return bool(actual == wanted) and isinstance(actual, bool) == isinstance(wanted, bool)


def arguments_of(called: Called) -> Any:
    """The arguments as JSON values; None where they are not JSON."""
    try:
        return json.loads(called.arguments or "{}")
    except ValueError:
        return None


def _instead(expected: ExpectedCall, calls: list[Called]) -> str:
    same = [each for each in calls if each.name == expected.name]
    if not calls:
        return "no function was called"
    return "called " + ", ".join(f"{each.name} {each.arguments}" for each in same or calls)


def _expected(call: ExpectedCall) -> str:
    arguments = f" {json.dumps(call.arguments)}" if call.arguments else ""
    return f"{call.name}{arguments}"


def _quoted(words: Words) -> str:
    return words.source if is_expression(words.source) else f"'{words.source}'"


def _shown(text: str) -> str:
    if not text.strip():
        return "nothing"
    return text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]} …"
