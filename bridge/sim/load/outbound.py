"""The way from the model to the ear: gaps, leftovers, what was told of it, and how late it was."""

from bisect import bisect_left
from typing import Final

import numpy as np

from bridge.sim.carrier.line import BYTES_PER_MS, TICK_S
from bridge.sim.load.evidence import Cut, Evidence, follows
from bridge.sim.load.findings import Findings
from bridge.sim.load.inbound import Inbound
from bridge.sim.load.records import Item, Session
from bridge.sim.voice.timecode import SLOT_MS, Slot

DELIVERED_MS: Final = 60.0  # what the model sent so long before, the bridge could have passed on
FILTER_MS: Final = 4
STOOD_STILL_S: Final = 0.01  # a frame of the caller that is later: its carrier did


def judge_outbound(evidence: Evidence, findings: Findings) -> None:
    """What needs no records."""
    for cut in evidence.cuts:
        _skips(evidence, cut, findings)
    _stale(evidence, findings)


def judge_against(
    evidence: Evidence, session: Session, inbound: Inbound, findings: Findings
) -> None:
    """What the model's own side is needed for."""
    if evidence.has_network:
        return
    _truncations(evidence, session, findings)
    _gaps(evidence, findings)
    _latency(evidence, inbound, findings)


def _skips(evidence: Evidence, cut: Cut, findings: Findings) -> None:
    """An item begins at its beginning and goes on by one slot with each frame."""
    found = [(n, slot) for n in range(cut.first, cut.end) if (slot := evidence.slots[n])]
    for index, (at, slot) in enumerate(found):
        before_at, before = found[index - 1] if index else (at - 1, None)
        is_next = at == before_at + 1 and follows(before, slot)
        if is_next or slot.slot == 0:
            continue
        # The short last frame of an item may be misread; it has no successor then.
        if index + 1 == len(found) or not follows(slot, found[index + 1][1]):
            continue
        put_in_ms = _put_in_ms(evidence, before_at, at)
        if put_in_ms:
            what = f"comes after {put_in_ms} ms that were put in"
        elif before and before.stream == slot.stream and before.slot >= slot.slot:
            what = "comes a second time"
        else:
            what = "comes without what was before it"
        findings.skips += 1
        findings.fault(evidence.arrived_at(at), f"the agent's sound at {slot.start_ms} ms {what}")


def _put_in_ms(evidence: Evidence, before_at: int, at: int) -> int:
    """Between two neighbouring slots, of what is nothing of the model's."""
    before, slot, starts = _slot(evidence, before_at), _slot(evidence, at), evidence.frames.starts
    if before is None or slot is None or at == before_at + 1 or before.stream != slot.stream:
        return 0
    apart = slot.slot - before.slot  # 0: it was put into the midst of one
    if apart not in (0, 1):
        return 0
    return (starts[at] - starts[before_at]) // BYTES_PER_MS - apart * SLOT_MS


def _stale(evidence: Evidence, findings: Findings) -> None:
    """Nothing of an item that was cut may follow the clear."""
    for cut, later in zip(evidence.cuts, evidence.cuts[1:], strict=False):
        old = {slot.stream for slot in evidence.slots[cut.first : cut.end] if slot}
        if evidence.session is not None:
            old -= _streams_begun_after(evidence.session, cut.at or 0.0)
        stale = 0
        for slot in evidence.slots[later.first : later.end]:
            # Streams go round after sixteen items: where nothing else is known, slot 0 begins a
            # new one.
            if slot and slot.slot == 0 and evidence.session is None:
                old.discard(slot.stream)
            stale += slot is not None and slot.stream in old
        if stale > 1:  # one frame may be misread
            findings.stale_frames += stale
            findings.fault(cut.at, f"{stale} frames of cut speech after the clear")


def _streams_begun_after(session: Session, at: float) -> set[int]:
    return {item.stream for item in session.items if item.deltas and item.deltas[0][0] > at}


