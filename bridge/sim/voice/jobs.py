"""What a Realtime session asks of a voice, and what the voice answers.

The session core does no signal processing of its own: it hands out a job and is told the
results later, so that the same core runs beside scripted tones (answered at once) and beside
real engines in another process (answered when they are done).
"""

from dataclasses import dataclass

WINDOW_MS = 32  # one probability of speech for each 32 ms of caller audio


@dataclass(frozen=True)
class Detect:
    """Caller audio, in order, for speech detection. Answered by ``Probabilities``."""

    pcm: bytes  # PCM16 mono
    rate_hz: int  # 8000 or 24000; the same for all of one session


@dataclass(frozen=True)
class Transcribe:
    """One whole caller turn. Answered by ``Transcript``."""

    pcm: bytes
    rate_hz: int


@dataclass(frozen=True)
class Speak:
    """Text to be spoken. Answered by one or more ``Speech``, the last one marked."""

    text: str
    voice: str
    duration_ms: int | None = None  # scripted voices hold to it; real ones ignore it


Job = Detect | Transcribe | Speak


@dataclass(frozen=True)
class Probabilities:
    """Speech probability of each window completed by the audio so far, oldest first."""

    values: tuple[float, ...]


@dataclass(frozen=True)
class Transcript:
    text: str


@dataclass(frozen=True)
class Speech:
    """A piece of speech (a sentence, usually): PCM16 mono at 24 kHz."""

    text: str
    pcm: bytes
    last: bool


@dataclass(frozen=True)
class Failed:
    """The voice could not do the job."""

    reason: str


Result = Probabilities | Transcript | Speech | Failed
