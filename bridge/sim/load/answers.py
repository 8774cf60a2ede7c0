"""What of the model's answers came to the carrier, how loud, and what came in their place."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from bridge.sim.carrier.caller import AGENT_LEVEL_DBFS
from bridge.sim.carrier.line import TICK_S
from bridge.sim.load.barge_in import is_asked
from bridge.sim.load.evidence import Evidence, follows
from bridge.sim.load.findings import Findings
from bridge.sim.load.records import Item, Session
from bridge.sim.voice.timecode import LEVEL_DBFS, SLOT_MS, SLOTS

SLACK_S: Final = 0.3  # a bridge may be so late with an answer that it is to be heard in full
FEW: Final = 25  # frames say too little of the level


@dataclass(frozen=True)
class Answer:
    """An item, the frames of it that came, and when all of it would have been heard."""

    item: Item
    frames: list[int]
    through: float


def judge_answers(evidence: Evidence, session: Session, findings: Findings) -> None:
    """Its times are those of one clock: ``evidence.has_one_clock``."""
    _level(evidence, findings)
    assert evidence.stream
    sent_at = evidence.sent_at[~np.isnan(evidence.sent_at)]
    over_at = float(sent_at[-1]) if len(sent_at) else evidence.stream.opened_at
    for answer in _answers(evidence, session):
        if answer.through > over_at or _is_cut(evidence, session, answer):
            continue
        whole = min(int(answer.item.deltas[-1][1] // SLOT_MS), SLOTS)
        came = {slot.slot for n in answer.frames if (slot := evidence.slots[n])}
        strange = 0 if came else _strange(evidence, answer)
        if strange:
            findings.unrecognised += strange
            what = f"{strange} frames of another sound in place of an answer of {whole}"
            findings.fault(answer.item.deltas[0][0], what)
        elif lost := whole - len(came):
            findings.agent_frames_lost += lost
            what = f"{lost} of the {whole} frames of an answer never came"
            findings.fault(answer.item.deltas[0][0], what)


def _answers(evidence: Evidence, session: Session) -> Iterator[Answer]:
    """One after the other, as they are heard."""
    items = [item for item in session.items if item.deltas]
    frames: dict[str, list[int]] = {item.id: [] for item in items}
    for number, slot in enumerate(evidence.slots):
        came_at = evidence.arrived_at(number) if slot else None
        item = evidence.item(slot.stream, came_at) if slot and came_at is not None else None
        if item is not None:
            frames[item.id].append(number)
    free_at = 0.0
    for item in items:
        through = _heard_through(evidence, item, frames[item.id], free_at)
        yield Answer(item, frames[item.id], through + SLACK_S + 2 * evidence.network_s)
        clears = [cut.at for cut in evidence.cuts if cut.at and item.deltas[0][0] <= cut.at]
        free_at = min([through, *clears])


def _heard_through(evidence: Evidence, item: Item, frames: list[int], free_at: float) -> float:
    """When the ear would have had all of it, from the first or the last that it did have."""
    begin = max(free_at, item.deltas[0][0])
    if frames and (came_at := evidence.arrived_at(frames[0])) is not None:
        begin = max(begin, came_at)
    through = begin + item.deltas[-1][1] / 1000
    for number in reversed(frames):
        slot, played_at = evidence.slots[number], evidence.played_at(number)
        if slot and played_at is not None:
            rest_s = item.deltas[-1][1] / 1000 - slot.slot * TICK_S
            return max(through, played_at + rest_s)
    return through


def _is_cut(evidence: Evidence, session: Session, answer: Answer) -> bool:
    """By a clear, or by what the bridge told the model, and with a reason."""
    assert evidence.stream
    item = answer.item
    if item.id in session.deleted:
        return True
    moments = [clear.at for clear in evidence.stream.clears]
    moments += [each.at for each in session.truncations if each.item_id == item.id]
    begin = item.deltas[0][0]
    return any(begin <= at <= answer.through and is_asked(evidence, session, at) for at in moments)


def _strange(evidence: Evidence, answer: Answer) -> int:
    """Frames that came in the answer's time, are to be heard and tell nothing."""
    begin, levels = answer.item.deltas[0][0], evidence.frames.levels_dbfs
    found = 0
    for number, slot in enumerate(evidence.slots):
        if slot is None and levels[number] > AGENT_LEVEL_DBFS:
            came_at = evidence.arrived_at(number)
            found += came_at is not None and begin <= came_at <= answer.through
    return found


def _level(evidence: Evidence, findings: Findings) -> None:
    """Against the model's own; only frames that are surely of one item count."""
    slots, levels = evidence.slots, evidence.frames.levels_dbfs
    sure = [
        levels[n]
        for n in range(1, len(slots) - 1)
        if (slot := slots[n]) and follows(slots[n - 1], slot)
    ]
    if len(sure) >= FEW:
        findings.agent_level_db.append(float(np.median(sure)) - LEVEL_DBFS)
