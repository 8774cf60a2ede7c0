"""A person on the phone: a function from what the ear hears to what the mouth says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from bridge.sim.carrier.line import (
    BYTES_PER_MS,
    FRAME_BYTES,
    LINEAR,
    SILENCE,
    SILENT_FRAME,
    TICK_MS,
    TICK_S,
    level_dbfs,
    mulaw,
    padded,
)

AGENT_LEVEL_DBFS: Final = -45.0  # a frame above it is the agent speaking


class Caller(Protocol):
    """Asked once a tick, from the first media frame on."""

    @property
    def digits(self) -> list[str]:
        """Keys pressed; whoever sends them takes them off this list."""

    @property
    def hung_up(self) -> bool:
        """Looked at after each frame."""

    def frame(self, now: float, heard: bytes) -> bytes | None:
        """The 160 bytes said in this tick; None: nothing is sent, not even silence."""


@dataclass(frozen=True)
class At:
    """So long after the first frame."""

    s: float


@dataclass(frozen=True)
class After:
    """So long after the step before has ended (or after the first frame)."""

    ms: float


@dataclass(frozen=True)
class AfterAgent:
    """The agent has spoken since the last step ended, and has been quiet for so long."""

    quiet_ms: float = 700
    spoke: bool = True  # False: only the quiet counts
    spoke_ms: float = 100  # less than this is the rest of what was cut off, no answer


@dataclass(frozen=True)
class OverAgent:
    """Barge-in: the agent has been audible for so long since the last step ended."""

    heard_ms: float


When = At | After | AfterAgent | OverAgent

NO_LATER_THAN_S: Final = 30.0  # a silent agent must not hang a script


@dataclass(frozen=True)
class Say:
    ulaw: bytes
    when: When
    label: str = ""  # what is said, for whoever compares it later
    no_later_than_s: float = NO_LATER_THAN_S  # since the last step ended


@dataclass(frozen=True)
class Press:
    digit: str
    when: When
    label: str = ""
    no_later_than_s: float = NO_LATER_THAN_S


@dataclass(frozen=True)
class HangUp:
    when: When
    label: str = ""
    no_later_than_s: float = NO_LATER_THAN_S


Step = Say | Press | HangUp


@dataclass(frozen=True)
class StepRecord:
    index: int
    step: Step
    began: float
    ended: float | None  # None: the call was over first
    timed_out: bool  # began because it had waited long enough


class Ear:
    """What one has heard of the agent since a moment of one's own choosing."""

    def __init__(self) -> None:
        self.audible_ms = 0.0
        self.quiet_ms = 0.0

    def listen(self, heard: bytes) -> None:
        if level_dbfs(heard) > AGENT_LEVEL_DBFS:
            self.audible_ms += TICK_MS
            self.quiet_ms = 0.0
        else:
            self.quiet_ms += TICK_MS

    def start_anew(self) -> None:
        self.audible_ms = 0.0
        self.quiet_ms = 0.0


class ScriptedCaller:
    """Does one step after the other, and is silent between them and after the last."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.digits: list[str] = []
        self.hung_up = False
        self.records: list[StepRecord] = []
        self._steps = list(steps)
        self._next = 0
        self._saying = b""
        self._said_bytes = 0
        self._ear = Ear()
        self._first: float | None = None
        self._free_since = 0.0  # when the last step ended

    @property
    def done(self) -> bool:
        return self._next == len(self._steps) and not self._saying

    @property
    def speaking(self) -> bool:
        return bool(self._saying)

    def frame(self, now: float, heard: bytes) -> bytes | None:
        if self._first is None:
            self._first = self._free_since = now
        self._ear.listen(heard)
        if not self._saying and self._next < len(self._steps):
            self._consider(self._steps[self._next], now)
        if not self._saying:
            return SILENT_FRAME
        said = self._saying[self._said_bytes : self._said_bytes + FRAME_BYTES]
        self._said_bytes += FRAME_BYTES
        if self._said_bytes == len(self._saying):
            self._saying = b""
            self._ended(now + TICK_S)
        return said

    def _consider(self, step: Step, now: float) -> None:
        due = self._due(step.when, now)
        if not due and now - self._free_since < step.no_later_than_s:
            return
        self.records.append(StepRecord(self._next, step, now, None, timed_out=not due))
        self._next += 1
        match step:
            case Say(ulaw):
                self._saying, self._said_bytes = padded(ulaw), 0
            case Press(digit):
                self.digits.append(digit)
            case HangUp():
                self.hung_up = True
        if not self._saying:
            self._ended(now)

    def _due(self, when: When, now: float) -> bool:
        # Ticks are sums of 20 ms in floating point: a microsecond early is on time.
        match when:
            case At(s):
                return now - (self._first or 0.0) >= s - 1e-6
            case After(ms):
                return now - self._free_since >= ms / 1000 - 1e-6
            case AfterAgent(quiet_ms, spoke, spoke_ms):
                spoken = not spoke or self._ear.audible_ms >= spoke_ms
                return spoken and self._ear.quiet_ms >= quiet_ms
            case OverAgent(heard_ms):
                return self._ear.audible_ms >= heard_ms

    def _ended(self, at: float) -> None:
        last = self.records[-1]
        self.records[-1] = StepRecord(last.index, last.step, last.began, at, last.timed_out)
        self._free_since = at
        self._ear.start_anew()


class EchoCaller:
    """Another caller with so much of what is heard mixed into what is said."""

    def __init__(self, inner: Caller, delay_ms: float, gain_db: float) -> None:
        self.inner = inner
        self._gain = 10 ** (gain_db / 20)
        self._line = bytearray([SILENCE]) * round(delay_ms * BYTES_PER_MS)

    @property
    def digits(self) -> list[str]:
        return self.inner.digits

    @property
    def hung_up(self) -> bool:
        return self.inner.hung_up

    def frame(self, now: float, heard: bytes) -> bytes | None:
        said = self.inner.frame(now, heard)
        self._line += heard
        back = bytes(self._line[:FRAME_BYTES])
        del self._line[:FRAME_BYTES]
        if back == SILENT_FRAME:
            return said
        mixed = _linear(said or SILENT_FRAME) + self._gain * _linear(back)
        return mulaw(mixed)


def _linear(ulaw: bytes) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return LINEAR[np.frombuffer(ulaw, dtype=np.uint8)].astype(np.float64)
