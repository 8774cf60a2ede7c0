"""A mind by patterns: what it is told, what it may call, and what it makes of the rest."""

import json
from typing import Any

import pytest

from bridge.sim.model.patterns import GREETING, PatternMind
from bridge.sim.model.reply import Context, FunctionCall, Reply, Spoken, Tool, Turn
from bridge.sim.model.rules import load_patterns

FIND_ORDER = Tool(
    "find_order",
    "Find an order by its number.",
    {
        "type": "object",
        "properties": {"order_number": {"type": "string", "description": "The order number"}},
        "required": ["order_number"],
    },
)
WEATHER = Tool(
    "get_weather",
    "The weather in a city.",
    {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
        },
        "required": ["city"],
    },
)
END_CALL = Tool("end_call", "Hang up, after good-bye.", {"type": "object", "properties": {}})


def context(*turns: Turn | str, **other: Any) -> Context:
    said = tuple(Turn("user", each) if isinstance(each, str) else each for each in turns)
    given: dict[str, Any] = {"instructions": "Be brief.", "tools": (), "tool_choice": "auto"}
    return Context(turns=said, **(given | other))


def words(reply: Reply) -> str:
    (item,) = reply.items
    assert isinstance(item, Spoken)
    return item.text


def call(reply: Reply) -> tuple[str, Any]:
    (item,) = reply.items
    assert isinstance(item, FunctionCall)
    return item.name, json.loads(item.arguments)


def after(name: str, output: str) -> tuple[Turn, Turn, Turn]:
    return (
        Turn("user", "My order is 4711."),
        Turn("function_call", name, "c1"),
        Turn("function_output", output, "c1"),
    )


def test_a_function_that_fits_the_words_is_called_with_spoken_digits() -> None:
    said = "Where is my order? The number is four seven, one one."
    assert call(PatternMind().reply(context(said, tools=(WEATHER, FIND_ORDER)))) == (
        "find_order",
        {"order_number": "4711"},
    )


def test_of_two_functions_the_one_that_fits_better_is_called() -> None:
    said = "What is the weather in New York in Celsius?"
    assert call(PatternMind().reply(context(said, tools=(FIND_ORDER, WEATHER)))) == (
        "get_weather",
        {"city": "New York", "unit": "celsius"},
    )


def test_a_required_argument_that_was_not_said_is_asked_for() -> None:
    pay = Tool(
        "pay_bill",
        "Pay a bill.",
        {"properties": {"amount_due": {"type": "number"}}, "required": ["amount_due"]},
    )
    said = "I want to pay my bill."
    assert words(PatternMind().reply(context(said, tools=(pay,)))) == (
        "Of course. What is the amount due?"
    )


@pytest.mark.parametrize("choice", ["required", "find_order"])
def test_a_forced_function_is_called_though_nothing_fits(choice: str) -> None:
    reply = PatternMind().reply(context("Blue.", tools=(FIND_ORDER,), tool_choice=choice))
    assert call(reply)[0] == "find_order"


def test_without_tool_choice_nothing_is_called() -> None:
    said = "Find order 4711, good-bye."
    reply = PatternMind().reply(context(said, tools=(FIND_ORDER, END_CALL), tool_choice="none"))
    assert words(reply) == "Goodbye. Thank you for calling."


def test_the_output_of_a_function_is_told() -> None:
    turns = after("find_order", '{"state": "shipped", "carrier": "DHL"}')
    reply = PatternMind().reply(context(*turns, tools=(FIND_ORDER,), tool_choice="required"))
    assert words(reply) == "I have it. The state is shipped and the carrier is DHL."


@pytest.mark.parametrize(
    "requested",
    [
        'Say exactly: "Good day, this is Ada."',
        "Greet the caller with: Good day, this is Ada.",
        "Please repeat exactly the following sentence: Good day, this is Ada.",
        "Say the following to the caller: 'Good day, this is Ada.'",
    ],
)
def test_words_that_a_response_dictates_are_said_to_the_letter(requested: str) -> None:
    reply = PatternMind().reply(context("Hi.", requested=requested, tools=(END_CALL,)))
    assert words(reply) == "Good day, this is Ada."


