"""Expectations held against what happened."""

from dataclasses import replace
from typing import Any

import pytest

from bridge.call.actions import Outcome
from bridge.trials.conversation import Conversation, ExpectedCall, Turn
from bridge.trials.happening import Called, Happened, Held
from bridge.trials.judging import judged
from bridge.trials.reading import load_conversations

FOUND = Called("find_order", '{"number": "4711", "lines": [1, 2], "gift": true}', "{}")


def turn(text: str) -> Turn:
    head = "conversations: [{name: x, turns: [{caller: hi, "
    return load_conversations(f"{head}{text}}}]}}]").each[0].turns[0]


def told(wanted: Turn, held: Held) -> list[str]:
    conversation = Conversation("x", (wanted,))
    return [str(each) for each in judged(conversation, held, 1.0).failures]


def held(said: str = "", *calls: Called, outcome: str = "caller hung up") -> Held:
    return Held([Happened("hi", said, list(calls))], outcome)


def test_a_conversation_as_expected_passes() -> None:
    wanted = turn("says: [way], never_says: [sorry], calls: {name: find_order}, ends: completed")
    result = judged(
        Conversation("x", (wanted,)), held("On its way.", FOUND, outcome="completed"), 2.5
    )
    assert result.passed and result.failures == ()
    assert (result.name, result.outcome, result.seconds) == ("x", "completed", 2.5)
    assert result.turns[0].said == "On its way."


@pytest.mark.parametrize(
    ("wanted", "happened", "failure"),
    [
        ("says: [way]", held("Sent."), "turn 1: says 'way'; said: Sent."),
        ("says: [/w.y/]", held(""), "turn 1: says /w.y/; said: nothing"),
        ("never_says: [sent]", held("Sent."), "turn 1: never says 'sent'; said: Sent."),
        ("calls: {name: f}", held(), "turn 1: calls f; no function was called"),
        (
            "calls: {name: f}",
            held("", FOUND),
            f"turn 1: calls f; called find_order {FOUND.arguments}",
        ),
        (
            "never_calls: find_order",
            held("", FOUND),
            f"turn 1: never calls find_order; called find_order {FOUND.arguments}",
        ),
        ("ends: completed", held(), "turn 1: ends: completed; it ended: caller hung up"),
        ("ends: completed", held(outcome=""), "turn 1: ends: completed; it ended: not"),
    ],
)
def test_a_failure_tells_what_came_instead(wanted: str, happened: Held, failure: str) -> None:
    assert told(turn(wanted), happened) == [failure]


@pytest.mark.parametrize(
    ("arguments", "fits"),
    [
        ({}, True),
        ({"number": "4711"}, True),
        ({"number": 4711}, False),
        ({"number": "/^47/"}, True),
        ({"number": "/^7/"}, False),
        ({"lines": [1, 2]}, True),
        ({"lines": [1]}, False),
        ({"lines": ["/1/", 2]}, True),
        ({"gift": True}, True),
        ({"gift": 1}, False),
        ({"colour": None}, False),
    ],
)
def test_arguments_are_a_part_of_what_was_given(arguments: dict[str, Any], fits: bool) -> None:
    wanted = Turn("hi", calls=(ExpectedCall("find_order", arguments),))
    assert (told(wanted, held("", FOUND)) == []) is fits


def test_each_expected_call_needs_one_of_its_own() -> None:
    twice = Turn("hi", calls=(ExpectedCall("find_order"), ExpectedCall("find_order")))
    assert len(told(twice, held("", FOUND))) == 1
    assert told(twice, held("", FOUND, FOUND)) == []


def test_arguments_that_are_not_json_fit_nothing() -> None:
    broken = replace(FOUND, arguments='{"number": "47')
    wanted = Turn("hi", calls=(ExpectedCall("find_order", {"number": "47"}),))
    assert told(wanted, held("", broken)) != []


def test_a_turn_that_was_not_reached_fails() -> None:
    wanted = Conversation("x", (Turn("hi"), Turn("bye")))
    over = Held([Happened("hi", "Goodbye."), Happened("bye", reached=False)], "completed")
    (failure,) = judged(wanted, over, 1.0).failures
    assert str(failure) == "turn 2: the call goes on; it was over before (completed)"


def test_a_conversation_that_broke_fails_though_nothing_was_expected() -> None:
    broken = Held([Happened("hi", "Hel")], broken="the session is over: gone")
    assert told(Turn("hi"), broken) == ["turn 1: the call can be held; the session is over: gone"]


def test_an_ending_may_be_any() -> None:
    assert told(Turn("hi", ends=Outcome.TIME_LIMIT), held(outcome="time limit")) == []
