"""A registry with simulated peers around it, in virtual time."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from bridge.admission import Admission, MemoryAdmissions
from bridge.agents.incoming import Incoming
from bridge.agents.routing import Refused
from bridge.call.actions import Outcome
from bridge.call.config import CallConfig
from bridge.records.context import CallContext
from bridge.registry import Answer, Lines, Registry
from bridge.settings.limits import Limits
from bridge.sim.carrier.caller import ScriptedCaller, Step
from bridge.sim.model.profile import ModelProfile
from bridge.sim.model.reply import Reply
from bridge.sim.model.scripted import Script
from bridge.transport.model import ModelPeer, created
from bridge.wire.dialect import GA
from tests.support.ends import ACCOUNT_SID, CarrierEnd, ModelEnd, sid
from tests.support.sockets import socket_pair
from tests.support.stage import GREETED, HELLO, WAITS

BLOCKED = "+666"
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
SOCKET_AFTER_S = 0.365  # from the webhook's answer to the media socket, measured


class Switchboard:
    """``call`` is one call through webhook, media socket and action. ``choose``: who answers,
    where that is not always the same."""

    def __init__(
        self,
        script: Sequence[Reply] | Script = (HELLO,),
        *,
        limits: Limits | None = None,
        config: CallConfig = GREETED,
        model: ModelProfile | None = None,
        on_model: Callable[[], None] = lambda: None,
        choose: Callable[[Incoming], tuple[CallContext, CallConfig] | None] | None = None,
        **registry: Any,
    ) -> None:
        self.models: list[ModelEnd] = []
        self.hung_up: list[str] = []
        self.hangs_up = True
        self._script = script
        self._on_model = on_model
        self.config = config
        self._choose = choose
        self.briefing_s = 0.0
        self._profile = model
        self.latency_s = 0.0  # of the models
        self.briefing_fails = False
        self.lines: list[tuple[dict[str, int], dict[str, int]]] = []  # as they were at each call
        self._carriers: dict[str, CarrierEnd] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        limits = limits or Limits()
        now = asyncio.get_running_loop().time
        self.registry = Registry(
            self._receive,
            MemoryAdmissions(limits.stream_token_ttl_s, now),
            self._hang_up,
            limits,
            account_sid=ACCOUNT_SID,
            **registry,
        )

    def _receive(self, incoming: Incoming, lines: Lines) -> Answer | Refused:
        self.lines.append((dict(lines.routes), dict(lines.agents)))
        if incoming.caller == BLOCKED:
            return Refused("blocked")
        context = CallContext(
            incoming.call_sid, "desk", 1, "*", "published", incoming.caller, "+1", "model", NOON
        )
        config = self.config
        if self._choose is not None:
            chosen = self._choose(incoming)
            if chosen is None:
                return Refused("no agent")
            context, config = chosen

        async def brief() -> CallConfig:
            await asyncio.sleep(self.briefing_s)
            if self.briefing_fails:
                raise RuntimeError("a bug")
            return config

        return Answer(context, {}, self._open_session, brief)

    async def admit(self, number: int, caller: str = "+2") -> Admission | None:
        """None: refused."""
        admission = await self.registry.admit(Incoming(sid(number), caller, "+1"))
        return None if isinstance(admission, Refused) else admission

    async def _open_session(self) -> ModelPeer:
        self._on_model()
        near, far = socket_pair()
        seed = len(self.models)
        model = ModelEnd(
            far, self._script, profile=self._profile, seed=seed, latency_s=self.latency_s
        )
        self.models.append(model)
        task = asyncio.create_task(model.run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            return await created(near, GA)
        except BaseException:
            near.break_off()
            raise

    async def _hang_up(self, account_sid: str, call_sid: str) -> bool:
        if not self.hangs_up:
            return False
        self.hung_up.append(call_sid)
        self._carriers[call_sid].hang_up()
        return True

    @property
    def open_models(self) -> int:
        return sum(not model.socket.closed for model in self.models)

    async def call(
        self, number: int, steps: Sequence[Step] = WAITS, caller: str = "+2"
    ) -> Outcome | None:
        """None: it was busy."""
        admission = await self.admit(number, caller)
        if admission is None:
            return None
        await asyncio.sleep(SOCKET_AFTER_S)
        await self.stream(admission, number, steps)
        return await self.registry.outcome(sid(number))

    async def stream(
        self, admission: Admission, number: int, steps: Sequence[Step] = WAITS
    ) -> CarrierEnd:
        call_sid = await self.registry.redeem(admission.token)
        assert call_sid is not None
        near, far = socket_pair()
        carrier = self._carriers[call_sid] = CarrierEnd(far, ScriptedCaller(steps), number=number)
        running = asyncio.create_task(carrier.run())
        try:
            await self.registry.carry(call_sid, near)
        finally:
            await running
            del self._carriers[call_sid]
        return carrier
