"""The carrier's own time, as far as it can be known from here."""

WINDOW_S = 10.0  # the clocks of both ends drift apart, so old frames are forgotten
AHEAD_MAX_MS = 2_000.0


class MediaClock:
    """Milliseconds since the carrier's stream began. Caller frames carry it in their timestamps.

    Marks come down the same socket in the same order, so what a mark says happened behind the
    frame that came before it, whatever jitter and stalls did to both on their way. Between frames
    the time goes on, but never faster than the least delayed frame allows.
    """

    def __init__(self, now: float) -> None:
        self._began_at = now
        self._end_ms = 0.0
        self._end_at = now
        # Arrival less media time is the delay; the least of the last one or two windows counts.
        self._least_s = now
        self._least_before_s = now
        self._window_at = now

    @property
    def end_ms(self) -> float:
        """The end of the newest frame."""
        return self._end_ms

    def frame(self, timestamp_ms: int, duration_ms: float, now: float) -> float:
        """Where a frame begins. A timestamp that is of no sense follows what came before."""
        possible_ms = (now - self._began_at) * 1000 + AHEAD_MAX_MS
        start_ms = float(timestamp_ms) if 0 <= timestamp_ms <= possible_ms else self._end_ms
        end_ms = start_ms + duration_ms
        if end_ms > self._end_ms:
            self._end_ms, self._end_at = end_ms, now
        delay_s = now - end_ms / 1000
        if now - self._window_at > WINDOW_S:
            self._least_before_s, self._least_s = self._least_s, delay_s
            self._window_at = now
        self._least_s = min(self._least_s, delay_s)
        return start_ms

    def at(self, now: float) -> float:
        """The media time of what is heard of now."""
        by_delay_ms = (now - min(self._least_s, self._least_before_s)) * 1000
        since_frame_ms = (now - self._end_at) * 1000
        return max(self._end_ms, min(by_delay_ms, self._end_ms + since_frame_ms))
