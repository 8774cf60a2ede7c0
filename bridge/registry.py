"""The calls of this process: who may come, which run, and how they all end."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.admission import Admission, Admissions
from bridge.call.actions import Outcome
from bridge.call.config import CallConfig
from bridge.functions import Function
from bridge.live import Expected, LiveCall
from bridge.log import in_call
from bridge.settings.limits import Limits
from bridge.transport.carrier import CarrierPeer
from bridge.transport.model import ModelPeer
from bridge.transport.rest import HangUp
from bridge.transport.socket import Socket
from bridge.warm import WarmModels

HURRY_S = 5.0  # after the drain's deadline, for the calls to end

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Agent:
    """What answers a call, made ready: nothing of it is looked up while the caller waits."""

    config: CallConfig
    offered: Mapping[str, Function]


class Registry:
    def __init__(
        self,
        agent: Agent,
        admissions: Admissions,
        open_session: Callable[[], Awaitable[ModelPeer]],
        hang_up: HangUp,
        limits: Limits,
        *,
        account_sid: str | None = None,
        on_end: Callable[[LiveCall], Awaitable[None]] | None = None,
    ) -> None:
        self.draining = False
        self._agent = agent
        self._admissions = admissions
        self._hang_up = hang_up
        self._limits = limits
        self._account_sid = account_sid
        self._on_end = on_end
        self._warm = WarmModels(open_session, limits.warm_model_ttl_s)
        self._running: dict[LiveCall, asyncio.Task[Any] | None] = {}
        self._none_runs = asyncio.Event()
        self._none_runs.set()

    @property
    def running(self) -> int:
        return len(self._running)

    @property
    def accepting(self) -> bool:
        return not self.draining and self.running + len(self._warm) < self._limits.max_calls

    async def admit(self, call_sid: str) -> Admission | None:
        """Expect a call: its model begins to connect. None: there is no room for it now.

        A webhook may come twice; the second time changes nothing.
        """
        expected = call_sid in self._warm or self._of(call_sid)
        if not (self.accepting or expected):
            return None
        admission = await self._admissions.admit(call_sid)
        if admission.fresh:
            self._warm.expect(call_sid)
        return admission

    def _of(self, call_sid: str) -> list[LiveCall]:
        """One, as a rule; two for as long as an earlier stream of the same call is closing."""
        return [live for live in self._running if live.expected.call_sid == call_sid]

    async def redeem(self, token: str) -> str | None:
        return await self._admissions.redeem(token)

    async def outcome(self, call_sid: str) -> Outcome | None:
        return await self._admissions.outcome(call_sid)

    async def carry(self, call_sid: str, socket: Socket) -> None:
        """Run the call of an admitted media socket, to its end."""
        with in_call(call_sid):
            live = LiveCall(
                self._agent.config,
                Expected(call_sid, self._account_sid),
                CarrierPeer(socket),
                lambda: self._warm.take(call_sid),
                conclude=lambda outcome: self._admissions.conclude(call_sid, outcome),
                hang_up=self._hang_up,
                offered=self._agent.offered,
            )
            self._running[live] = asyncio.current_task()
            self._none_runs.clear()
            logger.info("the call begins; %d run", self.running)
            ended = "failed"
            try:
                ended = (await live.run()).value
                if self._on_end is not None:  # a drain waits for what is kept of a call, too
                    await self._on_end(live)
            finally:
                del self._running[live]
                if not self._running:
                    self._none_runs.set()
                await self._warm.drop(call_sid)
                logger.info("the call has ended: %s; %d run", ended, self.running)

    async def carrier_over(self, call_sid: str) -> None:
        """The carrier says the call is over: whatever is left of it ends too."""
        await self._warm.drop(call_sid)
        for live in self._of(call_sid):
            live.carrier_over()

    async def drain(self) -> None:
        """Take no new calls and wait for those that run; at the deadline they are ended.

        A call whose webhook was answered with a stream counts: it has our word.
        """
        self.draining = True
        try:
            async with asyncio.timeout(self._limits.drain_timeout_s):
                await self._warm.emptied()
                await self._none_runs.wait()
        except TimeoutError:
            logger.warning("%d calls outlived the drain and are ended", self.running)
            await self.end_all()

    async def end_all(self) -> None:
        """End every call, its last words included; bounded."""
        self.draining = True
        for live in [*self._running]:
            live.close(Outcome.DRAINED)
        try:
            async with asyncio.timeout(self._limits.goodbye_timeout_s + HURRY_S):
                await self._none_runs.wait()
        except TimeoutError:
            logger.error("%d calls did not end", self.running)
        await self._warm.close()

    def abandon(self) -> None:
        """End every call at once, without last words."""
        for task in self._running.values():
            if task is not None:
                task.cancel()
