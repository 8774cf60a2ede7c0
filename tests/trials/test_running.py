"""Test conversations, run: in virtual time, and text by text against a Realtime server."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

import bridge.demo
from bridge.agents.document import Agent, FunctionSpec, load, load_file
from bridge.functions import FunctionsError
from bridge.sim.model.patterns import PatternMind
from bridge.sim.model.profile import ModelProfile
from bridge.sim.model.rules import Patterns, load_patterns
from bridge.sim.model.server import serve
from bridge.sim.voice.scripted import ScriptedVoice
from bridge.transport.model import Endpoint, KeyCredential, ModelUnavailable
from bridge.trials.judging import ConversationResult
from bridge.trials.running import run_tests
from bridge.wire.dialect import GA, openai_url

AGENT = load("""
name: Order line
instructions: You know the state of every order.
greeting: This is the order line. What is your order number?
functions:
  - name: find_order
    entry_point: bridge.demo.orders:find_order
""")
REPLIES = load_patterns(r"""
rules:
  - {hears: bye, says: Goodbye., calls: end_call}
  - hears: '\d|one|two|three|four|five|six|seven|eight|nine'
    says: Let me look.
    calls: find_order
    arguments: {number: "{digits}"}
  - {after: find_order, says: "Order {number} is {state}. {error}"}
otherwise: I do not understand.
""")
FOUND = """
conversations:
  - name: The order is found
    functions:
      find_order: {number: "4711", state: on its way}
    turns:
      - says: [order line]
      - caller: It is four seven one one.
        calls: {name: find_order, arguments: {number: "4711"}}
        says: [let me look, 4711 is on its way]
        never_says: [sorry]
      - caller: Hm.
        says: [I do not understand]
        never_calls: find_order
      - caller: Goodbye.
        says: [goodbye]
        calls: {name: end_call}
        ends: completed
