"""A short call without fault, as both its ends tell it; a test spoils one thing of it.

The caller sends 300 frames. The agent greets (1000 ms); the caller says 50 frames at tick 70; the
agent answers (2000 ms); the caller talks over it for 40 frames from tick 180 on and hangs up. All
the agent says is sent in deltas of 100 ms, four times as fast as it is heard, and the bridge holds
3 ms of it, as a filter does.
"""

from array import array
from dataclasses import dataclass, field

from bridge.sim.carrier.caller import AfterAgent, HangUp, OverAgent, Say, StepRecord
from bridge.sim.carrier.line import BYTES_PER_MS, FRAME_BYTES, TICK_MS, TICK_S
from bridge.sim.carrier.playback import Run
from bridge.sim.carrier.result import CallResult, StreamResult, Timings
from bridge.sim.carrier.stream import ClearRecord
from bridge.sim.carrier.warning import Warning_
from bridge.sim.load.evidence import Evidence
from bridge.sim.load.records import Item, Session, Truncation
from bridge.sim.load.voiceprint import block_of, said
from bridge.sim.voice import timecode
from telcodecs.g711 import ulaw_encode

NUMBER = 5
OPENED_AT = 100.0  # of the stream
TICKS = 300
FIRST_SAID, SECOND_SAID = 70, 180  # ticks
FIRST_FRAMES, SECOND_FRAMES = 50, 40
DELTA_MS, HELD_MS = 100.0, 3.0
TO_MODEL_S, TO_CARRIER_S = 0.002, 0.001
HEARD_MS = 840.0  # of the answer
STARTED_AT, CLEARED_AT = OPENED_AT + 3.75, OPENED_AT + 3.753
GREETING_AT, ANSWER_AT = OPENED_AT + 0.2, OPENED_AT + 2.9


def tones(stream: int, ms: int, from_ms: int = 0) -> bytes:
    """Of an item, as mu-law."""
    return ulaw_encode(timecode.encode(stream, ms, 8000))[from_ms * BYTES_PER_MS :]


def item(name: str, stream: int, ms: int, at: float) -> Item:
    """Sent from ``at`` on."""
    count = -(-ms // int(DELTA_MS))
    deltas = [(at + n * 0.025, min(ms, (n + 1) * DELTA_MS)) for n in range(count)]
    return Item(name, stream, float(ms), deltas)


@dataclass
class Scene:
    """Change what it holds, then take the ``evidence``. Starts empty: ``call`` fills it."""

    number: int = NUMBER
    sent_at: list[float] = field(default_factory=list)
    received: bytearray = field(default_factory=bytearray)
    arrivals: list[tuple[float, int]] = field(default_factory=list)
    played: list[Run] = field(default_factory=list)
    clears: list[ClearRecord] = field(default_factory=list)
    steps: list[StepRecord] = field(default_factory=list)
    warnings: list[Warning_] = field(default_factory=list)
    outcome: str = "completed"
    ended_by: str = "caller"
    session: Session = field(default_factory=lambda: Session(0, OPENED_AT))

    def says(self, tick: int, frames: int, when: AfterAgent | OverAgent) -> None:
        """Sent by the caller, and heard by the model."""
        step = Say(said(self.number, frames * TICK_MS), when)
        began = OPENED_AT + tick * TICK_S
        ended = began + frames * TICK_S
        self.steps.append(StepRecord(len(self.steps), step, began, ended, timed_out=False))
        block = block_of(self.number)
        self.session.caller.append((tick * TICK_MS, block.stream, block.first_slot, frames))

    def hears(self, spoken: Item) -> None:
        """The carrier receives all of an item, as the model sends it."""
        sound, whole_ms = tones(spoken.stream, int(spoken.generated_ms)), spoken.generated_ms
        come = 0
        for at, through_ms in spoken.deltas:
            held_ms = 0.0 if through_ms == whole_ms else HELD_MS
            until = int((through_ms - held_ms) // TICK_MS) * FRAME_BYTES
            self.received += sound[come:until]
            come = until
            self.arrivals.append((at + TO_CARRIER_S, len(self.received)))
        self.session.items.append(spoken)

    def plays(self, tick: int, n_bytes: int) -> None:
        """What was received and not yet played goes to the ear from this tick on."""
        before = self.played[-1].position_bytes + self.played[-1].n_bytes if self.played else 0
        self.played.append(Run(tick * FRAME_BYTES, before, n_bytes))

    def clear(self, at: float) -> None:
        """All that was received by now and not played is dropped."""
        position = self.played[-1].position_bytes + self.played[-1].n_bytes
        dropped = len(self.received) - position
        self.clears.append(ClearRecord(at, position, dropped, ()))

    def speech_started(self, at: float) -> None:
        self.session.speech_started.append((at, 0.0))

    def truncated(self, name: str, heard_ms: float) -> None:
        self.session.truncations.append(Truncation(name, heard_ms, True, CLEARED_AT))

    def result(self) -> CallResult:
        stream = StreamResult(
            stream_sid="MZ1",
            opened_at=OPENED_AT,
            heard=b"",
            sent_ulaw=b"",
            received=bytes(self.received),
            played=tuple(self.played),
            arrivals=tuple(self.arrivals),
            clears=tuple(self.clears),
            marks=(),
            first_audio_at=None,
            sent_at=array("d", self.sent_at),
        )
        return CallResult(
            call_sid="CA1",
            outcome=self.outcome,
            ended_by=self.ended_by,
            warnings=tuple(self.warnings),
            errors=(),
            streams=(stream,),
            steps=tuple(self.steps),
            timings=Timings(5.0, 1.0, 150.0, 220.0),
            exchanges=(),
        )

    def evidence(self, *, has_network: bool = False, has_records: bool = True) -> Evidence:
        session = self.session if has_records else None
        return Evidence(self.number, "barge_in", has_network, self.result(), session)


def call(number: int = NUMBER) -> Scene:
    scene = Scene(number)
    scene.sent_at = [OPENED_AT + tick * TICK_S for tick in range(TICKS)]
    scene.session.arrivals = [
        (at + TO_MODEL_S, (n + 1) * TICK_MS - HELD_MS) for n, at in enumerate(scene.sent_at)
    ]
    scene.session.appended_ms = scene.session.arrivals[-1][1]
    scene.hears(item("greeting", 0, 1000, GREETING_AT))
    scene.plays(11, 1000 * BYTES_PER_MS)
    scene.says(FIRST_SAID, FIRST_FRAMES, AfterAgent())
    scene.hears(item("answer", 1, 2000, ANSWER_AT))
    scene.plays(146, int(HEARD_MS) * BYTES_PER_MS)
    scene.says(SECOND_SAID, SECOND_FRAMES, OverAgent(700))
    scene.speech_started(STARTED_AT)
    scene.clear(CLEARED_AT)
    scene.truncated("answer", HEARD_MS)
    ended = OPENED_AT + 6.0
    scene.steps.append(StepRecord(2, HangUp(AfterAgent()), ended, ended, timed_out=False))
    return scene
