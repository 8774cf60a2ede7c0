"""A voice without libraries: speech is tones that carry a time code, and loud is speech."""

from collections.abc import AsyncIterator, Callable
from itertools import count

import numpy as np

from bridge.sim.voice.jobs import (
    WINDOW_MS,
    Detect,
    Job,
    Probabilities,
    Result,
    Speak,
    Speech,
    Transcribe,
    Transcript,
)
from bridge.sim.voice.samples import from_pcm
from bridge.sim.voice.timecode import encode

SPEECH, NO_SPEECH = 0.95, 0.02
THRESHOLD_DBFS = -40.0
MS_PER_CHARACTER = 60
SHORTEST_MS = 400
RATE_HZ = 24000

Transcribing = Callable[[Transcribe], str]


def tones(_job: Transcribe) -> str:
    return "(tones)"


class ScriptedVoiceSession:
    """Answers at once. Its nth ``Speak`` (from 0) is spoken as stream n of the time code."""

    def __init__(self, transcribing: Transcribing = tones) -> None:
        self._transcribing = transcribing
        self._streams = count()
        self._pending = b""

    def answer(self, job: Job) -> list[Result]:
        match job:
            case Detect(pcm, rate_hz):
                return [Probabilities(self._detect(pcm, rate_hz))]
            case Transcribe():
                return [Transcript(self._transcribing(job))]
            case Speak(text, _, duration_ms):
                pcm = encode(next(self._streams), spoken_ms(text, duration_ms), RATE_HZ)
                return [Speech(text, pcm, last=True)]

    def ask(self, job: Job) -> AsyncIterator[Result]:
        return _each(self.answer(job))

    async def close(self) -> None:
        self._pending = b""

    def _detect(self, pcm: bytes, rate_hz: int) -> tuple[float, ...]:
        audio = self._pending + pcm
        window_bytes = rate_hz * WINDOW_MS // 1000 * 2
        whole = len(audio) // window_bytes * window_bytes
        self._pending = audio[whole:]
        if not whole:
            return ()
        windows = from_pcm(audio[:whole]).reshape(-1, window_bytes // 2)
        loud = np.mean(windows**2, axis=1) > 10 ** (THRESHOLD_DBFS / 10)
        return tuple(SPEECH if each else NO_SPEECH for each in loud.tolist())


class ScriptedVoice:
    """``transcribing`` makes the text of a caller turn, where "(tones)" will not do."""

    def __init__(self, transcribing: Transcribing = tones) -> None:
        self._transcribing = transcribing

    def open(self) -> ScriptedVoiceSession:
        return ScriptedVoiceSession(self._transcribing)


async def _each(results: list[Result]) -> AsyncIterator[Result]:
    for result in results:
        yield result


def spoken_ms(text: str, duration_ms: int | None = None) -> int:
    """How long the scripted voice speaks for."""
    return max(SHORTEST_MS, MS_PER_CHARACTER * len(text)) if duration_ms is None else duration_ms
