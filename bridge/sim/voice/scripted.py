"""A voice without libraries: speech is tones that carry a time code, and loud is speech."""

from collections.abc import AsyncIterator, Callable
from functools import lru_cache
from itertools import count

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
from bridge.sim.voice.timecode import STREAMS, encode
from telcodecs.pcm import SAMPLE_BYTES
from telcodecs.routines import audioop

SPEECH, NO_SPEECH = 0.95, 0.02
THRESHOLD_DBFS = -40.0
LOUD_RMS = round(32768 * 10 ** (THRESHOLD_DBFS / 20))  # of 16 bits
MS_PER_CHARACTER = 60
SHORTEST_MS = 400
RATE_HZ = 24000
KEPT_SPEECHES = 64  # sounds already made; calls of a load test say the same things

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
                pcm = _speech(next(self._streams) % STREAMS, spoken_ms(text, duration_ms))
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
        return tuple(
            SPEECH
            if audioop.rms(audio[at : at + window_bytes], SAMPLE_BYTES) >= LOUD_RMS
            else NO_SPEECH
            for at in range(0, whole, window_bytes)
        )


@lru_cache(KEPT_SPEECHES)
def _speech(stream: int, duration_ms: int) -> bytes:
    return encode(stream, duration_ms, RATE_HZ)


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
