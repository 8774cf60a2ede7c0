"""Text in, speech out: one Realtime session without a telephone."""

import asyncio
import wave
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from bridge import functions
from bridge.call.call import END_CALL
from bridge.functions import Function
from bridge.transport.model import ModelPeer
from bridge.transport.socket import SocketClosed
from bridge.wire import realtime
from bridge.wire.dialect import CreateResponse, FunctionOutput, SessionUpdate, UserText
from bridge.wire.errors import WireError
from bridge.wire.session import AudioFormat, SessionConfig

RATE_HZ = 24_000
AUDIO: AudioFormat = "pcm16"  # whatever the agent says for the telephone


class SayFailed(Exception):
    """An ``error`` event, a failed answer or the end of the session; the text says which."""


@dataclass(frozen=True)
class Words:
    text: str


@dataclass(frozen=True)
class Sound:
    n_bytes: int


@dataclass(frozen=True)
class Called:
    name: str
    arguments: str
    output: str


Heard = Words | Sound | Called


@dataclass
class Answer:
    """What came back for one text."""

    said: str
    transcript: str = ""
    audio: bytearray = field(default_factory=bytearray)
    functions: list[Called] = field(default_factory=list)


class Talk:
    """``configure`` first, then ``say`` as often as you like, one after the other."""

    def __init__(self, peer: ModelPeer, offered: Mapping[str, Function]) -> None:
        self._peer = peer
        self._offered = offered
        self._come: deque[realtime.ModelEvent | WireError] = deque()
        self._why_over: str | None = None
        self._news = asyncio.Event()
        peer.listen(self._heard, self._closed)

    def _heard(self, events: list[realtime.ModelEvent | WireError]) -> None:
        self._come += events
        self._news.set()

    def _closed(self, why: str) -> None:
        self._why_over = why
        self._news.set()

    async def configure(self, config: SessionConfig) -> None:
        """Raises ``SayFailed`` where the session does not take it."""
        self._send(SessionUpdate(msgspec.structs.replace(config, audio_format=AUDIO)))
        async for event in self._events():
            match event:
                case realtime.SessionUpdated():
                    return
                case realtime.Error():
                    raise SayFailed(_told(event))

    async def say(self, text: str, tell: Callable[[Heard], None]) -> Answer:
        """The answer, told piece by piece as it comes. Functions that the model calls are run,
        and it is asked again. Raises ``SayFailed``."""
        self._send(UserText(text), CreateResponse())
        return await self._answer(Answer(text), tell)

    async def greet(self, instructions: str, tell: Callable[[Heard], None]) -> Answer:
        """What the agent says first, by instructions for this one answer. As ``say``."""
        self._send(CreateResponse(instructions))
        return await self._answer(Answer(""), tell)

    async def _answer(self, answer: Answer, tell: Callable[[Heard], None]) -> Answer:
        while calls := await self._listen(answer, tell):
            for item in calls:
                called = await self._run(item)
                answer.functions.append(called)
                tell(called)
                self._send(FunctionOutput(item.call_id or "", called.output))
            if all(each.name == END_CALL for each in calls):
                break  # nothing more is to be said
            self._send(CreateResponse())
        return answer

    async def _listen(self, answer: Answer, tell: Callable[[Heard], None]) -> list[realtime.Item]:
        """Until the response is done; returns the functions it called."""
        calls: list[realtime.Item] = []
        async for event in self._events():
            match event:
                case realtime.TranscriptDelta(_, _, delta):
                    answer.transcript += delta
                    tell(Words(delta))
                case realtime.AudioDelta(_, _, delta):
                    answer.audio += delta
                    tell(Sound(len(delta)))
                case realtime.OutputItemDone(_, item) if item.type == "function_call":
                    calls.append(item)
                case realtime.Error():
                    raise SayFailed(_told(event))
                case realtime.ResponseDone(_, status, reason, code):
                    if status != "completed":
                        raise SayFailed(f"the answer is {status}: {code or reason or 'no reason'}")
                    break
        return calls

    async def _run(self, item: realtime.Item) -> Called:
        name, arguments = item.name or "", item.arguments or "{}"
        if name == END_CALL:
            return Called(name, arguments, '{"ok":true}')
        function = self._offered.get(name)
        if function is None:
            return Called(name, arguments, functions.unknown(name))
        return Called(name, arguments, await functions.run(function, arguments))

    def _send(self, *messages: SessionUpdate | UserText | CreateResponse | FunctionOutput) -> None:
        try:
            self._peer.send(messages)
        except SocketClosed as closed:
            raise SayFailed(f"the session is over: {self._why_over or closed}") from None

    async def _events(self) -> AsyncIterator[realtime.ModelEvent]:
        """Raises ``SayFailed`` at the end of the session, and for what cannot be read."""
        while True:
            while self._come:
                event = self._come.popleft()
                if isinstance(event, WireError):
                    raise SayFailed(f"not to be read: {event.problem}")
                yield event
            if self._why_over is not None:
                raise SayFailed(f"the session is over: {self._why_over}")
            self._news.clear()
            await self._news.wait()


def write_wav(path: Path, pcm: bytes) -> None:
    """PCM16 mono at 24 kHz."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(pcm)


def _told(error: realtime.Error) -> str:
    return f"error {error.code or error.type or ''}: {error.message}"