"""


def conversation(turns: str, more: str = "") -> str:
    return f"conversations: [{{name: x, {more} turns: [{turns}]}}]"


def run(tests: str, agent: Agent = AGENT, model: Endpoint | None = None) -> ConversationResult:
    (result,) = asyncio.run(run_tests(agent, tests, model=model, replies=REPLIES))
    return result


def failures(tests: str, agent: Agent = AGENT) -> list[str]:
    return [str(each) for each in run(tests, agent).failures]


async def _against_a_server(tests: str) -> ConversationResult:
    async with serve(
        "127.0.0.1",
        0,
        voice=ScriptedVoice(),
        mind_factory=lambda: PatternMind(REPLIES),
        profile=ModelProfile(speed=0, first_delta_ms=0),
    ) as serving:
        url = openai_url(f"{serving.http_url}/v1".replace("http", "ws", 1), "any")
        model = Endpoint(url, GA, KeyCredential("api-key", "key"))
        (result,) = await run_tests(AGENT, tests, model=model)
        return result


def against_a_server(tests: str) -> ConversationResult:
    return asyncio.run(_against_a_server(tests))


@pytest.mark.parametrize("held", [run, against_a_server])
def test_a_conversation_as_it_should_be_passes(held: object) -> None:
    assert callable(held)
    result = held(FOUND)
    assert result.failures == ()
    assert result.outcome == "completed"
    assert [turn.caller for turn in result.turns][2:] == ["Hm.", "Goodbye."]
    assert result.turns[1].calls[0].output == '{"number": "4711", "state": "on its way"}'


def test_the_same_conversation_gives_the_same_result_again() -> None:
    assert run(FOUND) == run(FOUND)


def test_results_come_in_order_and_the_last_one_stays() -> None:
    given = "functions: {find_order: [{state: one}, {state: two}]},"
    turns = ", ".join(
        f"{{caller: '{n}', says: [{said}]}}"
        for n, said in ((1, "is one"), (2, "is two"), (3, "is two"))
    )
    assert failures(conversation(turns, given)) == []


def test_a_function_is_run_where_the_test_says_so() -> None:
    turns = "{caller: Number 4 7 1 1, says: [on its way, comes tomorrow]}"
    assert failures(conversation(turns, "functions: real,")) == []
    assert failures(conversation(turns, "functions: {find_order: real},")) == []


def test_a_function_without_a_result_answers_ok_and_is_told() -> None:
    result = run(conversation("{caller: Number 4711, calls: {name: find_order}}"))
    assert result.passed
    assert result.turns[0].calls[0].output == '{"ok":true}'
    assert any("gives no result" in note for note in result.notes)


def test_a_result_for_a_function_that_is_not_there_is_told() -> None:
    result = run(conversation("{caller: Hm.}", "functions: {find_ordr: {}},"))
    assert "the agent has no function find_ordr" in result.notes


def test_functions_that_are_not_run_need_not_be_there() -> None:
    spec = FunctionSpec(
        "find_order", "not.there:find", "Finds.", {"type": "object", "properties": {}}
    )
    agent = replace(AGENT, functions=(spec,))
    given = "functions: {find_order: {state: sent}},"
    assert failures(conversation("{caller: Number 1, says: [sent]}", given), agent) == []
    with pytest.raises(FunctionsError):
        run(conversation("{caller: Number 1}", "functions: real,"), agent)


def test_a_call_that_ends_too_early_fails_what_is_left() -> None:
    told = failures(conversation("{caller: Goodbye.}, {caller: Number 4711}"))
    assert told == ["turn 2: the call goes on; it was over before (completed)"]


def test_an_agent_without_greeting_lets_the_caller_begin() -> None:
    agent = replace(AGENT, greeting=None)
    assert failures(conversation("{caller: Hm., says: [understand]}"), agent) == []
    (told,) = failures(conversation("{says: [order line]}, {caller: Hm.}"), agent)
    assert told == "turn 1: says 'order line'; said: nothing"


def test_words_of_many_turns_are_told_apart() -> None:
    turns = ", ".join(f"{{caller: 'Say: this is {n}a.', says: [this is {n}a]}}" for n in range(20))
    (result,) = asyncio.run(run_tests(AGENT, conversation(turns), replies=Patterns()))
    assert result.failures == ()


def test_what_the_caller_says_reaches_the_agent_in_its_own_audio_format() -> None:
    agent = replace(AGENT, audio_format="g711_ulaw")
    assert run(FOUND, agent).failures == ()


def test_an_agent_that_listens_to_nobody_ends_in_time() -> None:
    agent = load("name: x\ninstructions: y\nturn_detection: {type: none}")
    (told,) = failures(conversation("{caller: Hello., says: [hello]}"), agent)
    assert told == "turn 1: says 'hello'; said: nothing"


def test_each_result_is_told_as_soon_as_it_is_there() -> None:
    told: list[str] = []
    tests = "conversations: [{name: a, turns: [{caller: b}]}, {name: c, turns: [{caller: d}]}]"
    asyncio.run(run_tests(AGENT, tests, tell=lambda result: told.append(result.name)))
    assert told == ["a", "c"]


def test_no_tests_have_no_results() -> None:
    assert asyncio.run(run_tests(AGENT, "")) == []


def test_a_model_that_is_not_there_is_an_error_of_its_own() -> None:
    nowhere = Endpoint("ws://127.0.0.1:1/v1/realtime", GA, KeyCredential("api-key", "key"))
    with pytest.raises(ModelUnavailable):
        run(FOUND, model=nowhere)


VARIABLES = load("""
name: Shop
instructions: "You are {{ shop }}. It is {{ time }}."
greeting: "Hello {{ who }}, this is {{ shop }}. It is {{ time }}."
timezone: Europe/Berlin
lookup: {url: "https://crm.example.com/caller"}
variables:
  shop: {default: the mill, from: "parameter:shop"}
  who: {from: "lookup:name"}
  time: {from: local_time}
""")


def test_variables_are_those_of_the_conversation() -> None:
    turns = "{says: ['Hello Ada, this is the mill.']}, {caller: Hm.}"
    result = run(conversation(turns, "variables: {who: Ada, nobody: x},"), VARIABLES)
    assert result.failures == ()
    assert result.notes == ("the agent has no variable nobody",)


def test_what_the_call_brings_is_in_the_texts() -> None:
    given = "parameters: {shop: the fair}, variables: {who: Ada},"
    assert failures(conversation("{says: [this is the fair]}", given), VARIABLES) == []


def test_a_variable_without_a_value_is_told() -> None:
    result = run(conversation("{caller: Hm.}"), VARIABLES)
    assert any(note.startswith("variable who: no value") for note in result.notes)


def test_in_virtual_time_the_local_time_is_always_the_same() -> None:
    turns = "{says: ['26 November 2026, 11:00']}"
    assert failures(conversation(turns, "variables: {who: Ada},"), VARIABLES) == []


def test_the_order_line_of_the_demonstration_passes_its_tests() -> None:
    folder = Path(bridge.demo.__file__).parent
    tests = (folder / "order-line.tests.yaml").read_text()
    results = asyncio.run(run_tests(load_file(folder / "order-line.yaml"), tests))
    assert [each.failures for each in results] == [(), (), ()]
