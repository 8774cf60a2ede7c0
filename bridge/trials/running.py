"""The test conversations of an agent, run one after the other."""

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from bridge import functions
from bridge.agents.briefing import brief
from bridge.agents.document import Agent
from bridge.agents.incoming import Incoming
from bridge.functions import Function
from bridge.settings.limits import Limits
from bridge.sim.model.rules import Patterns
from bridge.transport.model import Endpoint
from bridge.trials.conversation import Conversation
from bridge.trials.judging import ConversationResult, judged
from bridge.trials.offered import Offered
from bridge.trials.phone_line import ACCOUNT_SID, CALL_SID
from bridge.trials.prepared import prepared
from bridge.trials.reading import load_conversations
from bridge.trials.rehearsed import Rehearsed, RunsFunction
from bridge.trials.talked import hold_talked
from bridge.wire.dialect import GA

Tell = Callable[[ConversationResult], None]

# A Thursday: whoever asks for the time in virtual time gets the same answer each time.
VIRTUAL_NOW: Final = datetime(2026, 11, 26, 10, 0, tzinfo=UTC)


async def run_tests(
    agent: Agent,
    tests_text: str,
    *,
    model: Endpoint | None = None,
    limits: Limits | None = None,
    replies: Patterns | None = None,
    source: str = "tests.yaml",
    tell: Tell = lambda result: None,
) -> list[ConversationResult]:
    """Every conversation's result, in order; each is told as soon as it is there.

    ``model`` None: in virtual time, against the local model; it answers by the replies of the
    tests, else by ``replies``. Else text by text against that model, in real time.
    Raises ``AgentError`` for the tests, ``FunctionsError`` and ``ModelUnavailable``.
    """
    wanted = load_conversations(tests_text, source=source)
    limits = limits or Limits()
    results = []
    for each in wanted.each:
        if model is None:
            result = await _rehearsed(agent, each, wanted.replies or replies, limits)
        else:
            result = await _talked(agent, each, model, limits)
        tell(result)
        results.append(result)
    return results


async def _rehearsed(
    agent: Agent, wanted: Conversation, replies: Patterns | None, limits: Limits
) -> ConversationResult:
    offered = Offered(agent, wanted.functions, default_timeout_s=limits.function_timeout_s)
    filled, notes = _prepared(agent, wanted, VIRTUAL_NOW)
    config = brief(filled, offered.functions, GA, limits)
    run = _in_loop(offered.functions, asyncio.get_running_loop())
    held, seconds = await asyncio.to_thread(Rehearsed(config, wanted, replies, run).hold)
    held.notes += [*notes, *offered.notes]
    return judged(wanted, held, seconds)


async def _talked(
    agent: Agent, wanted: Conversation, model: Endpoint, limits: Limits
) -> ConversationResult:
    offered = Offered(agent, wanted.functions, default_timeout_s=limits.function_timeout_s)
    filled, notes = _prepared(agent, wanted, datetime.now(UTC))
    config = brief(filled, offered.functions, model.dialect, limits)
    began = time.monotonic()
    held = await hold_talked(
        config, wanted, offered.functions, model, connect_timeout_s=limits.model_connect_timeout_s
    )
    held.notes += [*notes, *offered.notes]
    return judged(wanted, held, round(time.monotonic() - began, 3))


def _prepared(agent: Agent, wanted: Conversation, now: datetime) -> tuple[Agent, tuple[str, ...]]:
    incoming = Incoming(CALL_SID, wanted.caller, wanted.called, wanted.parameters, ACCOUNT_SID)
    return prepared(agent, incoming, wanted.variables, now)


def _in_loop(offered: Mapping[str, Function], loop: asyncio.AbstractEventLoop) -> RunsFunction:
    """Functions run in the loop, while virtual time stands still in a thread of its own."""

    def run(name: str, arguments: str) -> str:
        function = offered.get(name)
        if function is None:
            return functions.unknown(name)
        return asyncio.run_coroutine_threadsafe(functions.run(function, arguments), loop).result()

    return run
