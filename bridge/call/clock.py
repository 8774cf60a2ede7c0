"""How far the carrier has played: a clock between marks, corrected by them."""

from collections import deque
from statistics import median_low

from telcodecs.g711 import BYTES_PER_MS

BYTES_PER_S = BYTES_PER_MS * 1000

RECENT_MARKS = 8  # of one run; the least delayed of them is believed
REMEMBERED_RUNS = 8  # the network may change, so old round trips are forgotten


class PlayoutClock:
    """Position, in bytes of audio sent, that will have left the carrier when a clear sent now
    takes effect.

    A *run* is audio that plays without a pause. It starts when audio is sent and nothing is left
    to play; from then on it plays 8 bytes a millisecond. Audio and clear travel the same way, so
    the delay towards the carrier cancels out and is not needed. What the clock cannot know is that
    a run began late at the carrier (jitter, a stall, the phase of its packets). Marks tell: a mark
    comes back one round trip after the clock thinks its position was played. A mark can only ever
    be late, so the round trip of a run is the shortest of its recent marks; and a run that takes
    longer than runs usually do (their median) is itself late by the difference.
    """

    def __init__(self) -> None:
        self.sent_bytes = 0
        self._run_from_bytes = 0
        self._run_started_at = 0.0
        self._run_late_s = 0.0
        self._lags_s: deque[float] = deque(maxlen=RECENT_MARKS)
        self._round_trips_s: deque[float] = deque(maxlen=REMEMBERED_RUNS)
        self._marked_bytes = 0

    @property
    def round_trip_s(self) -> float | None:
        """Shortest time from sending to hearing of it, beside the playing itself."""
        return min(self._round_trips_s, default=None)

    def sent(self, n_bytes: int, now: float) -> None:
        if n_bytes and now >= self.dry_at():
            self._run_from_bytes = self.sent_bytes
            self._run_started_at = now
            self._run_late_s = 0.0
            self._lags_s.clear()
        self.sent_bytes += n_bytes

    def mark(self, position_bytes: int, now: float) -> None:
        """All before ``position_bytes`` has been played."""
        self._marked_bytes = max(self._marked_bytes, position_bytes)
        if position_bytes <= self._run_from_bytes:
            return  # of an earlier run: nothing to learn about this one
        played_s = (position_bytes - self._run_from_bytes) / BYTES_PER_S
        lag_s = now - self._run_started_at - played_s
        if not self._lags_s:
            self._round_trips_s.append(lag_s)
        self._lags_s.append(lag_s)
        self._round_trips_s[-1] = min(self._round_trips_s[-1], lag_s)
        self._run_late_s = min(self._lags_s) - median_low(self._round_trips_s)

    def position(self, now: float) -> int:
        """Bytes played; never more than sent, never less than a mark has confirmed."""
        playing_s = now - self._run_started_at - self._run_late_s
        played = self._run_from_bytes + max(0, round(playing_s * BYTES_PER_S))
        return min(self.sent_bytes, max(played, self._marked_bytes))

    def late_s(self, position_bytes: int, at: float) -> float:
        """How much later than usual a mark at ``position_bytes`` is, if it has not come back by
        then. None was ever late while none has come back."""
        if not self._round_trips_s:
            return 0.0
        played_s = (position_bytes - self._run_from_bytes) / BYTES_PER_S
        usual_s = median_low(self._round_trips_s)
        return at - (self._run_started_at + self._run_late_s + played_s + usual_s)

    def dry_at(self) -> float:
        """When the last byte sent so far will have been played."""
        remaining_s = (self.sent_bytes - self._run_from_bytes) / BYTES_PER_S
        return self._run_started_at + self._run_late_s + remaining_s

    def cut(self, now: float) -> None:
        """A clear: what was sent and not played is gone, and the next audio starts a run.

        The position starts at zero again; only the round trips are remembered.
        """
        self.sent_bytes = 0
        self._marked_bytes = 0
        self._run_from_bytes = 0
        self._run_started_at = now
        self._run_late_s = 0.0
        self._lags_s.clear()
