"""The way from the caller to the model: what was lost, what was late."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from bridge.sim.load.evidence import Evidence
from bridge.sim.load.findings import Findings
from bridge.sim.load.records import Session
from bridge.sim.load.voiceprint import BLOCK_SLOTS
from bridge.sim.voice.timecode import SLOT_MS

FILTER_MS: Final = 4  # a resampler holds back less than this
SAME_WORDS_MS: Final = 200  # places heard nearer to each other belong to one utterance
LAST_MS: Final = 100  # frames sent so shortly before the end may go with it
UNSETTLED_MS: Final = 1000  # what was held until the model was there has waited


Floats = np.ndarray[tuple[int], np.dtype[np.float64]]


@dataclass(frozen=True)
class Inbound:
    """Of each caller frame: when the model had all of it, and the milliseconds that took."""

    arrived_at: Floats
    ms: Floats


NOTHING: Final = Inbound(np.empty(0), np.empty(0))


def judge_inbound(evidence: Evidence, session: Session, findings: Findings) -> Inbound:
    _continuity(evidence, session, findings)
    _totals(evidence, session, findings)
    inbound = NOTHING if evidence.has_network else latency(evidence, session)
    findings.inbound_ms += inbound.ms.tolist()
    return inbound


def places(evidence: Evidence, session: Session) -> list[tuple[float, int]]:
    """Where in the model's audio (ms) which place of the call's own voice was heard."""
    found = []
    for first_ms, stream, first_slot, n_slots in session.caller:
        for index in range(n_slots):
            place = evidence.block.place(stream, first_slot + index)
            if place is not None:
                found.append((first_ms + index * SLOT_MS, place))
    return found


def _continuity(evidence: Evidence, session: Session, findings: Findings) -> None:
    """Within an utterance places go on by one with every 20 ms, round the block."""
    heard = places(evidence, session)
    for (ms, place), (next_ms, next_place) in zip(heard, heard[1:], strict=False):
        if next_ms - ms > SAME_WORDS_MS:
            continue
        off = (next_place - place - round((next_ms - ms) / SLOT_MS)) % BLOCK_SLOTS
        lost, doubled = round((next_ms - ms) / SLOT_MS) - 1, 0  # silence in place of voice
        if off == 0 and lost <= 0:
            continue
        if off:
            lost, doubled = (off, 0) if off <= BLOCK_SLOTS // 2 else (0, BLOCK_SLOTS - off)
        findings.frames_lost += lost
        findings.frames_doubled += doubled
        what = f"{lost} caller frames lost" if lost else f"{doubled} caller frames doubled"
        findings.fault(None, f"{what} at {next_ms:.0f} ms of the model's audio")


def _totals(evidence: Evidence, session: Session, findings: Findings) -> None:
    """What neither reached the model as voice nor as silence."""
    sent_at = evidence.sent_at[~np.isnan(evidence.sent_at)]
    findings.frames_sent += len(sent_at)
    if not len(sent_at) or findings.frames_lost or findings.frames_doubled:
        return
    sure = int((sent_at < sent_at[-1] - LAST_MS / 1000).sum())
    lost = int((sure * SLOT_MS - FILTER_MS - session.appended_ms) // SLOT_MS) + 1
    if lost > 0:
        findings.frames_lost += lost
        findings.fault(None, f"{lost} caller frames never reached the model")
    doubled = int((session.appended_ms - len(sent_at) * SLOT_MS) // SLOT_MS)
    if doubled > 0:
        findings.frames_doubled += doubled
        findings.fault(None, f"{doubled} more caller frames reached the model than were sent")


def latency(evidence: Evidence, session: Session) -> Inbound:
    """From the carrier's sending to the append that completes the frame."""
    is_sent = ~np.isnan(evidence.sent_at)
    sent_at = evidence.sent_at[is_sent]
    if not session.arrivals or not len(sent_at):
        return NOTHING
    arrived_at, arrived_ms = np.array(session.arrivals).T
    needed_ms = (np.arange(len(sent_at)) + 1) * SLOT_MS - FILTER_MS + _offsets(evidence, session)
    index = np.searchsorted(arrived_ms, needed_ms)
    known = index < len(arrived_ms)
    # What came before the model was there was held, and came in a burst.
    known &= sent_at > arrived_at[0] + UNSETTLED_MS / 1000
    reached_at = arrived_at[index[known]]
    return Inbound(reached_at, (reached_at - sent_at[known]) * 1000)


def _offsets(evidence: Evidence, session: Session) -> Floats:
    """By frame sent: how far the model's audio is ahead of the line's, told by the words."""
    number_of_tick = np.cumsum(~np.isnan(evidence.sent_at)) - 1
    offsets = np.zeros(int(number_of_tick[-1]) + 1)
    heard = places(evidence, session)
    begins = [0, *(n for n in range(1, len(heard)) if heard[n][0] - heard[n - 1][0] > 200)]
    for (tick, _), begin in zip(evidence.words(), begins, strict=False):
        if begin < len(heard) and tick < len(number_of_tick):
            ms, place = heard[begin]
            frame = int(number_of_tick[tick])
            off = ms - (frame + place) * SLOT_MS
            offsets[frame:] = off if abs(off) >= SLOT_MS else 0.0
    return offsets
