"""The YAML of test conversations: what is read from it, and what is told of a wrong one."""

import pytest

from bridge.agents.problems import AgentError
from bridge.call.actions import Outcome
from bridge.trials.conversation import CALLER, Conversation, ExpectedCall
from bridge.trials.reading import load_conversations

WHOLE = """
conversations:
  - name: The order is found
    caller: "+15550001111"
    parameters: {shop: mill}
    variables: {season: winter}
    functions:
      find_order: [{number: "4711"}, gone]
      book: real
    turns:
      - says: order line
      - caller: It is four seven one one.
        calls: {name: find_order, arguments: {number: "4711"}}
        never_calls: refund
        says: [on its way, "/4 ?7/"]
        never_says: [sorry]
        ends: completed
replies:
  rules: [{hears: bye, says: Goodbye.}]
"""


def first(text: str) -> Conversation:
    return load_conversations(text).each[0]


def turns(text: str) -> Conversation:
    return first("conversations:\n- name: x\n  turns:\n" + text)


def problems(text: str) -> list[str]:
    with pytest.raises(AgentError) as caught:
        load_conversations(text, source="t.yaml")
    return str(caught.value).splitlines()


def test_all_of_a_conversation_is_read() -> None:
    found = load_conversations(WHOLE)
    (conversation,) = found.each
    greeting, order = conversation.turns
    assert (conversation.caller, conversation.called) == ("+15550001111", "+15550000002")
    assert conversation.parameters == {"shop": "mill"}
    assert conversation.variables == {"season": "winter"}
    assert conversation.functions.results == {"find_order": ('{"number": "4711"}', "gone")}
    assert conversation.functions.runs("book") and not conversation.functions.runs("find_order")
    assert greeting.caller is None
    assert order.calls == (ExpectedCall("find_order", {"number": "4711"}),)
    assert order.never_calls == ("refund",)
    assert [each.source for each in order.says] == ["on its way", "/4 ?7/"]
    assert order.ends is Outcome.COMPLETED
    assert found.replies is not None and len(found.replies.rules) == 1


def test_what_is_left_out_has_a_default() -> None:
    conversation = turns("  - caller: Hello.")
    assert conversation.caller == CALLER
    assert conversation.functions.results == {} and not conversation.functions.runs("any")


@pytest.mark.parametrize("text", ["", " \n"])
def test_no_text_has_no_conversations(text: str) -> None:
    assert load_conversations(text).each == ()


def test_all_functions_may_be_real() -> None:
    conversation = first("conversations: [{name: x, functions: real, turns: [{caller: Hello.}]}]")
    assert conversation.functions.runs("whatever")


@pytest.mark.parametrize(
    ("words", "said", "found"),
    [
        ("on its way", "It is ON ITS\n way.", True),
        ("four", "fourteen", False),
        ("four", "four.", True),
        ("4711", "the 4711th", False),
        ("way.", "on its way.", True),
        ("/4 ?7/", "4 7", True),
        ("/four/", "fourteen", True),
        ("/SORRY/", "sorry", True),
    ],
)
def test_words_are_whole_and_in_any_case(words: str, said: str, found: bool) -> None:
    (turn,) = turns(f"  - says: ['{words}']").turns
    assert turn.says[0].within(said) is found


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[]", "t.yaml:1:1: is not a mapping"),
        ("conversations: []", "t.yaml:1:16: conversations: has none"),
        ("conversations: [{name: x}]", "t.yaml:1:17: conversations[0].turns: has none"),
        ("conversations: [{nam: x}]", "not a field of test conversations; did you mean 'name'?"),
        ("conversations: [{name: x, turns: [{caller: 12}]}]", "is read as a number"),
        (
            "conversations: [{name: x, turns: [{caller: a}, {says: b}]}]",
            "t.yaml:1:48: conversations[0].turns[1].caller: is missing",
        ),
        (
            "conversations: [{name: x, turns: [{ends: completed}, {caller: b}]}]",
            "turns[0].ends: belongs to the last turn; move it there",
        ),
        ("conversations: [{name: x, turns: [{ends: complete}]}]", "did you mean completed?"),
        ("conversations: [{name: x, turns: [{says: [no]}]}]", "'no' is not read as text"),
        ("conversations: [{name: x, turns: [{says: ['/(/']}]}]", "not a regular expression"),
        (
            "conversations: [{name: x, turns: [{calls: {name: f, arguments: {a: '/(/'}}}]}]",
            "turns[0].calls.arguments: '/(/' is not a regular expression",
        ),
        (
            "conversations: [{name: x, turns: [{calls: a b}]}]",
            "turns[0].calls: 'a b' is no function's name; write letters",
        ),
        (
            "conversations: [{name: x, turns: [{calls: [f, a b]}]}]",
            "turns[0].calls[1].name: 'a b' does not fit",
        ),
        (
            "conversations: [{name: x, turns: [{calls: 7}]}]",
            "turns[0].calls: '7' is no function's name",
        ),
        (
            "conversations: [{name: x, turns: [{calls: [{name: 'a b'}]}]}]",
            "turns[0].calls[0].name: 'a b' does not fit",
        ),
        (
            "conversations: [{name: x, turns: [{calls: {name: f, arguments: {a: 1:30}}}]}]",
            "turns[0].calls.arguments.a: '1:30' is not a plain number",
        ),
        (
            "conversations: [{name: x, variables: {a: 1}, turns: [{caller: a}]}]",
            "t.yaml:1:42: conversations[0].variables.a: is not a text; put quotes around it",
        ),
        (
            "conversations: [{name: x, functions: {f: []}, turns: [{caller: a}]}]",
            "functions: f has an empty list",
        ),
        (
            "conversations: [{name: x, turns: [{caller: a}]}, {name: x, turns: [{caller: a}]}]",
            "conversations[1].name: 'x' is the name of another one",
        ),
        (
            "conversations: [{name: x, turns: [{caller: a}]}]\nreplies: {rules: [{hears: x}]}",
            "t.yaml:2:10: replies: rules[0]: needs says or calls",
        ),
    ],
)
def test_every_problem_has_its_place_and_its_mend(text: str, told: str) -> None:
    assert any(told in line for line in problems(text)), problems(text)


@pytest.mark.parametrize("calls", ["f", "[f]", "{name: f}", "[{name: f}]"])
def test_a_call_whose_arguments_do_not_matter_is_a_name_alone(calls: str) -> None:
    found = load_conversations(f"conversations: [{{name: x, turns: [{{calls: {calls}}}]}}]")
    assert found.each[0].turns[0].calls == (ExpectedCall("f"),)


def test_names_and_calls_with_arguments_stand_in_one_list() -> None:
    calls = "[f, {name: g, arguments: {n: 1}}]"
    found = load_conversations(f"conversations: [{{name: x, turns: [{{calls: {calls}}}]}}]")
    assert found.each[0].turns[0].calls == (ExpectedCall("f"), ExpectedCall("g", {"n": 1}))
