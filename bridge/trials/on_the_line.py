"""A live call with a caller of ours, against a real model or a simulated one."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from bridge import functions
from bridge.call.actions import Outcome
from bridge.call.config import CallConfig
from bridge.call.turns import State
from bridge.functions import Function
from bridge.live import Expected, LiveCall
from bridge.transport.carrier import CarrierPeer
from bridge.transport.model import ModelPeer
from bridge.trials.paced_caller import PacedCaller
from bridge.trials.phone_line import ACCOUNT_SID, CALL_SID, PhoneLine
from bridge.trials.replay import latencies_ms
from bridge.trials.stored import Course, FunctionRun, SpokenLine

OUTER_S = 1.0  # beyond a function's own time-out


class LineCall:
    """Made by ``on_the_line``; the call runs beside whoever made it."""

    def __init__(
        self,
        config: CallConfig,
        caller: PacedCaller,
        open_model: Callable[[], Awaitable[ModelPeer]],
        offered: Mapping[str, Function],
    ) -> None:
        self.line = PhoneLine(caller)
        self._running = 0
        self._done = False
        self.live = LiveCall(
            config,
            Expected(CALL_SID, ACCOUNT_SID),
            CarrierPeer(self.line),
            open_model,
            conclude=self._conclude,
            hang_up=self._hang_up,
            offered={name: self._counted(each) for name, each in offered.items()},
        )
        caller.watch(lambda: self.busy)

    @property
    def busy(self) -> bool:
        """As ``rehearsal.World.busy``."""
        idle = self.live.call.state is State.LISTENING and not self._running
        return not idle or self.line.stream.queued_bytes > 0

    @property
    def over(self) -> bool:
        return self._done or self.live.call.state is State.ENDED

    async def run(self) -> Outcome:
        line = asyncio.create_task(self.line.run())
        try:
            return await self.live.run()
        finally:
            self._done = True
            line.cancel()

    def course(self) -> Course:
        """How it went by now."""
        call, live = self.live.call, self.live
        ended_at = live.ended_at or asyncio.get_running_loop().time()
        return Course(
            lines=tuple(
                SpokenLine(line.role, line.heard, line.unheard)
                for line in call.transcript.lines()
                if line.heard or line.unheard
            ),
            functions=tuple(
                FunctionRun(
                    each.name,
                    each.arguments,
                    each.output,
                    round(each.ended_at - each.began_at, 3),
                )
                for each in live.functions
            ),
            outcome=call.outcome.value if call.outcome else "not over",
            seconds=round(ended_at - live.began_at, 3),
            latencies_ms=latencies_ms(call.latency.turns),
            barge_ins=len(call.barge_ins),
        )

    async def _conclude(self, outcome: Outcome) -> None:
        """There is no carrier that asks what comes next."""

    async def _hang_up(self, account_sid: str, call_sid: str) -> bool:
        self.line.hang_up()
        return True

    def _counted(self, function: Function) -> Function:
        """The same function, with its runs counted while they last."""

        async def call(**arguments: Any) -> str:
            self._running += 1
            try:
                return await functions.run(function, json.dumps(arguments))
            finally:
                self._running -= 1

        longer_s = function.timeout_s + OUTER_S
        return replace(function, call=call, read=lambda given: given, timeout_s=longer_s)


@asynccontextmanager
async def on_the_line(
    config: CallConfig,
    caller: PacedCaller,
    open_model: Callable[[], Awaitable[ModelPeer]],
    offered: Mapping[str, Function],
) -> AsyncIterator[LineCall]:
    """The call runs inside; whoever leaves earlier ends it."""
    call = LineCall(config, caller, open_model, offered)
    running = asyncio.create_task(call.run())
    try:
        yield call
        call.line.hang_up()
        await running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
