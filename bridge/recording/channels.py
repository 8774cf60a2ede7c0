"""A call's tape as two channels of sound, in step."""

from bridge.call.tape import Cleared, Ended, Played, Sent, TapeEvent
from bridge.recording.lane import Lane
from bridge.recording.media_clock import MediaClock
from bridge.recording.placing import Placing
from bridge.wire.twilio import Media, Start
from telcodecs.g711 import BYTES_PER_MS

HOLD_MS = 1_000.0  # behind the newest frame: until then things may still move
HOLD_MAX_MS = 10_000.0  # however long marks fail to come
CHUNK_MS = 500.0  # handed out at once


class Channels:
    """``feed`` it each event of a tape: it answers with mu-law samples that are final, the
    caller's and the agent's in turn. The recording lasts from the start of the stream to its end.

    Left lies by the carrier's media timestamps, lost frames are silence. Right lies where the
    caller heard it; what a clear cut off is not in it.
    """

    def __init__(self) -> None:
        self._clock: MediaClock | None = None  # None: no stream has begun
        self._left = Lane()
        self._right = Lane()
        self._agent = Placing(self._right)
        self._over = False

    @property
    def held_bytes(self) -> int:
        """What is kept in memory of both channels."""
        return self._left.end - self._left.taken + self._right.end - self._right.taken

    def feed(self, now: float, event: TapeEvent) -> bytes:
        if self._over:
            return b""
        if self._clock is None:
            self._over = isinstance(event, Ended)
            if isinstance(event, Start):
                self._clock = MediaClock(now)
            return b""
        match event:
            case Media(payload, timestamp_ms):
                duration_ms = len(payload) / BYTES_PER_MS
                start_ms = self._clock.frame(timestamp_ms, duration_ms, now)
                self._left.put(round(start_ms * BYTES_PER_MS), payload)
                return self._final(self._clock.end_ms)
            case Sent(n_bytes):
                self._agent.sent(n_bytes, now, self._clock.at(now))
            case Played(ulaw, by_mark):
                self._agent.played(ulaw, by_mark, now, self._clock.at(now))
            case Cleared():
                self._agent.cleared(now)
            case Ended():
                return self._end(self._clock.at(now))
        return b""

    def _final(self, media_ms: float) -> bytes:
        if media_ms - HOLD_MS - self._left.taken / BYTES_PER_MS < CHUNK_MS:
            return b""
        self._agent.settle(media_ms - HOLD_MS)
        until_ms = min(media_ms - HOLD_MS, self._agent.open_from_ms() - HOLD_MS / 2)
        return self._take(max(until_ms, media_ms - HOLD_MAX_MS))

    def _end(self, media_ms: float) -> bytes:
        self._agent.settle(float("inf"))
        self._over = True
        return self._take(media_ms)

    def _take(self, until_ms: float) -> bytes:
        until = round(until_ms * BYTES_PER_MS)
        left, right = self._left.take(until), self._right.take(until)
        both = bytearray(2 * len(left))
        both[0::2], both[1::2] = left, right
        return bytes(both)
