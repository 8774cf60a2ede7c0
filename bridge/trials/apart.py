"""Test conversations run in a process of their own: ``python -m bridge.trials.apart``.

They cost a second of processor time for a few minutes of conversation, and a regular expression of
theirs may take for ever. A server that carries calls has no time for either.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import msgspec

from bridge.agents.document import Agent, load
from bridge.agents.problems import AgentError, Problem
from bridge.functions import FunctionsError
from bridge.interpreter import PYTHON, import_path
from bridge.settings.limits import Limits
from bridge.sim.model.rules import load_patterns
from bridge.store.agents import Draft
from bridge.store.problems import Invalid
from bridge.trials.judging import ConversationResult
from bridge.trials.running import run_tests

TIMEOUT_S: Final = 60.0
GRACE_S: Final = 1.0
COMMAND: Final = (*PYTHON, "-m", "bridge.trials.apart")
NICENESS: Final = 19  # calls come first
# What Python, its libraries and the system need. Secrets of the server are for nobody's tests.
KEPT: Final = frozenset(
    {"APPDATA", "HOME", "LANG", "LANGUAGE", "LD_LIBRARY_PATH", "LOCALAPPDATA", "LOGNAME", "PATH"}
    | {"PATHEXT", "SSL_CERT_DIR", "SSL_CERT_FILE", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "TZ"}
    | {"USER", "USERPROFILE", "VIRTUAL_ENV", "WINDIR", "OFFHOOK_FUNCTIONS"}
)
KEPT_GROUPS: Final = ("LC_", "OMP_", "OPENBLAS_")

_ONE_AT_A_TIME: Final = asyncio.Lock()


class Busy(Exception):
    """Tests of another draft are running; it can be asked again when they are through."""


class Asked(msgspec.Struct, frozen=True):
    """``replies``: how the local model answers where the tests do not say so, in YAML.
    What takes longer than ``timeout_s`` is ended."""

    text: str
    tests: str
    source: str = "tests.yaml"
    replies: str | None = None
    limits: Limits = Limits()
    timeout_s: float = TIMEOUT_S


class Answered(msgspec.Struct, frozen=True):
    """``problems`` of the tests and ``functions`` that cannot be loaded keep them from being run
    at all; ``broken`` says why they did not come to their end."""

    results: tuple[ConversationResult, ...] = ()
    problems: tuple[Problem, ...] = ()
    functions: tuple[str, ...] = ()
    broken: str = ""


async def tests_pass(draft: Draft, agent: Agent) -> None:
    """What a publish can require (``bridge.store.agents.Check``): the draft has tests, and all of
    them pass in virtual time. Raises ``Invalid`` with a problem for each that does not, and
    ``Busy``: in one process they are run one after the other."""
    if not draft.tests.strip():
        raise Invalid("tests", [_problem("are required and there are none; write some")])
    if _ONE_AT_A_TIME.locked():
        raise Busy
    async with _ONE_AT_A_TIME:
        answered = await run_apart(Asked(draft.text, draft.tests))
    if problems := problems_of(answered):
        raise Invalid("tests", problems)


def problems_of(answered: Answered) -> list[Problem]:
    """Each names its conversation, or its place in the text of the tests."""
    problems = [
        replace(each, field=f"tests.{each.field}".rstrip(".")) for each in answered.problems
    ]
    problems += [_problem(each) for each in answered.functions]
    for result in answered.results:
        problems += [_problem(str(each), result.name) for each in result.failures]
    return problems + [_problem(each) for each in (answered.broken,) if each]


def _problem(told: str, name: str = "") -> Problem:
    return Problem(1, 1, f"tests.{name}" if name else "tests", told)


async def run_apart(asked: Asked, environ: Mapping[str, str] | None = None) -> Answered:
    """The process ends with this, and by itself soon after its time. ``environ`` None: of this
    process's only what is no secret."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**(_harmless() if environ is None else environ), **import_path()},
    )
    try:
        async with asyncio.timeout(asked.timeout_s):
            out, _ = await process.communicate(msgspec.json.encode(asked))
        return msgspec.json.decode(out, type=Answered)
    except TimeoutError:
        return Answered(broken=f"were not through after {asked.timeout_s:g} s; make them shorter")
    except msgspec.DecodeError:
        return Answered(broken="could not be run; the log says why")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _harmless() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if name.upper() in KEPT or name.startswith(KEPT_GROUPS)
    }


async def answer(asked: Asked) -> Answered:
    try:
        results = await run_tests(
            load(asked.text),
            asked.tests,
            limits=asked.limits,
            replies=None if asked.replies is None else load_patterns(asked.replies),
            source=asked.source,
        )
        return Answered(tuple(results))
    except AgentError as error:
        return Answered(problems=error.problems)
    except FunctionsError as error:
        return Answered(functions=error.problems)


def main() -> None:
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what functions print is no answer
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=Asked)
    if sys.platform != "win32":
        os.nice(NICENESS)
        # Whoever asked may be gone without a word; and no regular expression holds this up.
        signal.setitimer(signal.ITIMER_REAL, asked.timeout_s + GRACE_S)
    with answers:
        answers.write(msgspec.json.encode(asyncio.run(answer(asked))))


if __name__ == "__main__":
    main()
