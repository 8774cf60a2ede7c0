"""The simulated peers behind sockets in memory, in the time of the loop they run on."""

import asyncio
from collections import deque
from collections.abc import Sequence

from bridge.sim.carrier.caller import Caller
from bridge.sim.carrier.profile import StreamProfile
from bridge.sim.carrier.stream import MediaStream
from bridge.sim.model.dialect import GA
from bridge.sim.model.profile import ModelProfile
from bridge.sim.model.reply import Reply
from bridge.sim.model.scripted import Script, ScriptedMind
from bridge.sim.model.session import Ask, Close, Out, RealtimeSession, Send
from bridge.sim.voice.scripted import ScriptedVoiceSession
from tests.support.sockets import MemorySocket, pulled_frames

ACCOUNT_SID = "AC" + "a" * 32


def sid(number: int, prefix: str = "CA") -> str:
    return f"{prefix}{number:032x}"


class CarrierEnd:
    """One call as the carrier sees it, until either side ends it."""

    def __init__(
        self,
        socket: MemorySocket,
        caller: Caller,
        *,
        number: int = 0,
        profile: StreamProfile | None = None,
        account_sid: str = ACCOUNT_SID,
    ) -> None:
        self.stream = MediaStream(
            account_sid=account_sid,
            call_sid=sid(number),
            stream_sid=sid(number, "MZ"),
            parameters={},
            caller=caller,
            profile=profile,
        )
        self.socket = socket
        self._heard = pulled_frames(socket)
        self.closes = True  # False: after the end it neither closes nor sends
        self._now = asyncio.get_running_loop().time

    async def run(self) -> None:
        self.socket.put(self.stream.open(self._now()))
        reading = asyncio.ensure_future(self._heard.receive())
        try:
            while not self.stream.ended:
                due = self.stream.deadline()
                wait_s = None if due is None else max(0.0, due - self._now())
                await asyncio.wait([reading], timeout=wait_s)
                if reading.done():
                    self._take(reading.result())
                    reading = asyncio.ensure_future(self._heard.receive())
                else:
                    self.socket.put(self.stream.tick(self._now()))
        finally:
            reading.cancel()
        if self.closes:
            await self.socket.close()

    def _take(self, frames: Sequence[str | bytes] | None) -> None:
        if frames is None:
            self.stream.closed(self._now())
        for frame in frames or ():
            self.socket.put(self.stream.receive(frame, self._now()))

    def hang_up(self) -> None:
        """The call ends at the carrier, as REST asks for it."""
        self.socket.put(self.stream.stop(self._now()))
        if self.closes:
            self.socket.break_off()


class ModelEnd:
    """One Realtime session with scripted answers and scripted tones."""

    def __init__(
        self,
        socket: MemorySocket,
        script: Sequence[Reply] | Script,
        *,
        profile: ModelProfile | None = None,
        seed: int = 0,
        latency_s: float = 0.0,
    ) -> None:
        """``latency_s`` is what each of its messages takes to arrive."""
        self.session = RealtimeSession(
            dialect=GA,
            model="tones",
            mind=ScriptedMind(script),
            profile=profile or ModelProfile(first_delta_ms=20, transcription_delays_ms=(10,)),
            seed=seed,
        )
        self.socket = socket
        self._heard = pulled_frames(socket)
        self.received: list[str | bytes] = []
        self.received_at: list[float] = []
        self._latency_s = latency_s
        self._voice = ScriptedVoiceSession()
        self._now = asyncio.get_running_loop().time

    async def run(self) -> None:
        self._pass_on(self.session.open(self._now()))
        reading = asyncio.ensure_future(self._heard.receive())
        try:
            while not self.socket.closed:
                due = self.session.deadline()
                wait_s = None if due is None else max(0.0, due - self._now())
                await asyncio.wait([reading], timeout=wait_s)
                if not reading.done():
                    self._pass_on(self.session.tick(self._now()))
                    continue
                for frame in reading.result() or ():
                    self.received.append(frame)
                    self.received_at.append(self._now())
                    self._pass_on(self.session.receive(frame, self._now()))
                reading = asyncio.ensure_future(self._heard.receive())
        finally:
            reading.cancel()

    def _pass_on(self, out: list[Out]) -> None:
        pending = deque(out)
        while pending:
            match pending.popleft():
                case Send(text) if self._latency_s:
                    later = asyncio.get_running_loop().call_later
                    later(self._latency_s, self.socket.put, [text])
                case Send(text):
                    self.socket.put([text])
                case Ask(job_id, job):
                    for result in self._voice.answer(job):
                        pending += self.session.answer(job_id, result, self._now())
                case Close(code, reason):
                    self.socket.break_off(f"closed with {code}: {reason}")
