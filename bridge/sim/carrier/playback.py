"""What the far end has sent, and what of it the caller's ear got.

A FIFO of audio and marks, played in packets of 20 ms on the tick clock (Media Streams: media is
buffered and played in order; a mark comes back when the audio before it has been played, at once
where there is none; ``clear`` empties the buffer and sends all marks back).

Positions are indexes into all audio bytes ever received on this stream, so that what was sent,
played and dropped can be laid side by side.
"""

from collections import deque
from dataclasses import dataclass

from bridge.sim.carrier.line import FRAME_BYTES, SILENCE, SILENT_FRAME

CEILING_BYTES = 4_800_000  # ten minutes


@dataclass(frozen=True)
class Run:
    """Bytes played without a gap."""

    heard_bytes: int  # index of the first one in what was heard
    position_bytes: int  # index of the first one in what was received
    n_bytes: int

    @property
    def start_tick(self) -> int:
        return self.heard_bytes // FRAME_BYTES


@dataclass(frozen=True)
class QueuedMark:
    name: str
    index: int  # the how-manieth mark of the stream, from 0
    position_bytes: int


class Playback:
    """Advance it with ``play`` once a tick; a packet that was played has left for good."""

    def __init__(self, *, hold_partial: bool) -> None:
        self._hold_partial = hold_partial
        self._received = bytearray()
        self._ranges: deque[tuple[int, int]] = deque()  # of _received, still to be played
        self._marks: deque[QueuedMark] = deque()
        self._marks_seen = 0
        self._playing = False  # a packet with audio is on its way until the next tick
        self._heard = bytearray()
        self._runs: list[list[int]] = []
        self.queued_bytes = 0
        self.played_bytes = 0

    @property
    def received(self) -> bytes:
        return bytes(self._received)

    @property
    def received_bytes(self) -> int:
        return len(self._received)

    @property
    def heard(self) -> bytes:
        return bytes(self._heard)

    @property
    def runs(self) -> list[Run]:
        return [Run(*run) for run in self._runs]

    @property
    def position_bytes(self) -> int:
        """The next byte to be played, or the next to come where nothing is queued."""
        return self._ranges[0][0] if self._ranges else len(self._received)

    def add(self, ulaw: bytes) -> int:
        """Queues audio and returns how many bytes were too many for the buffer."""
        start = len(self._received)
        self._received += ulaw
        kept = min(len(ulaw), CEILING_BYTES - self.queued_bytes)
        if kept:
            self._queue(start, start + kept)
            self.queued_bytes += kept
        return len(ulaw) - kept

    def mark(self, name: str) -> QueuedMark | None:
        """Queues a mark; returned where nothing is before it, so that it is reached already."""
        mark = QueuedMark(name, self._marks_seen, len(self._received))
        self._marks_seen += 1
        if not self._playing and not self._ranges and not self._marks:
            return mark
        self._marks.append(mark)
        return None

    def clear(self) -> tuple[int, list[QueuedMark]]:
        """Drops everything; returns the number of bytes and the marks, in order."""
        dropped, marks = self.queued_bytes, list(self._marks)
        self._ranges.clear()
        self._marks.clear()
        self.queued_bytes = 0
        self._playing = False
        return dropped, marks

    def reached(self) -> list[QueuedMark]:
        """At a tick, before ``play``: the marks whose audio has all been played."""
        reached = []
        while self._marks and self.position_bytes >= self._marks[0].position_bytes:
            reached.append(self._marks.popleft())
        return reached

    def play(self) -> bytes:
        """The packet of this tick, as heard."""
        if not self._ranges or (self._hold_partial and self.queued_bytes < FRAME_BYTES):
            self._playing = False
            self._heard += SILENT_FRAME
            return SILENT_FRAME
        packet = bytearray()
        while self._ranges and len(packet) < FRAME_BYTES:
            start, end = self._ranges.popleft()
            taken = min(end - start, FRAME_BYTES - len(packet))
            self._log(len(self._heard) + len(packet), start, taken)
            packet += self._received[start : start + taken]
            if start + taken < end:
                self._ranges.appendleft((start + taken, end))
        self.queued_bytes -= len(packet)
        self.played_bytes += len(packet)
        self._playing = True
        packet += bytes([SILENCE]) * (FRAME_BYTES - len(packet))
        self._heard += packet
        return bytes(packet)

    def _queue(self, start: int, end: int) -> None:
        if self._ranges and self._ranges[-1][1] == start:
            start = self._ranges.pop()[0]
        self._ranges.append((start, end))

    def _log(self, heard: int, position: int, n_bytes: int) -> None:
        if self._runs:
            last = self._runs[-1]
            if last[0] + last[2] == heard and last[1] + last[2] == position:
                last[2] += n_bytes
                return
        self._runs.append([heard, position, n_bytes])