def _truncations(evidence: Evidence, session: Session, findings: Findings) -> None:
    told = {each.item_id: each.audio_end_ms for each in session.truncations if each.accepted}
    for cut in evidence.cuts[:-1]:
        last = evidence.last_heard(cut)
        item = evidence.item(last.stream, cut.at or 0.0) if last else None
        if last is None or item is None:
            continue
        length_ms = item.deltas[-1][1]
        heard_ms = min((last.slot + 1) * SLOT_MS, length_ms)
        told_ms = 0.0 if item.id in session.deleted else told.get(item.id)
        if told_ms is None and (cut.left >= cut.end or heard_ms >= length_ms):
            continue
        findings.truncations += 1
        error_ms = (length_ms if told_ms is None else told_ms) - heard_ms
        findings.truncation_error_ms.append(error_ms)
        if abs(error_ms) > 200:
            findings.fault(cut.at, f"told {error_ms:+.0f} ms more than the {heard_ms:.0f} ms heard")


def _gaps(evidence: Evidence, findings: Findings) -> None:
    """Silence inside an item although the model had sent the next of it well before."""
    assert evidence.stream
    runs = evidence.stream.played
    for run, later in zip(runs, runs[1:], strict=False):
        end = run.position_bytes + run.n_bytes
        if later.position_bytes != end:  # a clear is between
            continue
        next_frame = bisect_left(evidence.frames.starts, end)
        before, after = _slot(evidence, next_frame - 1), _slot(evidence, next_frame)
        if after is None or not follows(before, after):
            continue
        empty_at = evidence.stream.opened_at + (run.heard_bytes + run.n_bytes) / BYTES_PER_MS / 1000
        item = evidence.item(after.stream, empty_at)
        # The filter holds the end of what came back: the frame needs a little of the next.
        needed_ms = after.start_ms + SLOT_MS + FILTER_MS
        sent_at = _sent_at(item, needed_ms) if item else None
        if sent_at is None or sent_at > _read_until(evidence, empty_at) - DELIVERED_MS / 1000:
            continue  # the model's own, or the carrier's
        gap_ms = (later.heard_bytes - run.heard_bytes - run.n_bytes) / BYTES_PER_MS
        findings.gaps += 1
        findings.gap_ms += gap_ms
        sent_ms = (empty_at - sent_at) * 1000
        what = f"{gap_ms:.0f} ms of silence at {after.start_ms} ms of an item"
        findings.fault(empty_at, f"{what}, sent by the model {sent_ms:.0f} ms before")


def _read_until(evidence: Evidence, at: float) -> float:
    """A carrier that stood still catches up on its ticks before it reads what came meanwhile: the
    first of the late ones is when it had read everything."""
    assert evidence.stream
    opened_at, sent_at = evidence.stream.opened_at, evidence.sent_at
    tick = round((at - opened_at) / TICK_S)
    while 0 < tick < len(sent_at) and sent_at[tick] > opened_at + tick * TICK_S + STOOD_STILL_S:
        tick -= 1
        at -= TICK_S
    return at


def _latency(evidence: Evidence, inbound: Inbound, findings: Findings) -> None:
    """By items: their first delta sent to its first whole frame received."""
    assert evidence.stream
    for number, slot in enumerate(evidence.slots):
        came_at = evidence.arrived_at(number) if slot and slot.slot == 0 else None
        item = evidence.item(slot.stream, came_at) if slot and came_at is not None else None
        if came_at is None or item is None or item.deltas[0][1] < SLOT_MS + FILTER_MS:
            continue
        delta_at = item.deltas[0][0]
        out_ms = (came_at - delta_at) * 1000
        findings.outbound_ms.append(out_ms)
        before = int(np.searchsorted(inbound.arrived_at, delta_at)) - 1
        if before >= 0:  # the latest of the caller that the model had heard by then
            findings.added_ms.append(out_ms + float(inbound.ms[before]))
        played_at = evidence.played_at(number)
        if played_at is not None:
            findings.queue_ms.append(max(0.0, (played_at - came_at) * 1000))


def _sent_at(item: Item, through_ms: float) -> float | None:
    """When the model had sent so much of an item, or all of one that ends before."""
    through_ms = min(through_ms, item.deltas[-1][1])
    return next((at for at, ms in item.deltas if ms >= through_ms), None)


def _slot(evidence: Evidence, number: int) -> Slot | None:
    return evidence.slots[number] if 0 <= number < len(evidence.slots) else None
