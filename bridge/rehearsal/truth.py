"""What was really heard, read from the carrier's own log and the time code in the sound."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from bridge.rehearsal.world import World
from bridge.sim.voice import timecode
from bridge.sim.voice.timecode import Slot
from bridge.wire.session import BYTES_PER_MS

FRAME_BYTES = 160


@dataclass(frozen=True)
class Interrupted:
    """One clear that cut an item: what the model was told of it, and what is true."""

    at: float
    item: str  # the words it began with
    true_ms: float
    told_ms: float | None  # 0: it was deleted; None: nothing was sent, all of it is kept
    length_ms: float  # as delivered by the model in the end

    @property
    def error_ms(self) -> float:
        """Told minus true. An item that was not truncated counts as told to its end."""
        told_ms = self.length_ms if self.told_ms is None else self.told_ms
        return told_ms - self.true_ms


@dataclass(frozen=True)
class Truth:
    interrupted: tuple[Interrupted, ...]
    faults: tuple[str, ...]  # what must never happen, in words
    skipped: Mapping[str, int]  # truncations that were not sent, by reason


def truth(world: World) -> Truth:
    reading = _Reading(world)
    faults = (
        _protocol(world)
        + reading.stale_audio()
        + reading.gaps_and_repeats()
        + reading.unheard_kept()
        + _caller_audio(world)
    )
    skipped = Counter(
        told.why for told in world.call.speech.truncations.told if told.told_ms is None
    )
    return Truth(tuple(reading.interrupted()), tuple(faults), dict(skipped))


class _Reading:
    """The time code of all audio the carrier received, and where clears cut it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._slots = timecode.decode_all(world.carrier.received)
        self._ids = {name: item_id for item_id, name in world.delivered.names.items()}
        self._bytes_per_ms = BYTES_PER_MS[world.scenario.config.session.audio_format]
        self._generations = list(self._cut_at_clears())

    def _cut_at_clears(self) -> Iterator[tuple[int, int, int, float]]:
        """First frame, first frame not played, end, and when: one row for each clear."""
        first = 0
        for clear in self._world.carrier.clears:
            left = -(-clear.position_bytes // FRAME_BYTES)
            end = (clear.position_bytes + clear.dropped_bytes) // FRAME_BYTES
            yield first, left, end, clear.at
            first = end
        yield first, len(self._slots), len(self._slots), float("inf")

    def _item(self, stream: int, at: float) -> str | None:
        """Id of the item spoken as this stream: sixteen numbers go round, so the last one."""
        spoken = self._world.spoken
        for number in range(len(spoken) - 1, -1, -1):
            asked_at, name = spoken[number]
            if number % timecode.STREAMS == stream and asked_at <= at:
                return self._ids.get(name)
        return None

    def _length_ms(self, item_id: str) -> float:
        return self._world.delivered.audio_bytes.get(item_id, 0) / self._bytes_per_ms

    def _last(self, first: int, left: int) -> Slot | None:
        """The last slot heard. The short last frame of an item may be misread: it fits nothing
        before it, and then the frame before is the last one."""
        for index in range(left - 1, first - 1, -1):
            slot, before = self._slots[index], self._slots[index - 1] if index > first else None
            if slot and (slot.slot == 0 or _follows(before, slot)):
                return slot
        return None

    def interrupted(self) -> Iterator[Interrupted]:
        told = {item_id: told_ms for item_id, told_ms, _ in self._world.delivered.truncated}
        for first, left, end, at in self._generations[:-1]:
            last = self._last(first, left)
            item_id = self._item(last.stream, at) if last else None
            if last is None or item_id is None:
                continue
            length_ms = self._length_ms(item_id)
            true_ms = min((last.slot + 1) * timecode.SLOT_MS, length_ms)
            deleted = item_id in self._world.delivered.deleted
            told_ms = 0 if deleted else told.get(item_id)
            if told_ms is not None or (left < end and true_ms < length_ms):
                name = self._world.delivered.names[item_id]
                yield Interrupted(at, name, true_ms, told_ms, length_ms)

    def stale_audio(self) -> list[str]:
        """Nothing of an item that was cut may follow the clear."""
        faults = []
        for (first, _, end, at), (_, _, next_end, _) in pairwise(self._generations):
            new = {
                number % timecode.STREAMS
                for number, (asked_at, _) in enumerate(self._world.spoken)
                if asked_at > at
            }
            old = {slot.stream for slot in self._slots[first:end] if slot} - new
            stale = [slot for slot in self._slots[end:next_end] if slot and slot.stream in old]
            if len(stale) > 1:  # a single frame may be misread
                faults.append(f"{len(stale)} frames of cut speech after the clear at {at:.3f} s")
        return faults

    def gaps_and_repeats(self) -> list[str]:
        """Within one generation every item begins at its beginning and misses nothing."""
        faults = []
        for first, _, end, _ in self._generations:
            heard = [slot for slot in self._slots[first:end] if slot]
            for index, slot in enumerate(heard):
                before = heard[index - 1] if index else None
                if slot.slot == 0 or _follows(before, slot):
                    continue
                # The last, short frame of an item may be misread; it has no successor then.
                misread = index + 1 == len(heard) or not _follows(slot, heard[index + 1])
                if not misread:
                    faults.append(f"item {slot.stream} goes on at slot {slot.slot} after {before}")
        return faults

    def unheard_kept(self) -> list[str]:
        """An item of which not one frame left must be gone from the conversation."""
        faults = []
        for first, left, end, at in self._generations[:-1]:
            heard = {slot.stream for slot in self._slots[first:left] if slot}
            unheard = {slot.stream for slot in self._slots[left:end] if slot} - heard
            ids = [self._item(stream, at) for stream in sorted(unheard)]
            kept = [i for i in ids if i and i not in self._world.delivered.deleted]
            told = {item_id for item_id, _, _ in self._world.delivered.truncated}
            # The clear travels while the carrier plays: an item may have begun in between.
            faults += [f"unheard item {i} was kept at {at:.3f} s" for i in kept if i not in told]
        return faults


def _follows(before: Slot | None, after: Slot) -> bool:
    return before is not None and (before.stream, before.slot + 1) == (after.stream, after.slot)


def _protocol(world: World) -> list[str]:
    faults = [f"model error: {error}" for error in world.session.errors]
    faults += [f"carrier warning: {warning}" for warning in world.carrier.warnings]
    per_ms = BYTES_PER_MS[world.scenario.config.session.audio_format]
    for item_id, told_ms, n_bytes in world.delivered.truncated:
        if told_ms > n_bytes / per_ms:
            faults.append(f"{item_id}: told {told_ms} ms, received {n_bytes / per_ms:.0f} ms")
    if world.call.outcome is None:
        faults.append("the call did not end")
    return faults


def _caller_audio(world: World) -> list[str]:
    """Every frame that reached the bridge while it listened reached the model, once."""
    if world.call.hearing.holding or world.call.outcome is None:
        return []
    per_ms = BYTES_PER_MS[world.scenario.config.session.audio_format]
    passed_ms = world.appended_bytes / per_ms
    expected_ms = world.media_in * 20 + world.call.hearing.leg.filled_ms
    # The filter holds back less than 4 ms at the end.
    if not expected_ms - 4 <= passed_ms <= expected_ms:
        return [f"{expected_ms:.0f} ms of caller audio came in, {passed_ms:.0f} ms went out"]
    return []
