"""The test conversations that a publish over the API has to pass."""

import asyncio
from collections.abc import Awaitable
from typing import Final

from starlette.requests import Request

from bridge.agents.document import Agent
from bridge.agents.problems import AgentError
from bridge.store.agents import Check, Draft
from bridge.store.tokens import TokenRow
from bridge.trials.apart import Busy
from bridge.trials.reading import load_conversations
from bridge.web.api.problem import CONFLICT, TOO_MANY, Problem, invalid

RETRY_S: Final = 10


def asked_by(request: Request, token: TokenRow, check: Check) -> Check:
    """``check`` as it is for one request: given up when its client has gone, and without functions
    that are really run where the token is no admin's. Raises Problem as well."""

    async def checked(draft: Draft, agent: Agent) -> None:
        if token.scope != "admin" and await asyncio.to_thread(_runs_functions, draft.tests):
            told = "run functions (real), which needs a token of scope admin; give their results"
            raise invalid("tests", told)
        try:
            await _while_there(request, check(draft, agent))
        except Busy:
            told = "test conversations of another publish are running; try again in a moment"
            raise Problem(TOO_MANY, told, headers={"Retry-After": str(RETRY_S)}) from None

    return checked


def _runs_functions(tests: str) -> bool:
    try:
        found = load_conversations(tests)
    except AgentError:  # which the check itself tells
        return False
    return any(each.functions.real is None or each.functions.real for each in found.each)


async def _while_there(request: Request, work: Awaitable[None]) -> None:
    """Until it is done, or nobody waits for it any more."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.create_task(_left(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise Problem(CONFLICT, "the client has gone, and nothing is published")
        await working
    finally:
        for each in (working, leaving):
            each.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
