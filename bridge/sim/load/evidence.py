"""One call from both sides, made ready to be judged."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bridge.sim.carrier.caller import Say
from bridge.sim.carrier.line import FRAME_BYTES, TICK_S
from bridge.sim.carrier.result import CallResult, StreamResult
from bridge.sim.load.records import Item, Session
from bridge.sim.load.voiceprint import Block, block_of
from bridge.sim.voice import timecode
from bridge.sim.voice.timecode import Slot


@dataclass(frozen=True)
class Cut:
    """What came between two clears, in frames of what was received.

    From ``left`` on it was not played. The last cut of a call was ended by no clear.
    """

    first: int
    left: int
    end: int
    at: float | None  # of the clear


@dataclass(frozen=True)
class Evidence:
    """``session`` is the model's side; None where it is not known."""

    number: int
    scenario: str
    has_network: bool
    result: CallResult
    session: Session | None

    @property
    def block(self) -> Block:
        return block_of(self.number)

    @property
    def stream(self) -> StreamResult | None:
        return self.result.streams[0] if self.result.streams else None

    @cached_property
    def slots(self) -> list[Slot | None]:
        """The time code of everything received."""
        if self.stream is None or len(self.stream.received) < FRAME_BYTES:
            return []
        return timecode.decode_all(self.stream.received)

    @cached_property
    def cuts(self) -> list[Cut]:
        assert self.stream
        found, first = [], 0
        for clear in self.stream.clears:
            left = -(-clear.position_bytes // FRAME_BYTES)
            end = (clear.position_bytes + clear.dropped_bytes) // FRAME_BYTES
            found.append(Cut(first, left, end, clear.at))
            first = end
        found.append(Cut(first, len(self.slots), len(self.slots), None))
        return found

    def item(self, stream: int, at: float) -> Item | None:
        """The item spoken in this stream of the time code and begun by then: they go round."""
        for item in reversed(self.session.items if self.session else []):
            if item.stream == stream and item.deltas and item.deltas[0][0] <= at:
                return item
        return None

    def last_heard(self, cut: Cut) -> Slot | None:
        """A short last frame of an item may be misread: it fits nothing before it."""
        for index in range(cut.left - 1, cut.first - 1, -1):
            slot = self.slots[index]
            before = self.slots[index - 1] if index > cut.first else None
            if slot and (slot.slot == 0 or follows(before, slot)):
                return slot
        return None

    @cached_property
    def sent_at(self) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
        """When each tick's frame went out; NaN where none did."""
        return np.frombuffer(self.stream.sent_at, np.float64) if self.stream else np.empty(0)

    def words(self) -> list[tuple[int, int]]:
        """First tick and number of frames of each thing said."""
        assert self.stream
        found = []
        for record in self.result.steps:
            if isinstance(record.step, Say):
                first = round((record.began - self.stream.opened_at) / TICK_S)
                found.append((first, -(-len(record.step.ulaw) // FRAME_BYTES)))
        return found

    def arrived_at(self, frame: int) -> float | None:
        """When the last byte of this frame of ``received`` came."""
        assert self.stream
        needed = (frame + 1) * FRAME_BYTES
        index = int(np.searchsorted(self.arrival_bytes, needed))
        arrivals = self.stream.arrivals
        return arrivals[index][0] if index < len(arrivals) else None

    @cached_property
    def arrival_bytes(self) -> Sequence[int]:
        return [n_bytes for _, n_bytes in self.stream.arrivals] if self.stream else []


def follows(before: Slot | None, after: Slot) -> bool:
    return before is not None and (before.stream, before.slot + 1) == (after.stream, after.slot)
