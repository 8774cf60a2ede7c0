"""A client in virtual time, with a voice that is answered at once."""

import base64
import json
from collections.abc import Callable, Sequence
from typing import Any

from bridge.sim.model.audio_format import AudioFormat, format_of
from bridge.sim.model.dialect import GA, Dialect
from bridge.sim.model.profile import ModelProfile
from bridge.sim.model.records import SessionRecord
from bridge.sim.model.reply import Reply, Spoken
from bridge.sim.model.scripted import ScriptedMind
from bridge.sim.model.session import Ask, Close, Out, RealtimeSession, Send
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
from tests.sim.model.oracle import problems

Event = dict[str, Any]
STEP_MS = 20
WALL_S = 1_795_000_000.0
HELLO = Reply((Spoken("Hello there, how can I help you today?", duration_ms=2_000),))


def pcm(duration_ms: int, value: int = 1000) -> bytes:
    return value.to_bytes(2, "little", signed=True) * (24 * duration_ms)


class Loudness:
    """Any sound is speech; the results of all jobs come at once."""

    def __init__(self, said: Sequence[str] = ("hello",)) -> None:
        self.said = list(said)
        self.spoken: list[Speak] = []
        self._left = b""

    def answer(self, job: Job) -> list[Result]:
        match job:
            case Detect(pcm, rate_hz):
                return [Probabilities(self._detect(pcm, rate_hz))]
            case Transcribe():
                return [Transcript(self.said.pop(0) if len(self.said) > 1 else self.said[0])]
            case Speak(text, _, duration_ms):
                self.spoken.append(job)
                return [Speech(text, pcm_of(duration_ms or 1_000), last=True)]

    def _detect(self, pcm: bytes, rate_hz: int) -> tuple[float, ...]:
        window = rate_hz * WINDOW_MS // 1000 * 2
        data = self._left + pcm
        whole = len(data) // window * window
        self._left = data[whole:]
        return tuple(
            0.9 if max(abs(s) for s in memoryview(data[at : at + window]).cast("h")) > 100 else 0.1
            for at in range(0, whole, window)
        )


pcm_of = pcm


class Client:
    """Every event it gets is checked against the documents."""

    def __init__(
        self,
        dialect: Dialect = GA,
        *,
        mind: ScriptedMind | None = None,
        replies: Sequence[Reply] = (HELLO,),
        said: Sequence[str] = ("hello",),
        profile: ModelProfile | None = None,
        model: str = "gpt-realtime",
        voice: Loudness | None = None,
        record: SessionRecord | None = None,
        hold: Callable[[Job], bool] = lambda job: False,
    ) -> None:
        self.dialect = dialect
        self.voice = voice or Loudness(said)
        self.mind = mind or ScriptedMind(replies)
        self.session = RealtimeSession(
            dialect=dialect,
            model=model,
            mind=self.mind,
            profile=profile,
            wall_s=WALL_S,
            record=record,
        )
        self.now = 0.0
        self.events: list[Event] = []
        self.times: list[float] = []
        self.closed: Close | None = None
        self.jobs: list[Job] = []
        self.held: list[Ask] = []
        self._hold = hold
        self.take(self.session.open(0.0))

    # --- talking ------------------------------------------------------------------------------

    def send(self, kind: str, **fields: Any) -> list[Event]:
        """One client event; what came of it at once."""
        return self.send_text(json.dumps({"type": kind, **fields}))

    def send_text(self, frame: str | bytes) -> list[Event]:
        before = len(self.events)
        self.take(self.session.receive(frame, self.now))
        return self.events[before:]

    def append(self, data: bytes) -> list[Event]:
        return self.send("input_audio_buffer.append", audio=base64.b64encode(data).decode())

    def talk(self, duration_ms: int, value: int = 1000) -> list[Event]:
        """Caller audio in real time, 20 ms a frame."""
        before = len(self.events)
        audio_format = self.input_format
        for _ in range(duration_ms // STEP_MS):
            self.wait(STEP_MS)
            samples = STEP_MS * audio_format.rate_hz // 1000
            frame = value.to_bytes(2, "little", signed=True) * samples
            self.append(audio_format.encode(frame))
        return self.events[before:]

    def hush(self, duration_ms: int) -> list[Event]:
        return self.talk(duration_ms, value=0)

    def wait(self, duration_ms: float) -> list[Event]:
        """Let time pass, stopping wherever something is due."""
        before, until = len(self.events), self.now + duration_ms / 1000
        while (due := self.session.deadline()) is not None and due <= until:
            self.now = max(due, self.now)
            self.take(self.session.tick(self.now))
        self.now = until
        return self.events[before:]

    def release(self, result: Result | None = None) -> list[Event]:
        """Answer the oldest job that was held back."""
        before, ask = len(self.events), self.held.pop(0)
        for answer in [result] if result is not None else self.voice.answer(ask.job):
            self.take(self.session.answer(ask.job_id, answer, self.now))
        return self.events[before:]

    # --- looking ------------------------------------------------------------------------------

    @property
    def input_format(self) -> AudioFormat:
        shown = self.of("session.created", "session.updated")[-1]["session"]
        if self.dialect.nested:
            return format_of(shown["audio"]["input"]["format"])
        return format_of(shown["input_audio_format"])

    def of(self, *ga_names: str) -> list[Event]:
        names = {self.dialect.event(name) for name in ga_names}
        return [event for event in self.events if event["type"] in names]

    def audio(self, item_id: str) -> bytes:
        deltas = self.of("response.output_audio.delta")
        return b"".join(base64.b64decode(d["delta"]) for d in deltas if d["item_id"] == item_id)

    def take(self, out: list[Out]) -> None:
        for message in out:
            match message:
                case Send(text):
                    event = json.loads(text)
                    assert problems(event, self.dialect) == []
                    self.events.append(event)
                    self.times.append(self.now)
                case Ask(job_id, job):
                    self.jobs.append(job)
                    if self._hold(job):
                        self.held.append(message)
                        continue
                    for result in self.voice.answer(job):
                        self.take(self.session.answer(job_id, result, self.now))
                case Close():
                    self.closed = message


def types(events: list[Event]) -> list[str]:
    return [event["type"] for event in events]


def error(events: list[Event]) -> dict[str, Any]:
    """The one error among these events."""
    (found,) = [event["error"] for event in events if event["type"] == "error"]
    return dict(found)
