"""The agent's sound by frames of the time code, wherever in the stream they begin."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from bridge.sim.carrier.line import FRAME_BYTES, FULL_SCALE, LINEAR
from bridge.sim.voice import timecode
from bridge.sim.voice.timecode import Slot

Floats = np.ndarray[tuple[int], np.dtype[np.float64]]

NEAR_BYTES: Final = 16  # so little beside its slot a frame still tells it
REACH_BYTES: Final = 2 * FRAME_BYTES  # a frame across two slots may be read as a neighbour of both
MATCHED_SLOTS: Final = 3
ALIKE: Final = 0.8  # a resampler may round it off
MOST_PHASES: Final = 32  # sound that is bent throughout has no phase to be found
FAINTEST_DBFS: Final = -120.0
REMEMBERED: Final = 256  # items of many calls begin alike


@dataclass(frozen=True)
class Frames:
    """Of each frame: its first byte, the slot it holds, its level. Frames are of 160 bytes; where
    their phase changes, two may overlap or leave a piece out."""

    starts: list[int]
    slots: list[Slot | None]
    levels_dbfs: list[float]


def frames_of(ulaw: bytes) -> Frames:
    """An item begins where its sound does: what a bridge plays before it may be of any length."""
    pcm = LINEAR[np.frombuffer(ulaw, dtype=np.uint8)].astype(np.float64)
    starts: list[int] = []
    slots: list[Slot | None] = []
    begin = known = 0  # ``known``: phases of what begins before it are found
    for phases_left in range(MOST_PHASES, -1, -1):
        starts += range(begin, len(ulaw) - FRAME_BYTES + 1, FRAME_BYTES)
        slots += _decoded(ulaw[begin:])
        moved = _first_moved(pcm, starts, slots, known) if phases_left else None
        if moved is None:
            break
        index, begin_of_slot = moved
        kept = next((n for n in range(index - 1, -1, -1) if slots[n]), -1)
        least = starts[kept] + FRAME_BYTES // 2 if kept >= 0 else 0
        begin = begin_of_slot - (begin_of_slot - least) // FRAME_BYTES * FRAME_BYTES
        known = max(begin_of_slot, begin) + 1
        del starts[kept + 1 :], slots[kept + 1 :]
    return Frames(starts, slots, _levels(pcm, starts))


def _decoded(ulaw: bytes) -> list[Slot | None]:
    return timecode.decode_all(ulaw) if len(ulaw) >= FRAME_BYTES else []


def _first_moved(
    pcm: Floats, starts: list[int], slots: list[Slot | None], known: int
) -> tuple[int, int] | None:
    """The first frame where sound of the code begins beside the frames; and where its slot does."""
    for index in range(len(slots) - 1):
        slot, before = slots[index], slots[index - 1] if index else None
        if starts[index] < known or slot is None or _goes_on(before, slot, 1):
            continue
        if _goes_on(slot, slots[index + 1], 2):
            begin = _begin_of(pcm, starts[index], slot)
            if abs(begin - starts[index]) >= NEAR_BYTES:
                return index, begin
    return None


def _goes_on(before: Slot | None, after: Slot | None, most: int) -> bool:
    if before is None or after is None or before.stream != after.stream:
        return False
    return after.slot - before.slot in range(most + 1)


def _begin_of(pcm: Floats, at: int, slot: Slot) -> int:
    """Where near ``at`` the sound is most that of this slot and the next ones."""
    wanted = _code(slot)
    here = pcm[at : at + len(wanted)]
    if len(here) == len(wanted) and _likeness(here, wanted) > ALIKE:
        return at
    first = max(0, at - REACH_BYTES)
    near = pcm[first : at + REACH_BYTES + len(wanted)]
    if len(near) < len(wanted):
        return at
    energy = np.concatenate(([0.0], np.cumsum(near**2)))
    norm = np.sqrt(np.maximum(energy[len(wanted) :] - energy[: -len(wanted)], 1.0))
    likeness = np.correlate(near, wanted, "valid") / norm
    return first + int(likeness.argmax())


@lru_cache(REMEMBERED)
def _code(slot: Slot) -> Floats:
    """This slot and the next ones, as they are meant."""
    last_ms = (slot.slot + MATCHED_SLOTS) * timecode.SLOT_MS
    whole = np.frombuffer(timecode.encode(slot.stream, last_ms, 8000), "<i2")
    return whole[slot.slot * FRAME_BYTES :].astype(np.float64)


def _likeness(one: Floats, other: Floats) -> float:
    """1 where they differ in level alone."""
    norm = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / norm if norm else 0.0


def _levels(pcm: Floats, starts: list[int]) -> list[float]:
    if not starts:
        return []
    energy = np.concatenate(([0.0], np.cumsum(pcm**2)))
    first = np.array(starts)
    power = (energy[first + FRAME_BYTES] - energy[first]) / FRAME_BYTES / FULL_SCALE**2
    faintest = 10 ** (FAINTEST_DBFS / 10)
    levels: list[float] = (10 * np.log10(np.maximum(power, faintest))).tolist()
    return levels
