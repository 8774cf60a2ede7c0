"""Who answers a call: the agent that is chosen for it, with a model and a briefing."""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial

from bridge.agents.briefing import brief
from bridge.agents.incoming import Incoming
from bridge.agents.lookup import look_up
from bridge.agents.routing import Refused
from bridge.agents.variables import filled, notes, values
from bridge.call.config import CallConfig
from bridge.directory import Answering, Directory
from bridge.endpoint import Endpoints
from bridge.recording.recorder import Recorder
from bridge.records.context import CallContext
from bridge.registry import Answer, Lines
from bridge.settings.limits import Limits
from bridge.transport.patience import open_patiently

logger = logging.getLogger(__name__)


class Reception:
    def __init__(
        self,
        directory: Directory,
        endpoints: Endpoints,
        limits: Limits,
        recorder: Recorder,
        utc_now: Callable[[], datetime],
        *,
        lookup_private: bool = False,
    ) -> None:
        """``lookup_private``: the look-up of an agent may ask private addresses."""
        self._directory = directory
        self._endpoints = endpoints
        self._limits = limits
        self._recorder = recorder
        self._utc_now = utc_now
        self._lookup_private = lookup_private

    def receive(self, incoming: Incoming, lines: Lines) -> Answer | Refused:
        now = self._utc_now()
        found = self._directory.answer(incoming, now, lines.routes)
        if isinstance(found, Refused):
            return found
        room = found.document.limits.max_concurrent
        if room is not None and lines.agents.get(found.agent_name, 0) >= room:
            return Refused("full")
        agent, limits = found.document, self._limits
        opened = partial(
            open_patiently,
            self._endpoints.of(agent.model),
            limits.model_connect_timeout_s,
            limits.send_timeout_s,
        )
        return Answer(
            self._context(found, incoming, now),
            found.offered,
            opened,
            partial(self._brief, found, incoming, now),
            partial(self._recorder.tape, incoming.call_sid) if agent.recording.enabled else None,
        )

    def _context(self, found: Answering, incoming: Incoming, now: datetime) -> CallContext:
        recording = found.document.recording
        return CallContext(
            incoming.call_sid,
            found.agent_name,
            found.version,
            found.route,
            found.variant,
            incoming.caller,
            incoming.called,
            self._endpoints.model(found.document.model),
            now,
            recorded=recording.enabled,
            recording_days=recording.retention_days,
        )

    async def _brief(self, found: Answering, incoming: Incoming, now: datetime) -> CallConfig:
        agent = found.document
        if agent.variables:
            looked_up = await look_up(agent, incoming, private_allowed=self._lookup_private)
            for note in notes(agent, incoming, looked_up.fields, now):
                logger.warning("%s: %s", incoming.call_sid, note)
            agent = filled(agent, values(agent, incoming, looked_up.fields, now))
        return brief(agent, found.offered, self._endpoints.dialect, self._limits)
