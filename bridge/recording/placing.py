"""Where the agent's audio lies in the caller's time."""

from collections import deque
from dataclasses import dataclass

from bridge.call.clock import PlayoutClock
from bridge.recording.lane import Lane
from telcodecs.g711 import BYTES_PER_MS

LOOK_AHEAD_MS = 600.0  # marks so much later still tell when earlier audio was played
UNDERRUN_MS = 30.0  # a smaller step is the phase of packets, or jitter


@dataclass(frozen=True)
class _Run:
    """Audio that was sent without a pause in between."""

    from_bytes: int
    plays_at_ms: float  # by the time it was sent and the round trip: no mark has spoken yet


@dataclass(frozen=True)
class _Piece:
    """Heard audio; ``lag_ms`` is the most it can lag behind, where a mark told that."""

    from_bytes: int
    ulaw: bytes
    run: _Run
    lag_ms: float | None
    known_ms: float


class Placing:
    """Audio is placed by its *lag*: media time less position. Within a generation (all between
    two clears) a lag can only grow, where the carrier runs dry. A mark is never early, so each
    lag seen is the most it can have been by then, and the least of those that follow is the best
    there is: hence the look-ahead.
    """

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._clock = PlayoutClock()
        self._runs: deque[_Run] = deque()
        self._pieces: deque[_Piece] = deque()
        self._heard_bytes = 0  # of this generation
        self._lag_ms = 0.0
        self._placed_run: _Run | None = None

    def sent(self, n_bytes: int, now: float, media_ms: float) -> None:
        if now >= self._clock.dry_at():
            trip_ms = (self._clock.round_trip_s or 0.0) * 1000
            self._runs.append(_Run(self._clock.sent_bytes, media_ms + trip_ms))
        self._clock.sent(n_bytes, now)

    def played(self, ulaw: bytes, by_mark: bool, now: float, media_ms: float) -> None:
        end = self._heard_bytes + len(ulaw)
        while ulaw and self._runs:
            piece_end = min(end, self._runs[1].from_bytes if len(self._runs) > 1 else end)
            piece = ulaw[: piece_end - self._heard_bytes]
            told = by_mark and piece_end == end
            lag_ms = media_ms - end / BYTES_PER_MS if told else None
            self._pieces.append(_Piece(self._heard_bytes, piece, self._runs[0], lag_ms, media_ms))
            self._heard_bytes = piece_end
            ulaw = ulaw[len(piece) :]
            if len(self._runs) > 1 and piece_end == self._runs[1].from_bytes:
                self._runs.popleft()
        if by_mark:
            self._clock.mark(end, now)
        self.settle(media_ms - LOOK_AHEAD_MS)

    def cleared(self, now: float) -> None:
        self.settle(float("inf"))
        self._clock.cut(now)
        self._runs.clear()
        self._heard_bytes = 0
        self._lag_ms = 0.0
        self._placed_run = None

    def settle(self, known_ms: float) -> None:
        """Place what was known by then."""
        while self._pieces and self._pieces[0].known_ms <= known_ms:
            lag_ms = self._lag_of(self._pieces[0])
            self._place(self._pieces.popleft(), lag_ms)

    def _lag_of(self, piece: _Piece) -> float:
        at_most = min(
            (each.lag_ms for each in self._pieces if each.lag_ms is not None), default=None
        )
        goes_on = piece.run == self._placed_run
        if piece.lag_ms is None or at_most is None:
            by_sending_ms = piece.run.plays_at_ms - piece.run.from_bytes / BYTES_PER_MS
            guess = self._lag_ms if goes_on else by_sending_ms
            return guess if at_most is None else min(guess, at_most)
        if goes_on and at_most < self._lag_ms + UNDERRUN_MS:
            return self._lag_ms
        return at_most

    def _place(self, piece: _Piece, lag_ms: float) -> None:
        at = round(piece.from_bytes + lag_ms * BYTES_PER_MS)
        at = max(at, self._lane.end, self._lane.taken)
        self._lag_ms = (at - piece.from_bytes) / BYTES_PER_MS
        self._placed_run = piece.run
        self._lane.put(at, piece.ulaw)

    def open_from_ms(self) -> float:
        """Where the first audio begins, at the earliest, that is sent and not placed."""
        if self._pieces:
            return self._begins_ms(self._pieces[0].from_bytes, self._pieces[0].run)
        if self._runs and self._clock.sent_bytes > self._heard_bytes:
            run = self._runs[1] if self._ends_run() else self._runs[0]
            return self._begins_ms(self._heard_bytes, run)
        return float("inf")

    def _ends_run(self) -> bool:
        return len(self._runs) > 1 and self._heard_bytes >= self._runs[1].from_bytes

    def _begins_ms(self, from_bytes: int, run: _Run) -> float:
        if run == self._placed_run:
            return from_bytes / BYTES_PER_MS + self._lag_ms
        return run.plays_at_ms + (from_bytes - run.from_bytes) / BYTES_PER_MS
