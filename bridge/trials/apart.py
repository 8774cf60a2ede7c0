"""Test conversations run in a process of their own: ``python -m bridge.trials.apart``.

They cost a second of processor time for a few minutes of conversation, and a regular expression of
theirs may take for ever. A server that carries calls has no time for either.
"""

import asyncio
import os
import sys
from typing import Final

import msgspec

from bridge.agents.document import Agent, load
from bridge.agents.problems import AgentError, Problem
from bridge.functions import FunctionsError
from bridge.store.agents import Draft
from bridge.store.problems import Invalid
from bridge.trials.judging import ConversationResult
from bridge.trials.running import run_tests

TIMEOUT_S: Final = 60.0
COMMAND: Final = (sys.executable, "-P", "-m", "bridge.trials.apart")


class Asked(msgspec.Struct, frozen=True):
    text: str
    tests: str


class Answered(msgspec.Struct, frozen=True):
    """``problems`` keep the tests from being run at all."""

    results: tuple[ConversationResult, ...] = ()
    problems: tuple[Problem, ...] = ()


async def tests_pass(draft: Draft, agent: Agent) -> None:
    """What a publish can require (``bridge.store.agents.Check``): the draft has tests, and all of
    them pass in virtual time. Raises ``Invalid`` with a problem for each that does not."""
    if not draft.tests.strip():
        raise Invalid("tests", [Problem(1, 1, "", "are required and there are none; write some")])
    answered = await run_apart(Asked(draft.text, draft.tests))
    problems = list(answered.problems)
    for result in answered.results:
        problems += [Problem(1, 1, result.name, str(each)) for each in result.failures]
    if problems:
        raise Invalid("tests", problems)


async def run_apart(asked: Asked, timeout_s: float = TIMEOUT_S) -> Answered:
    """What takes longer has the problem that it did."""
    # It finds the functions where this process finds them, whatever folder it is started in.
    path = os.pathsep.join(each or os.getcwd() for each in sys.path)
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": path},
    )
    try:
        async with asyncio.timeout(timeout_s):
            out, _ = await process.communicate(msgspec.json.encode(asked))
        return msgspec.json.decode(out, type=Answered)
    except TimeoutError:
        return _refused(f"were not through after {timeout_s:g} s; make them shorter")
    except msgspec.DecodeError:
        return _refused("could not be run; the log says why")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _refused(told: str) -> Answered:
    return Answered(problems=(Problem(1, 1, "", told),))


async def answer(asked: Asked) -> Answered:
    try:
        results = await run_tests(load(asked.text), asked.tests)
        return Answered(tuple(results))
    except AgentError as error:
        return Answered(problems=error.problems)
    except FunctionsError as error:
        return Answered(problems=tuple(Problem(1, 1, "", each) for each in error.problems))


def main() -> None:
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=Asked)
    sys.stdout.buffer.write(msgspec.json.encode(asyncio.run(answer(asked))))


if __name__ == "__main__":
    main()
