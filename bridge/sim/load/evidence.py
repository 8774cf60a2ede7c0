"""One call from both sides, made ready to be judged."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from bridge.sim.carrier.caller import AGENT_LEVEL_DBFS, Say
from bridge.sim.carrier.line import BYTES_PER_MS, FRAME_BYTES, TICK_S
from bridge.sim.carrier.result import CallResult, StreamResult
from bridge.sim.load.frames import Frames, frames_of
from bridge.sim.load.records import Item, Session
from bridge.sim.load.voiceprint import Block, block_of
from bridge.sim.voice.timecode import Slot

PAUSE_S: Final = 0.2  # a shorter silence is within what is said
NETWORK_S: Final = 0.5  # what a network of its own may add, one way
SAME_CLOCK_S: Final = 10.0  # a session is opened with its stream, about


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

    @property
    def network_s(self) -> float:
        return NETWORK_S if self.has_network else 0.0

    @property
    def has_one_clock(self) -> bool:
        """The model's times can be held against the carrier's."""
        if self.session is None or self.stream is None:
            return False
        return abs(self.session.opened_at - self.stream.opened_at) < SAME_CLOCK_S

    @cached_property
    def frames(self) -> Frames:
        """Everything received."""
        return frames_of(self.stream.received if self.stream else b"")

    @property
    def slots(self) -> list[Slot | None]:
        return self.frames.slots

    @cached_property
    def cuts(self) -> list[Cut]:
        assert self.stream
        found, first, starts = [], 0, self.frames.starts
        for clear in self.stream.clears:
            left = bisect_left(starts, clear.position_bytes)
            dropped_to = clear.position_bytes + clear.dropped_bytes
            end = max(first, bisect_right(starts, dropped_to - FRAME_BYTES))
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
        return self._arrivals[frame]

    @cached_property
    def _arrivals(self) -> list[float | None]:
        assert self.stream
        times = [*(at for at, _ in self.stream.arrivals), None]
        through = [n_bytes for _, n_bytes in self.stream.arrivals]
        ends = np.array(self.frames.starts) + FRAME_BYTES
        return [times[index] for index in np.searchsorted(through, ends).tolist()]

    def played_at(self, frame: int) -> float | None:
        """When the first byte of this frame left for the ear; None: it never did."""
        assert self.stream
        position_bytes = self.frames.starts[frame]
        for run in self.stream.played:
            into = position_bytes - run.position_bytes
            if 0 <= into < run.n_bytes:
                return self.stream.opened_at + (run.heard_bytes + into) / BYTES_PER_MS / 1000
        return None

    @cached_property
    def speaks(self) -> list[tuple[float, float]]:
        """From when to when the agent was to be heard.

        What is not of the model's voice (silence that is sent, a tone, music) is nothing said;
        where none of that voice is known, whatever can be heard is.
        """
        assert self.stream
        starts, slots, levels = self.frames.starts, self.frames.slots, self.frames.levels_dbfs
        said: Sequence[object] = slots
        if not any(slots):
            said = [level > AGENT_LEVEL_DBFS for level in levels]
        spans: list[tuple[float, float]] = []
        for run in self.stream.played:
            opened_at = self.stream.opened_at
            ends = opened_at + (run.heard_bytes + run.n_bytes) / BYTES_PER_MS / 1000
            first = bisect_left(starts, run.position_bytes)
            for frame in range(first, bisect_left(starts, run.position_bytes + run.n_bytes)):
                if said[frame]:
                    heard_bytes = run.heard_bytes + starts[frame] - run.position_bytes
                    begin = opened_at + heard_bytes / BYTES_PER_MS / 1000
                    end = min(begin + TICK_S, ends)
                    if spans and begin - spans[-1][1] <= PAUSE_S:
                        begin = spans.pop()[0]
                    spans.append((begin, end))
        return spans


def follows(before: Slot | None, after: Slot) -> bool:
    return before is not None and (before.stream, before.slot + 1) == (after.stream, after.slot)
