"""Test conversations in a process of their own, as a publish requires them."""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from bridge.agents.document import load
from bridge.store.agents import Draft
from bridge.store.problems import Invalid
from bridge.trials import apart
from bridge.trials.apart import COMMAND, Answered, Asked, Busy, problems_of, run_apart

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
    assert problems(BAD) == [("tests.greets", told)]


def test_a_draft_without_tests_may_not_be_published() -> None:
    assert problems("") == [("tests", "are required and there are none; write some")]


def test_tests_that_cannot_be_read_are_problems() -> None:
    ((field, told),) = problems("conversations: [{name: x}]")
    assert field == "tests.conversations[0].turns" and told.startswith("has none")


def test_functions_that_are_not_there_are_problems() -> None:
    functions = "functions: [{name: f, entry_point: 'not.there:f'}]\n"
    ((field, told),) = problems(GOOD, AGENT + functions)
    assert field == "tests" and "not.there" in told


def test_what_takes_for_ever_is_given_up() -> None:
    text = AGENT.replace("This is the shop.", "a" * 60)
    answered = asyncio.run(run_apart(Asked(text, SLOW, timeout_s=4.0)))
    assert answered == Answered(broken="were not through after 4 s; make them shorter")
    ((field, told),) = [(each.field, each.message) for each in problems_of(answered)]
    assert (field, told) == ("tests", answered.broken)


def test_it_ends_by_itself_when_nobody_is_there_to_end_it() -> None:
    asked = Asked(AGENT.replace("This is the shop.", "a" * 60), SLOW, timeout_s=1.0)
    done = subprocess.run(
        COMMAND, input=msgspec.json.encode(asked), capture_output=True, timeout=30, check=False
    )
    assert (done.returncode, done.stdout) == (-signal.SIGALRM, b"")


def test_of_two_at_once_the_second_is_told_to_come_again() -> None:
    async def main() -> None:
        draft = Draft("shop", AGENT, GOOD, 1, "ada", datetime.now(UTC))
        found = await asyncio.gather(
            *(apart.tests_pass(draft, load(AGENT)) for _ in "ab"), return_exceptions=True
        )
        assert [type(each) for each in found] == [type(None), Busy]
        await apart.tests_pass(draft, load(AGENT))

    asyncio.run(main())


FUNCTIONS = '''
import os
import time

def seen() -> dict[str, str]:
    """What is seen."""
    print("not an answer")
    return dict(os.environ)

def niceness() -> int:
    """How nice it is."""
    return os.nice(0)

def process() -> str:
    """Which process it is."""
    with open(os.environ["HOME"] + "/process", "w") as file:
        file.write(str(os.getpid()))
    time.sleep(600)
    return "never"
'''


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Asked]:
    """Tests in which that function is run."""
    (tmp_path / "apart_functions.py").write_text(FUNCTIONS)
    monkeypatch.syspath_prepend(tmp_path)

    def asked(name: str) -> Asked:
        text = f"{AGENT}functions: [{{name: {name}, entry_point: 'apart_functions:{name}'}}]\n"
        turn = f"{{caller: 'Do it.', calls: {name}}}"
        rules = f"[{{hears: do, calls: {name}}}]"
        return Asked(
            text,
            f"conversations: [{{name: x, functions: real, turns: [{turn}]}}]\n"
            f"replies: {{rules: {rules}}}\n",
        )

    return asked


def output(answered: Answered) -> str:
    ((turn,),) = [each.turns for each in answered.results]
    (called,) = turn.calls
    return called.output


def test_secrets_of_the_server_are_not_given_to_it(
    ask: Callable[[str], Asked], monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = ("TWILIO_AUTH_TOKEN", "OPENAI_API_KEY", "OFFHOOK_DATABASE_URL", "SOMETHING_ELSE")
    for name in secrets:
        monkeypatch.setenv(name, "a secret")
    monkeypatch.setenv("OFFHOOK_FUNCTIONS", "apart_functions")
    seen = json.loads(output(asyncio.run(run_apart(ask("seen")))))
    assert seen["OFFHOOK_FUNCTIONS"] == "apart_functions" and seen["PATH"]
    assert not set(secrets) & set(seen)


def test_calls_come_before_it(ask: Callable[[str], Asked]) -> None:
    assert output(asyncio.run(run_apart(ask("niceness")))) == "19"


def test_it_ends_with_whoever_asked_for_it(
    ask: Callable[[str], Asked], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    told = tmp_path / "process"
    os.mkfifo(told)

    async def main() -> int:
        running = asyncio.create_task(run_apart(ask("process")))
        async with asyncio.timeout(30):
            process = await asyncio.to_thread(told.read_text)
        running.cancel()
        await asyncio.wait([running])
        assert running.cancelled()
        return int(process)

    with pytest.raises(ProcessLookupError):
        os.kill(asyncio.run(main()), 0)


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
