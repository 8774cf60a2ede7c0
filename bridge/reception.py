"""Who answers a call: the agent that is chosen for it, with a model and a briefing."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

from bridge.agents.briefing import brief
from bridge.agents.incoming import Incoming
from bridge.agents.routing import Refused
from bridge.call.config import CallConfig
from bridge.directory import Answering, Directory
from bridge.endpoint import Endpoints
from bridge.records.context import CallContext
from bridge.registry import Answer
from bridge.settings.limits import Limits
from bridge.transport.model import open_session

logger = logging.getLogger(__name__)


class Reception:
    def __init__(
        self,
        directory: Directory,
        endpoints: Endpoints,
        limits: Limits,
        utc_now: Callable[[], datetime],
    ) -> None:
        self._directory = directory
        self._endpoints = endpoints
        self._limits = limits
        self._utc_now = utc_now

    def receive(self, incoming: Incoming, lines: Mapping[str, int]) -> Answer | Refused:
        """``lines`` counts the calls of each route."""
        now = self._utc_now()
        found = self._directory.answer(incoming, now, lines)
        if isinstance(found, Refused):
            return found
        agent, limits = found.document, self._limits
        context = CallContext(
            incoming.call_sid,
            found.agent_name,
            found.version,
            found.route,
            found.variant,
            incoming.caller,
            incoming.called,
            self._endpoints.model(agent.model),
            now,
        )
        opened = partial(
            open_session,
            self._endpoints.of(agent.model),
            limits.model_connect_timeout_s,
            limits.send_timeout_s,
        )
        return Answer(context, found.offered, opened, partial(self._brief, found))

    async def _brief(self, found: Answering) -> CallConfig:
        return brief(found.document, found.offered, self._endpoints.dialect, self._limits)