def test_the_sessions_instructions_can_have_a_sentence_repeated() -> None:
    instructions = "Repeat exactly the following sentence: I am; therefore: I call!"
    reply = PatternMind().reply(context("Good-bye.", instructions=instructions))
    assert words(reply) == "I am; therefore: I call!"


def test_a_user_can_have_a_sentence_repeated() -> None:
    reply = PatternMind().reply(context("Repeat exactly the following sentence: One, two."))
    assert words(reply) == "One, two."


def test_what_instructions_say_about_other_occasions_is_not_said_now() -> None:
    instructions = "When asked for the hours, say exactly: nine to five."
    assert words(PatternMind().reply(context("Blue.", instructions=instructions))) == (
        "I see. You said: Blue."
    )


def test_before_anything_is_said_the_caller_is_greeted() -> None:
    mind = PatternMind()
    assert words(mind.reply(context())) == GREETING
    instructions = 'You sell books. Greet the caller with: "Books, good day."\n\nBe kind.'
    assert words(mind.reply(context(instructions=instructions))) == "Books, good day."
    requested = "Greet the caller."
    assert words(mind.reply(context("", instructions=instructions, requested=requested))) == (
        "Books, good day."
    )


def test_a_goodbye_is_said_before_hanging_up() -> None:
    reply = PatternMind().reply(context("Thanks, bye!", tools=(FIND_ORDER, END_CALL)))
    assert reply == Reply((Spoken("Goodbye."), FunctionCall("end_call", "{}")))


def test_hanging_up_is_for_goodbyes_alone() -> None:
    reply = PatternMind().reply(context("Do not end this call.", tools=(END_CALL,)))
    assert words(reply) == "I see. You said: Do not end this call."


def test_an_answer_is_made_of_what_was_said_and_begins_short() -> None:
    mind = PatternMind()
    assert words(mind.reply(context("The sky is blue"))) == "I see. You said: The sky is blue."
    assert words(mind.reply(context("It rains."))) == "All right. You said: It rains."
    assert "did not hear" in words(mind.reply(context(" ")))


BOOK_LINE = load_patterns(
    """
rules:
  - hears: ["best of times", "order (?P<order>.+)"]
    says: "One moment."
    calls: find_passage
    arguments: {text: "{heard}", order: "{order}", digits: "{digits}", limit: 3}
    once: true
  - after: find_passage
    says: "That is {title}, of {year}."
  - hears: more
    says: ["First.", "Second."]
  - hears: stop
    calls: end_call
otherwise: ["Go on, {heard}", "Well."]
"""
)
FIND_PASSAGE = Tool("find_passage", "Find a passage.")


def test_a_rule_says_and_calls_with_the_groups_it_heard() -> None:
    reply = PatternMind(BOOK_LINE).reply(context("my order four seven", tools=(FIND_PASSAGE,)))
    spoken, function = reply.items
    assert spoken == Spoken("One moment.")
    assert isinstance(function, FunctionCall)
    assert json.loads(function.arguments) == {
        "text": "my order four seven",
        "order": "four seven",
        "digits": "47",
        "limit": 3,
    }


def test_a_rule_for_once_gives_way_to_what_follows() -> None:
    mind = PatternMind(BOOK_LINE)
    mind.reply(context("best of times", tools=(FIND_PASSAGE,)))
    assert words(mind.reply(context("best of times"))) == "Go on, best of times"


def test_a_rule_whose_function_is_not_offered_is_passed_by() -> None:
    mind = PatternMind(BOOK_LINE)
    assert words(mind.reply(context("stop"))) == "Go on, stop"
    assert call(mind.reply(context("stop", tools=(END_CALL,)))) == ("end_call", {})


def test_a_rule_tells_the_fields_of_an_output() -> None:
    turns = after("find_passage", '{"title": "Emma", "year": 1815}')
    assert words(PatternMind(BOOK_LINE).reply(context(*turns))) == "That is Emma, of 1815."


def test_several_texts_are_said_in_turn_and_the_last_one_stays() -> None:
    mind = PatternMind(BOOK_LINE)
    assert [words(mind.reply(context("more"))) for _ in range(3)] == [
        "First.",
        "Second.",
        "Second.",
    ]
