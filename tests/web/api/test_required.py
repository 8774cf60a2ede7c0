"""What a publish has to pass, and who waits for it."""

import asyncio
from datetime import UTC, datetime

import pytest
from starlette.requests import Request
from starlette.types import Message

from bridge.agents.document import Agent
from bridge.store.agents import Draft
from bridge.store.tokens import TokenRow
from bridge.web.api.problem import Problem
from bridge.web.api.required import asked_by

NOW = datetime(2026, 11, 24, tzinfo=UTC)
EDITOR = TokenRow("1", "ed", "editor", NOW, "ann", None, None, None)
DRAFT = Draft("shop", "name: Shop\ninstructions: Help.\n", "", 1, "ann", NOW)


def test_tests_are_given_up_when_the_client_has_gone() -> None:
    async def main() -> None:
        began, ended, left = asyncio.Event(), asyncio.Event(), asyncio.Event()

        async def receive() -> Message:
            await left.wait()
            return {"type": "http.disconnect"}

        async def for_ever(draft: Draft, agent: Agent) -> None:
            began.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

        request = Request({"type": "http"}, receive)
        checking = asyncio.ensure_future(
            asked_by(request, EDITOR, for_ever)(DRAFT, Agent("Shop", "Help."))
        )
        async with asyncio.timeout(10):
            await began.wait()
            left.set()
            with pytest.raises(Problem, match="gone"):
                await checking
        assert ended.is_set()

    asyncio.run(main())
