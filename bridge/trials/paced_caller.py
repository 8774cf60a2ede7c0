"""A caller who lets the agent finish, or cuts it short where that was the plan.

A silence is not yet an answer: a function may run, or the next sentence be on its way. So this
caller is told by the call itself whether anything is still to come (``watch``).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from bridge.sim.carrier.caller import Ear
from bridge.sim.carrier.line import FRAME_BYTES, SILENT_FRAME, TICK_MS, TICK_S, padded

PAUSE_MS: Final = 700.0  # before one answers, where nothing else is known
SPOKE_MS: Final = 100.0  # less than this is the rest of what was cut off, no answer
SHORTER_PAUSE_MS: Final = 500.0  # after an answer that ended before it could be cut short
PATIENCE_S: Final = 20.0  # of silence: a silent agent must not hang a conversation
LONGEST_S: Final = 180.0  # ... nor one that never comes to an end


@dataclass(frozen=True)
class Answered:
    """The agent has spoken since, has nothing more to say, and so much time has passed."""

    pause_ms: float = PAUSE_MS


@dataclass(frozen=True)
class Over:
    """The agent has been heard for so long since: it is cut short there. An answer that is over
    before is let end."""

    heard_ms: float


@dataclass(frozen=True)
class Gap:
    """So long after one's own last words, or after the line was open; whatever the agent does."""

    ms: float


When = Answered | Over | Gap


@dataclass(frozen=True)
class PacedStep:
    """``ulaw`` is said; None: the caller hangs up."""

    ulaw: bytes | None
    when: When
    patience_s: float = PATIENCE_S


How = Literal["as planned", "the answer was shorter", "no answer"]


@dataclass(frozen=True)
class PacedRecord:
    """``heard_ms``: how long the agent had been heard since the step before."""

    index: int
    began: float
    how: How
    heard_ms: float


class PacedCaller:
    """One step after the other. ``began`` is told of each one right before it begins."""

    def __init__(
        self, steps: Sequence[PacedStep], began: Callable[[int], None] = lambda index: None
    ) -> None:
        self.digits: list[str] = []
        self.hung_up = False
        self.records: list[PacedRecord] = []
        self._steps = list(steps)
        self._began = began
        self._busy: Callable[[], bool] = lambda: False
        self._saying = b""
        self._said_bytes = 0
        self._ear = Ear()
        self._settled_ms = 0.0
        self._free_since: float | None = None  # when the last step ended

    def watch(self, busy: Callable[[], bool]) -> None:
        """``busy``: whether the agent says something, or will without a word of the caller."""
        self._busy = busy

    def add(self, step: PacedStep) -> None:
        """One more, behind all others."""
        self._steps.append(step)

    def answered(self, pause_ms: float) -> bool:
        """All steps are done, and all there was to say to the last one was said, a pause ago."""
        return self.done and self._answered(pause_ms)

    @property
    def silent_ms(self) -> float:
        """For so long nothing was said, and nothing is to come."""
        return self._settled_ms

    @property
    def done(self) -> bool:
        return len(self.records) == len(self._steps) and not self._saying

    def frame(self, now: float, heard: bytes) -> bytes | None:
        if self._free_since is None:
            self._free_since = now
        self._ear.listen(heard)
        settled = self._ear.quiet_ms > 0 and not self._busy()
        self._settled_ms = self._settled_ms + TICK_MS if settled else 0.0
        if not self._saying and len(self.records) < len(self._steps):
            self._consider(self._steps[len(self.records)], now)
        if not self._saying:
            return SILENT_FRAME
        said = self._saying[self._said_bytes : self._said_bytes + FRAME_BYTES]
        self._said_bytes += FRAME_BYTES
        if self._said_bytes == len(self._saying):
            self._saying = b""
            self._ended(now + TICK_S)
        return said

    def _consider(self, step: PacedStep, now: float) -> None:
        how = self._how(step, now)
        if how is None:
            return
        index = len(self.records)
        self._began(index)
        self.records.append(PacedRecord(index, now, how, self._ear.audible_ms))
        if step.ulaw is None:
            self.hung_up = True
        else:
            self._saying, self._said_bytes = padded(step.ulaw), 0
        if not self._saying:
            self._ended(now)

    def _how(self, step: PacedStep, now: float) -> How | None:
        """None: not yet. Ticks are sums of 20 ms in floating point: a microsecond early is on
        time."""
        assert self._free_since is not None
        waited_s = now - self._free_since + 1e-6
        match step.when:
            case Gap(ms):
                return "as planned" if waited_s >= ms / 1000 else None
            case Answered(pause_ms):
                if self._answered(pause_ms):
                    return "as planned"
            case Over(heard_ms):
                if self._ear.audible_ms >= heard_ms:
                    return "as planned"
                if self._answered(SHORTER_PAUSE_MS):
                    return "the answer was shorter"
        silent = self._settled_ms >= step.patience_s * 1000
        return "no answer" if silent or waited_s >= LONGEST_S else None

    def _answered(self, pause_ms: float) -> bool:
        return self._ear.audible_ms >= SPOKE_MS and self._settled_ms >= pause_ms

    def _ended(self, at: float) -> None:
        self._free_since = at
        self._ear.start_anew()
        self._settled_ms = 0.0
