"""The playback ledger: what the caller has heard, item by item."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from bridge.call.clock import BYTES_PER_S, PlayoutClock
from bridge.call.tape import Cleared, Played, Sent, Tape
from bridge.wire.twilio import Mark, Media
from telcodecs.g711 import BYTES_PER_MS

MARK_INTERVAL_MS = 100
# Twilio holds ten minutes of audio and drops the rest (warning 31931): what goes beyond this
# window waits here.
WINDOW_MS = 60_000
UNHEARD_MAX_MS = 600_000
LOST_MARK_GRACE_S = 0.5  # where no mark ever came back
LATE_MARK_GRACE_S = 3.0  # where they do come back: on one connection none is lost, all may be late
STALLED_S = 0.5  # a mark that is this late, while other things are heard of the carrier


@dataclass(frozen=True)
class Heard:
    """How much of one assistant item reached the caller."""

    item_id: str
    content_index: int
    heard_ms: float
    received_ms: float  # from the model so far; the item may still be growing
    from_bytes: int = 0  # where it begins in all audio sent to the carrier in this call

    @property
    def to_the_end(self) -> bool:
        return self.heard_ms >= self.received_ms


@dataclass(frozen=True)
class Cut:
    """What a clear did: each item that was not known to be heard out, and the sound left over."""

    items: tuple[Heard, ...]
    unheard_ulaw: bytes  # from the cut on, so that speech can be resumed


@dataclass
class _Item:
    item_id: str
    content_index: int
    from_bytes: int  # position of its first byte in this generation's audio
    n_bytes: int = 0
    received_ms: float = 0.0
    closed: bool = False
    begun: bool = False  # a mark said that some of it was played

    @property
    def end_bytes(self) -> int:
        return self.from_bytes + self.n_bytes


class Playback:
    """Sends audio with marks between, and keeps the account of it.

    All audio between two clears is one *generation*. Positions count its bytes; marks carry its
    number. A mark of an older generation was flushed by a clear or raced with it: it says nothing
    and is ignored (Media Streams, "clear": outstanding marks come back too).
    """

    def __init__(
        self,
        *,
        mark_interval_ms: int = MARK_INTERVAL_MS,
        window_ms: int = WINDOW_MS,
        unheard_max_ms: int = UNHEARD_MAX_MS,
    ) -> None:
        self.clock = PlayoutClock()
        self.tape: Tape | None = None  # None: nobody records
        self.generation = 0
        self._dropped_ms = 0.0
        self.ignored_marks = 0
        self._mark_interval_bytes = mark_interval_ms * BYTES_PER_MS
        self._window_bytes = window_ms * BYTES_PER_MS
        self._unheard_max_bytes = unheard_max_ms * BYTES_PER_MS
        self._items: deque[_Item] = deque()
        self._base_bytes = 0  # sent in earlier generations
        # All audio not confirmed as heard; what the clock calls sent of it is with the carrier.
        self._unheard = bytearray()
        self._unheard_from_bytes = 0
        self._next_mark = 0
        self._last_mark_bytes = 0
        self._marks: dict[str, int] = {}  # outstanding: name to position
        self._given_up: str | None = None  # the last mark of audio that was settled without it
        self._begun: list[tuple[str, float]] = []
        self.carrier_heard_at = 0.0

    @property
    def _end_bytes(self) -> int:
        return self._unheard_from_bytes + len(self._unheard)

    def add(
        self, item_id: str, content_index: int, frames: bytes, received_ms: float, now: float
    ) -> list[Media | Mark]:
        """``frames`` of mu-law to play next, which hold ``received_ms`` more of the item.

        The two differ by what the codec holds back until the item ends. Beyond the bound the
        newest audio is dropped: see ``take_dropped_ms``.
        """
        item = self._items[-1] if self._items else None
        if item is None or (item.item_id, item.content_index) != (item_id, content_index):
            item = _Item(item_id, content_index, self._end_bytes)
            self._items.append(item)
        room = self._unheard_max_bytes - (self._end_bytes - self.clock.position(now))
        if len(frames) > room:
            self._dropped_ms += (len(frames) - max(0, room)) / BYTES_PER_MS
            frames = frames[: max(0, room)]
        item.received_ms += received_ms
        item.n_bytes += len(frames)
        self._unheard += frames
        return self.release(now)

    def close(self, item_id: str, now: float) -> list[Media | Mark]:
        """No more audio will come for the item: its end gets a mark."""
        for item in self._items:
            if item.item_id == item_id:
                item.closed = True
        self._forget_heard()
        return self.release(now)

    def release(self, now: float) -> list[Media | Mark]:
        """What may be sent by now."""
        return list(self._released(now))

    def _released(self, now: float) -> Iterator[Media | Mark]:
        for item in self._items:
            while (sent := self.clock.sent_bytes) < item.end_bytes:
                room = self._window_bytes - (sent - self.clock.position(now))
                to_mark = self._last_mark_bytes + self._mark_interval_bytes - sent
                n_bytes = min(item.end_bytes - sent, to_mark)
                if room < n_bytes:
                    return
                at = sent - self._unheard_from_bytes
                yield Media(bytes(self._unheard[at : at + n_bytes]))
                self.clock.sent(n_bytes, now)
                if self.tape is not None:
                    self.tape.add(now, Sent(n_bytes))
                if n_bytes == to_mark:
                    yield self._mark()
            if item.closed and item.end_bytes == self.clock.sent_bytes > self._last_mark_bytes:
                yield self._mark()

    def _mark(self) -> Mark:
        name = f"{self.generation}.{self._next_mark}"
        self._next_mark += 1
        self._last_mark_bytes = self.clock.sent_bytes
        self._marks[name] = self._last_mark_bytes
        return Mark(name)

    def mark(self, name: str, now: float) -> list[Media | Mark]:
        """The carrier gave a mark back; answers with what may be sent now."""
        position = self._marks.pop(name, None)
        if name == self._given_up:
            self._given_up = None
        if position is None:
            self.ignored_marks += 1
            return []
        self._record(position, now, by_mark=True)
        self.clock.mark(position, now)
        self._note_begun(position, now)
        # Marks come back in order, so one that was skipped will not come any more.
        while self._marks and next(iter(self._marks.values())) <= position:
            del self._marks[next(iter(self._marks))]
        del self._unheard[: position - self._unheard_from_bytes]
        self._unheard_from_bytes = max(self._unheard_from_bytes, position)
        self._forget_heard()
        return self.release(now)

    def _note_begun(self, position: int, now: float) -> None:
        for item in self._items:
            if item.from_bytes >= position:
                break
            if item.n_bytes and not item.begun:
                item.begun = True
                self._begun.append((item.item_id, now - (position - item.from_bytes) / BYTES_PER_S))

    def take_begun(self) -> list[tuple[str, float]]:
        """Items that marks have confirmed to be heard since this was last asked, with the time
        their first audio was played: the mark's less the audio before it. So the way of the mark
        from the carrier is in it."""
        begun, self._begun = self._begun, []
        return begun

    def hang_up(self, now: float, *, by_carrier: bool) -> tuple[Heard, ...]:
        """The line is gone, and what was played by then is all that was heard: see ``account``.

        Where we end it, the end travels as a clear does. Where the carrier tells us, the last
        sound that was heard had left us a round trip ago.
        """
        at = now - (self.clock.round_trip_s or 0.0) if by_carrier else now
        self._record(self.position(at), now, by_mark=False)
        if self.tape is not None:
            self.tape.end(now)
        return self.account(at)

    def _record(self, position: int, now: float, *, by_mark: bool) -> None:
        """On tape: all not yet confirmed audio before ``position`` has been heard."""
        n_bytes = position - self._unheard_from_bytes
        if self.tape is not None and n_bytes > 0:
            self.tape.add(now, Played(bytes(self._unheard[:n_bytes]), by_mark))

    def _forget_heard(self) -> None:
        """Whole items before the last mark that came back."""
        confirmed = self._unheard_from_bytes
        while self._items and self._items[0].closed and self._items[0].end_bytes <= confirmed:
            self._items.popleft()

    def position(self, now: float) -> int:
        """Bytes played of this generation. What has passed no mark for too long, while the line
        is alive the other way, has not moved: audio is held up on its way to the carrier."""
        position = self.clock.position(now)
        for next_mark in self._marks.values():
            if self.clock.late_s(next_mark, self.carrier_heard_at) > STALLED_S:
                return min(position, next_mark)
            break
        return position

    def account(self, now: float) -> tuple[Heard, ...]:
        """Each item that is not known to be heard out, in the order of playing."""
        position = self.position(now)
        return tuple(
            Heard(
                item.item_id,
                item.content_index,
                min(max(0, position - item.from_bytes) / BYTES_PER_MS, item.received_ms),
                item.received_ms,
                self._base_bytes + item.from_bytes,
            )
            for item in self._items
        )

    def clear(self, now: float) -> Cut:
        """A new generation: everything not played is cut off."""
        position = self.position(now)
        from_bytes = position - self._unheard_from_bytes
        cut = Cut(self.account(now), bytes(self._unheard[max(0, from_bytes) :]))
        if self.tape is not None:
            self._record(position, now, by_mark=False)
            self.tape.add(now, Cleared())
        self.generation += 1
        self._base_bytes += self.clock.sent_bytes
        self._items.clear()
        self._unheard.clear()
        self._unheard_from_bytes = 0
        self._next_mark = 0
        self._last_mark_bytes = 0
        self._marks.clear()
        self._given_up = None
        self.clock.cut(now)
        return cut

    @property
    def outstanding(self) -> bool:
        """Audio is waiting, playing, or not confirmed as played."""
        return bool(self._items)

    @property
    def may_sound(self) -> bool:
        """Something may be left to clear, even if it should all have been heard by now."""
        return self.outstanding or self._given_up is not None

    def settle(self, now: float) -> bool:
        """Forget audio whose marks must have been lost; True when nothing is outstanding."""
        if self._items and now >= self.over_at():
            self._record(self.clock.sent_bytes, now, by_mark=False)
            self._items.clear()
            if self.clock.round_trip_s is not None:
                self._given_up = next(reversed(self._marks), None)
            self._marks.clear()
            self._unheard.clear()
            self._unheard_from_bytes = self.clock.sent_bytes
        return not self._items

    def over_at(self) -> float:
        """When all will have been heard, with or without the marks that say so.

        While an item is open more audio may come, so it is never over by the clock alone.
        """
        if any(not item.closed for item in self._items) or self._end_bytes > self.clock.sent_bytes:
            return float("inf")
        if (round_trip_s := self.clock.round_trip_s) is None:
            return self.clock.dry_at() + LOST_MARK_GRACE_S
        return self.clock.dry_at() + round_trip_s + LATE_MARK_GRACE_S

    def deadline(self) -> float:
        """When ``release`` or ``settle`` has something to do, were no mark to come."""
        if self._end_bytes <= self.clock.sent_bytes:
            return self.over_at() if self._items else float("inf")
        room_s = (self._window_bytes - self._mark_interval_bytes) / BYTES_PER_MS / 1000
        return self.clock.dry_at() - room_s

    def take_dropped_ms(self) -> float:
        """Audio dropped beyond the bound since this was last asked."""
        dropped_ms, self._dropped_ms = self._dropped_ms, 0.0
        return dropped_ms
