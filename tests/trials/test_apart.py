"""Test conversations in a process of their own, as a publish requires them."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.agents.document import load
from bridge.store.agents import Draft
from bridge.store.problems import Invalid
from bridge.trials import apart
from bridge.trials.apart import Asked, run_apart

AGENT = "name: Shop\ninstructions: You help.\ngreeting: This is the shop.\n"
GOOD = "conversations: [{name: greets, turns: [{says: [the shop]}]}]"
BAD = "conversations: [{name: greets, turns: [{says: [the mill]}]}]"
SLOW = "conversations: [{name: slow, turns: [{says: ['/(a|aa)+!/']}]}]"


def check(tests: str, text: str = AGENT) -> None:
    draft = Draft("shop", text, tests, 1, "ada", datetime.now(UTC))
    asyncio.run(apart.tests_pass(draft, load(text)))


def problems(tests: str, text: str = AGENT) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as caught:
        check(tests, text)
    assert caught.value.field == "tests"
    return [(each.field, each.message) for each in caught.value.problems]


def test_a_draft_whose_tests_pass_may_be_published() -> None:
    check(GOOD)


def test_each_failure_is_a_problem_that_names_its_conversation() -> None:
    told = "turn 1: says 'the mill'; said: This is the shop."
    assert problems(BAD) == [("greets", told)]


def test_a_draft_without_tests_may_not_be_published() -> None:
    assert problems("") == [("", "are required and there are none; write some")]


def test_tests_that_cannot_be_read_are_problems() -> None:
    ((field, told),) = problems("conversations: [{name: x}]")
    assert field == "conversations[0].turns" and told.startswith("has none")


def test_functions_that_are_not_there_are_problems() -> None:
    functions = "functions: [{name: f, entry_point: 'not.there:f'}]\n"
    ((_, told),) = problems(GOOD, AGENT + functions)
    assert "not.there" in told


def test_what_takes_for_ever_is_given_up() -> None:
    text = AGENT.replace("This is the shop.", "a" * 60)
    answered = asyncio.run(run_apart(Asked(text, SLOW), timeout_s=4.0))
    assert [each.message for each in answered.problems] == [
        "were not through after 4 s; make them shorter"
    ]


def test_functions_are_found_where_this_process_finds_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shop_functions.py").write_text(
        'def opening() -> str:\n    """When the shop is open."""\n    return "at ten"\n'
    )
    monkeypatch.syspath_prepend(tmp_path)
    functions = "functions: [{name: opening, entry_point: 'shop_functions:opening'}]\n"
    turns = "turns: [{caller: 'What is the opening?', says: [at ten]}]"
    check(f"conversations: [{{name: opens, functions: real, {turns}}}]", AGENT + functions)
