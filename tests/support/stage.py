"""A live call between simulated peers, in virtual time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from bridge.call.actions import Outcome
from bridge.call.config import CallConfig
from bridge.call.interruption import Interruption
from bridge.call.tape import Tape
from bridge.functions import Function
from bridge.live import Expected, LiveCall
from bridge.rehearsal.scenario import caller_says, session
from bridge.sim.carrier.caller import AfterAgent, Caller, HangUp, Say, ScriptedCaller, Step
from bridge.sim.carrier.profile import StreamProfile
from bridge.sim.model.profile import ModelProfile
from bridge.sim.model.reply import Reply, Spoken
from bridge.sim.model.scripted import Script
from bridge.sim.voice.timecode import Slot, decode_all
from bridge.transport.carrier import CarrierPeer
from bridge.transport.model import ModelPeer
from bridge.wire.dialect import GA
from tests.support.ends import ACCOUNT_SID, CarrierEnd, ModelEnd, sid
from tests.support.sockets import MemorySocket, socket_pair

GREETED = CallConfig(session(), greeting="Greet the caller.", interruption=Interruption())
HELLO = Reply((Spoken("hello", duration_ms=1000),))
WAITS: tuple[Step, ...] = (HangUp(AfterAgent(quiet_ms=500)),)
ASKS: tuple[Step, ...] = (Say(caller_says(800), AfterAgent(quiet_ms=300)), *WAITS)


def spoken(ms: int, words: str = "words") -> Reply:
    return Reply((Spoken(words, duration_ms=ms),))


class Stage:
    """Set things up, change what is to be different, then ``run``."""

    def __init__(
        self,
        steps: Sequence[Step] = WAITS,
        script: Sequence[Reply] | Script = (HELLO,),
        *,
        config: CallConfig = GREETED,
        caller: Caller | None = None,
        stream: StreamProfile | None = None,
        model: ModelProfile | None = None,
        offered: Mapping[str, Function] | None = None,
        open_model: Callable[[], Awaitable[ModelPeer]] | None = None,
        number: int = 0,
        tape: Tape | None = None,
    ) -> None:
        self.hung_up: list[str] = []
        self.hang_up_works = True
        self.concluded: list[tuple[Outcome, bool]] = []  # and whether the socket was open then
        near, far = socket_pair()
        self.near = near
        self.carrier = CarrierEnd(
            far, caller or ScriptedCaller(steps), number=number, profile=stream
        )
        self._model_near, model_far = socket_pair()
        self.model = ModelEnd(model_far, script, profile=model, seed=number)
        self.live = LiveCall(
            config,
            Expected(sid(number), ACCOUNT_SID),
            CarrierPeer(near),
            open_model or self.open_model,
            conclude=self.conclude,
            hang_up=self.hang_up,
            offered=offered or {},
            tape=tape,
        )
        self._model_runs: asyncio.Task[None] | None = None

    @property
    def sockets(self) -> tuple[MemorySocket, MemorySocket]:
        return self.near, self._model_near

    @property
    def notes(self) -> list[str]:
        return [note.kind for _, note in self.live.notes]

    @property
    def heard(self) -> list[Slot]:
        """Each 20 ms of the assistant's speech, in the order heard."""
        return [slot for slot in decode_all(self.carrier.stream.heard) if slot]

    async def open_model(self) -> ModelPeer:
        self._model_runs = asyncio.create_task(self.model.run())
        return ModelPeer(self._model_near, GA)

    async def conclude(self, outcome: Outcome) -> None:
        self.concluded.append((outcome, not self.near.closed))

    async def hang_up(self, account_sid: str, call_sid: str) -> bool:
        self.hung_up.append(call_sid)
        if self.hang_up_works:
            self.carrier.hang_up()
        return self.hang_up_works

    async def run(self) -> Outcome:
        """The call from end to end; nothing of it is left running."""
        carrier = asyncio.create_task(self.carrier.run())
        try:
            outcome = await self.live.run()
        finally:
            await carrier
            if self._model_runs:
                await self._model_runs
        return outcome
