"""A conversation by voice with somebody who types: each text is spoken as the caller."""

import asyncio
import wave
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

from bridge.call.config import CallConfig
from bridge.functions import Function
from bridge.transport.model import ModelPeer
from bridge.trials.on_the_line import LineCall, on_the_line
from bridge.trials.paced_caller import Gap, PacedCaller, PacedStep
from bridge.trials.stereo import RATE_HZ, Stereo
from bridge.trials.stored import Course
from telcodecs.g711 import ulaw_decode, ulaw_encode
from telcodecs.resample import Downsampler

PAUSE_MS: Final = 500.0  # of silence: the agent has answered
PATIENCE_MS: Final = 10_000.0
LOOK_S: Final = 0.05

Speak = Callable[[str], bytes]  # PCM16 mono at 24 kHz; may take its time
Tell = Callable[[str, str], None]  # who, and what was said


async def converse(
    config: CallConfig,
    texts: AsyncIterator[str],
    speak: Speak,
    open_model: Callable[[], Awaitable[ModelPeer]],
    offered: Mapping[str, Function],
    tell: Tell,
) -> tuple[Course, Stereo]:
    """Until there are no more texts, or the agent has hung up; then how it went, and its sound."""
    caller = PacedCaller([])
    async with on_the_line(config, caller, open_model, offered) as call:
        telling = _Telling(call, tell)
        if config.greeting is not None:
            await _answered(call, caller)
        telling.tell()
        async for text in texts:
            pcm = await asyncio.to_thread(speak, text)
            caller.add(PacedStep(telephone(pcm), Gap(0)))
            await _answered(call, caller)
            telling.tell()
            if call.over:
                break
    telling.tell()
    return call.course(), call.line.sound


def telephone(pcm: bytes) -> bytes:
    """8 kHz mu-law of PCM16 mono at 24 kHz."""
    narrow = Downsampler()
    return ulaw_encode(narrow.push(pcm) + narrow.flush())


def write_call(path: Path, sound: Stereo) -> None:
    """Both sides as a WAV file that every player reads: PCM16 at 8 kHz, the caller left."""
    left, right = ulaw_decode(sound.caller_ulaw), ulaw_decode(sound.agent_ulaw)
    both = bytearray(2 * len(left))
    for at, side in ((0, left), (2, right)):
        both[at::4], both[at + 1 :: 4] = side[::2], side[1::2]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(bytes(both))


async def _answered(call: LineCall, caller: PacedCaller) -> None:
    while not call.over and not (caller.done and caller.silent_ms >= PATIENCE_MS):
        if caller.answered(PAUSE_MS):
            return
        await asyncio.sleep(LOOK_S)


class _Telling:
    """Tells each line, each function and each note once, in order."""

    def __init__(self, call: LineCall, tell: Tell) -> None:
        self._call = call
        self._tell = tell
        self._told: set[str] = set()
        self._functions = 0
        self._notes = 0

    def tell(self) -> None:
        for run in self._call.live.functions[self._functions :]:
            self._tell("function", f"{run.name} {run.arguments} -> {run.output}")
        self._functions = len(self._call.live.functions)
        for _, note in self._call.live.notes[self._notes :]:
            self._tell("note", f"{note.kind}: {note.detail}")
        self._notes = len(self._call.live.notes)
        for line in self._call.live.call.transcript.lines():
            if line.item_id not in self._told and (line.heard or line.unheard):
                self._told.add(line.item_id)
                cut = f" [not heard: {line.unheard}]" if line.unheard else ""
                self._tell("caller" if line.role == "caller" else "agent", line.heard + cut)
