"""Engines that hear, beside tones that speak: a voice for calls in virtual time.

The caller's words come from a recording, so they are found by the real detector and the real
transcriber; both give the same for the same sound. What the agent says is read, not listened to,
so tones of the same length will do.
"""

from bridge.sim.voice.detector import Detector
from bridge.sim.voice.jobs import (
    Detect,
    Job,
    Probabilities,
    Result,
    Speak,
    Transcribe,
    Transcript,
)
from bridge.sim.voice.scripted import ScriptedVoiceSession
from bridge.sim.voice.transcriber import Transcriber


class Engines:
    """Slow to make (the transcriber is loaded); ``open`` as often as you like. Raises
    ``VoiceMissing`` for weights that are not there."""

    def __init__(self) -> None:
        self._transcriber = Transcriber()

    def open(self) -> "EngineSession":
        return EngineSession(self._transcriber)


class EngineSession:
    def __init__(self, transcriber: Transcriber) -> None:
        self._transcriber = transcriber
        self._detector = Detector()
        self._tones = ScriptedVoiceSession()

    def answer(self, job: Job) -> list[Result]:
        match job:
            case Detect(pcm, rate_hz):
                return [Probabilities(self._detector.push(pcm, rate_hz))]
            case Transcribe(pcm, rate_hz):
                return [Transcript(self._transcriber.transcribe(pcm, rate_hz))]
            case Speak():
                return self._tones.answer(job)
