"""Who answers a call: the agent that is chosen for it, with a model and a briefing."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

from bridge.agents.briefing import brief
from bridge.agents.document import Agent
from bridge.agents.incoming import Incoming
from bridge.agents.routing import Refused
from bridge.call.config import CallConfig
from bridge.endpoint import Endpoints
from bridge.functions import Function
from bridge.records.context import CallContext
from bridge.registry import Answer
from bridge.settings.limits import Limits
from bridge.transport.model import open_session


class Reception:
    """Of one agent, whoever calls."""

    def __init__(
        self,
        agent: Agent,
        offered: dict[str, Function],
        endpoints: Endpoints,
        limits: Limits,
        utc_now: Callable[[], datetime],
    ) -> None:
        self._agent = agent
        self._offered = offered
        self._endpoints = endpoints
        self._limits = limits
        self._utc_now = utc_now

    def receive(self, incoming: Incoming, lines: Mapping[str, int]) -> Answer | Refused:
        context = CallContext(
            incoming.call_sid,
            self._agent.name,
            0,
            "",
            "published",
            incoming.caller,
            incoming.called,
            self._endpoints.model(self._agent.model),
            self._utc_now(),
        )
        endpoint, limits = self._endpoints.of(self._agent.model), self._limits
        opened = partial(
            open_session, endpoint, limits.model_connect_timeout_s, limits.send_timeout_s
        )
        return Answer(context, self._offered, opened, self._brief)

    async def _brief(self) -> CallConfig:
        return brief(self._agent, self._offered, self._endpoints.dialect, self._limits)
