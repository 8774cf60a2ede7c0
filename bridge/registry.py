"""The calls of this process: who may come, which run, and how they all end."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from bridge.admission import Admission, Admissions
from bridge.agents.incoming import Incoming
from bridge.agents.routing import Refused
from bridge.call.actions import Outcome
from bridge.call.config import CallConfig
from bridge.call.tape import Tape
from bridge.functions import Function
from bridge.live import Expected, LiveCall
from bridge.log import in_call
from bridge.questions import Questions
from bridge.records.context import CallContext
from bridge.settings.limits import Limits
from bridge.transport.carrier import CarrierPeer
from bridge.transport.model import ModelPeer
from bridge.transport.rest import HangUp
from bridge.transport.socket import Socket, SocketClosed
from bridge.warm import OpenSession, WarmModels

HURRY_S = 5.0  # after the drain's deadline, for the calls to end

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """What answers one call. ``brief`` may look things up: it is done while the phone rings."""

    context: CallContext
    offered: Mapping[str, Function]
    open_session: OpenSession
    brief: Callable[[], Awaitable[CallConfig]]
    tape: Callable[[], Tape] | None = None  # None: the call is not recorded


@dataclass(frozen=True)
class Lines:
    """Calls that run or are promised, by route and by agent."""

    routes: Mapping[str, int]
    agents: Mapping[str, int]


Receive = Callable[[Incoming, Lines], Answer | Refused]  # who answers


@dataclass(frozen=True)
class _Promise:
    """A call whose webhook was answered with a stream."""

    answer: Answer
    briefing: asyncio.Task[CallConfig]
    until: float


async def _configured(open_session: OpenSession, briefing: asyncio.Task[CallConfig]) -> ModelPeer:
    """A session that is told at once whom it speaks for: a round trip that no caller waits for.
    Without a briefing there will be no call. Raises ModelUnavailable."""
    peer = await open_session()
    try:
        await asyncio.wait([briefing])
    except BaseException:
        await peer.close()
        raise
    if not briefing.cancelled() and briefing.exception() is None:
        with suppress(SocketClosed):  # who takes the session sees it for himself
            peer.configure(briefing.result().session)
    return peer


class Registry:
    def __init__(
        self,
        receive: Receive,
        admissions: Admissions,
        hang_up: HangUp,
        limits: Limits,
        *,
        account_sid: str | None = None,
        on_begin: Callable[[CallContext], None] = lambda context: None,
        on_end: Callable[[LiveCall, CallContext], Awaitable[None]] | None = None,
    ) -> None:
        self.draining = False
        self._receive = receive
        self._admissions = admissions
        self._hang_up = hang_up
        self._limits = limits
        self._account_sid = account_sid
        self._on_begin = on_begin
        self._on_end = on_end
        self._now = asyncio.get_running_loop().time
        self._warm = WarmModels(limits.warm_model_ttl_s)
        self._questions = Questions()
        self._promised: dict[str, _Promise] = {}
        self._running: dict[LiveCall, CallContext] = {}
        self._tasks: dict[LiveCall, asyncio.Task[Any] | None] = {}
        self._none_runs = asyncio.Event()
        self._none_runs.set()

    @property
    def running(self) -> int:
        return len(self._running)

    @property
    def accepting(self) -> bool:
        return not self.draining and self.running + len(self._warm) < self._limits.max_calls

    async def admit(self, incoming: Incoming) -> Admission | Refused:
        """Expect a call: its model begins to connect, its agent is briefed.

        A webhook may come twice; the second time changes nothing.
        """
        call_sid = incoming.call_sid
        if not self._expects(call_sid):
            answer = self._receive(incoming, self._lines())
            if isinstance(answer, Refused):
                return answer
            if not self.accepting:
                return Refused("full")
            self._promise(call_sid, answer)
        if (promise := self._promised.get(call_sid)) and not await self._briefed(promise):
            await self._forget(call_sid)
            return Refused("no agent")
        return await self._admissions.admit(call_sid)

    async def _briefed(self, promise: _Promise) -> bool:
        """False: the caller has hung up meanwhile, or the briefing failed by a bug of ours."""
        await asyncio.wait([promise.briefing])
        if promise.briefing.cancelled():
            return False
        if bug := promise.briefing.exception():
            logger.error("the briefing of an agent failed", exc_info=bug)
        return bug is None

    async def _forget(self, call_sid: str) -> None:
        self._break(call_sid)
        await self._warm.drop(call_sid)

    def _expects(self, call_sid: str) -> bool:
        promise = self._promised.get(call_sid)
        return bool(self._of(call_sid) or (promise and promise.until > self._now()))

    def _promise(self, call_sid: str, answer: Answer) -> None:
        for known in [sid for sid, each in self._promised.items() if each.until <= self._now()]:
            self._break(known)
        briefing = asyncio.ensure_future(answer.brief())
        self._warm.expect(call_sid, partial(_configured, answer.open_session, briefing))
        until = self._now() + self._limits.stream_token_ttl_s
        self._promised[call_sid] = _Promise(answer, briefing, until)

    def _break(self, call_sid: str) -> None:
        if promise := self._promised.pop(call_sid, None):
            promise.briefing.cancel()

    def _lines(self) -> Lines:
        coming = [each.answer.context for sid, each in self._promised.items() if sid in self._warm]
        contexts = (*self._running.values(), *coming)
        return Lines(
            Counter(context.route for context in contexts),
            Counter(context.agent for context in contexts),
        )

    def live(self, call_sid: str) -> LiveCall | None:
        """The call, if it runs here."""
        return next(iter(self._of(call_sid)), None)

    def _of(self, call_sid: str) -> list[LiveCall]:
        """One, as a rule; two for as long as an earlier stream of the same call is closing."""
        return [live for live in self._running if live.expected.call_sid == call_sid]

    async def redeem(self, token: str) -> str | None:
        call_sid = await self._admissions.redeem(token)
        return call_sid if call_sid in self._promised else None

    async def outcome(self, call_sid: str) -> Outcome | None:
        """How the call ended, for the carrier that asks what comes next; None: not yet."""
        self._questions.settle(call_sid)
        return await self._admissions.outcome(call_sid)

    async def _conclude(self, call_sid: str, outcome: Outcome) -> None:
        if outcome is not Outcome.CALLER_HUNG_UP:
            self._questions.expect(call_sid)
        await self._admissions.conclude(call_sid, outcome)

    async def _end_at_carrier(self, account_sid: str, call_sid: str) -> bool:
        over = await self._hang_up(account_sid, call_sid)
        if over:
            self._questions.settle(call_sid)
        return over

    async def carry(self, call_sid: str, socket: Socket) -> None:
        """Run the call of an admitted media socket, to its end."""
        promise = self._promised.pop(call_sid)
        with in_call(call_sid):
            await promise.briefing
            live = self._live(call_sid, promise, socket)
            context = self._running[live] = promise.answer.context
            self._tasks[live] = asyncio.current_task()
            self._none_runs.clear()
            ended = "failed"
            try:
                self._on_begin(context)
                logger.info("the call begins; %d run", self.running)
                ended = (await live.run()).value
            finally:
                await self._over(live, ended)

    def _live(self, call_sid: str, promise: _Promise, socket: Socket) -> LiveCall:
        answer = promise.answer
        open_session = partial(_configured, answer.open_session, promise.briefing)
        return LiveCall(
            promise.briefing.result(),
            Expected(call_sid, self._account_sid),
            CarrierPeer(socket),
            lambda: self._warm.take(call_sid, open_session),
            conclude=partial(self._conclude, call_sid),
            hang_up=self._end_at_carrier,
            offered=answer.offered,
            tape=answer.tape() if answer.tape else None,
        )

    async def _over(self, live: LiveCall, ended: str) -> None:
        """A drain waits for what is kept of a call, too, and a call that failed is kept as well."""
        self._questions.ended(live.expected.call_sid)
        try:
            if self._on_end is not None:
                await self._on_end(live, self._running[live])
        finally:
            del self._running[live], self._tasks[live]
            if not self._running:
                self._none_runs.set()
            await self._warm.drop(live.expected.call_sid)
            logger.info("the call has ended: %s; %d run", ended, self.running)

    async def carrier_over(self, call_sid: str) -> None:
        """The carrier says the call is over: whatever is left of it ends too."""
        self._questions.settle(call_sid)
        await self._forget(call_sid)
        for live in self._of(call_sid):
            live.carrier_over()

    async def drain(self) -> None:
        """Take no new calls and wait for those that run; at the deadline they are ended.

        A call whose webhook was answered with a stream counts: it has our word. So does one whose
        stream we have ended and of which the carrier still has to ask what comes next.
        """
        self.draining = True
        try:
            async with asyncio.timeout(self._limits.drain_timeout_s):
                await self._warm.emptied()
                await self._none_runs.wait()
        except TimeoutError:
            logger.warning("%d calls outlived the drain and are ended", self.running)
            await self.end_all()
        await self._questions.settled()

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
        for call_sid in [*self._promised]:
            self._break(call_sid)

    def abandon(self) -> None:
        """End every call at once, without last words."""
        for task in self._tasks.values():
            if task is not None:
                task.cancel()
