"""When the caller said what the model has heard."""

WINDOW_FRAMES = 64  # the clocks of both ends drift apart: of about ten seconds each
LATE_MAX_S = 30.0  # no model takes so long to tell: the timestamps make no sense
FRAME_MS = 20  # Media Streams: a frame is sent when it is full


class CallerClock:
    """Caller frames carry the carrier's time, and lost ones are filled with silence; so a position
    in the model's input is so much later than the first frame. The carrier's time is ours less
    the delay of the least delayed frame, whatever held up the others on their way to us, or here.

    A frame in eight will do for the delay.
    """

    def __init__(self) -> None:
        self._delay_ms = self._delay_before_ms = float("inf")  # of two windows; with the epoch
        self._frames = 0
        self._skipped_ms = 0

    def frame(self, timestamp_ms: int, now: float) -> None:
        self._frames += 1
        if self._frames % WINDOW_FRAMES == 0:
            self._delay_before_ms, self._delay_ms = self._delay_ms, float("inf")
        self._delay_ms = min(self._delay_ms, now * 1000 - timestamp_ms - FRAME_MS)

    def said_at(
        self, position_ms: float, first_ms: int | None, skipped_ms: int, now: float
    ) -> float | None:
        """``first_ms``: timestamp of the first frame that went to the model; ``skipped_ms`` of
        lost audio were not filled. None: it cannot be known, as where something was skipped since
        this was last asked."""
        skipped_before_ms, self._skipped_ms = self._skipped_ms, skipped_ms
        if first_ms is None or skipped_ms != skipped_before_ms:
            return None
        delay_ms = min(self._delay_ms, self._delay_before_ms)
        at = (first_ms + skipped_ms + position_ms + delay_ms) / 1000
        return min(at, now) if at > now - LATE_MAX_S else None
