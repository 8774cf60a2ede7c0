"""A call between its two far ends: when what passes was sent, and when it arrived."""

from collections import deque
from dataclasses import dataclass, field

FRAME_MS = 20
HALF_FRAME_MS = 10  # a filter holds back less than that
ALLOWED_LATE_MS = 30  # whole frames go out, so the end of a delta may wait for the next


@dataclass
class Measure:
    """Seconds, of what was sent since ``since`` (monotonic seconds)."""

    since: float = float("inf")
    inbound: list[float] = field(default_factory=list)
    outbound: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)  # the generator's own
    from_carrier_bytes: int = 0  # of WebSocket frames, since the measure began
    to_carrier_bytes: int = 0
    from_model_bytes: int = 0
    to_model_bytes: int = 0


class Line:
    """One call: what was sent at either end and has not arrived at the other one."""

    def __init__(self, measure: Measure) -> None:
        self.measure = measure
        self._frames: deque[float] = deque()
        self._heard_ms = 0.0
        self._deltas: deque[tuple[float, float]] = deque()
        self._said_ms = self._played_ms = 0.0

    def sent_frame(self, now: float, late_s: float) -> None:
        self._frames.append(now)
        if now >= self.measure.since:
            self.measure.late.append(late_s)

    def heard(self, ms: float, now: float) -> None:
        """At the model."""
        self._heard_ms += ms
        while self._frames and self._heard_ms > HALF_FRAME_MS:
            self._heard_ms -= FRAME_MS
            sent = self._frames.popleft()
            if sent >= self.measure.since:
                self.measure.inbound.append(now - sent)

    def answer_begins(self) -> None:
        """What was left of the last one has been dropped or padded by now."""
        self._deltas.clear()
        self._said_ms = self._played_ms = 0.0

    def said(self, ms: float, now: float) -> None:
        self._said_ms += ms
        self._deltas.append((self._said_ms, now))

    def played(self, ms: float, now: float) -> None:
        """At the carrier."""
        self._played_ms += ms
        while self._deltas and self._played_ms >= self._deltas[0][0] - ALLOWED_LATE_MS:
            _, sent = self._deltas.popleft()
            if sent >= self.measure.since:
                self.measure.outbound.append(now - sent)
