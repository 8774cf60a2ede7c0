"""The way from the caller to the model: what was lost, what was late."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from bridge.sim.carrier.profile import StreamProfile
from bridge.sim.load.evidence import Evidence
from bridge.sim.load.findings import Findings
from bridge.sim.load.records import Session
from bridge.sim.load.voiceprint import BLOCK_SLOTS
from bridge.sim.voice.timecode import LEVEL_DBFS, SLOT_MS

FILTER_MS: Final = 4  # a resampler holds back less than this
SAME_WORDS_MS: Final = 200  # places heard nearer to each other belong to one utterance
LAST_MS: Final = 100  # frames sent so shortly before the end may go with it
UNSETTLED_MS: Final = 1000  # what was held until the model was there has waited
BLOCK_MS: Final = BLOCK_SLOTS * SLOT_MS
FIRST_TIMESTAMP_MS: Final = StreamProfile().first_timestamp_ms
EARLY_MS: Final = -10.0  # what is there before it was sent is something else

Floats = np.ndarray[tuple[int], np.dtype[np.float64]]
Place = tuple[float, int]  # ms of the model's audio, place in the caller's block


@dataclass(frozen=True)
class Inbound:
    """Of each caller frame: when the model had all of it, and the milliseconds that took."""

    arrived_at: Floats
    ms: Floats


NOTHING: Final = Inbound(np.empty(0), np.empty(0))


@dataclass
class Course:
    """By caller frame: how far the model's audio is ahead of the line's.

    NaN for what was lost, and where it changed between two utterances: by how much is known, not
    where. ``quiet`` are the stretches between utterances in which it did not change, in frames.
    """

    ahead_ms: Floats
    quiet: list[tuple[int, int]] = field(default_factory=list)
    tail: int = 0  # the first frame after the last utterance
    at_end_ms: float = 0.0


def judge_inbound(evidence: Evidence, session: Session, findings: Findings) -> Inbound:
    sent_at = evidence.sent_at[~np.isnan(evidence.sent_at)]
    findings.frames_sent += len(sent_at)
    _level(evidence, session, findings)
    course = _course(evidence, session, findings)
    if not len(sent_at):
        return NOTHING
    _after_the_words(evidence, session, course, findings)
    if evidence.has_network:
        return NOTHING
    inbound = _latency(sent_at, session, course, findings)
    findings.inbound_ms += inbound.ms.tolist()
    return inbound


def _level(evidence: Evidence, session: Session, findings: Findings) -> None:
    """Of the caller's own voice against what was said; an echo of the agent is another."""
    runs = zip(session.caller, session.caller_levels_dbfs, strict=False)
    own = [
        (level_dbfs, n_slots)
        for (_, stream, first_slot, n_slots), level_dbfs in runs
        if evidence.block.place(stream, first_slot) is not None
    ]
    if own:
        levels, frames = np.array(own).T
        median = float(np.median(np.repeat(levels, frames.astype(int))))
        findings.caller_level_db.append(median - LEVEL_DBFS)


def places(evidence: Evidence, session: Session) -> list[Place]:
    """Where in the model's audio (ms) which place of the call's own voice was heard."""
    found = []
    for first_ms, stream, first_slot, n_slots in session.caller:
        for index in range(n_slots):
            place = evidence.block.place(stream, first_slot + index)
            if place is not None:
                found.append((first_ms + index * SLOT_MS, place))
    return found


def _utterances(heard: list[Place]) -> list[list[Place]]:
    found: list[list[Place]] = []
    for each in heard:
        if found and each[0] - found[-1][-1][0] <= SAME_WORDS_MS:
            found[-1].append(each)
        else:
            found.append([each])
    return found


def _course(evidence: Evidence, session: Session, findings: Findings) -> Course:
    """What is lost or doubled in and before each utterance."""
    is_sent = ~np.isnan(evidence.sent_at)
    frame_of_tick = np.cumsum(is_sent) - is_sent
    words = [
        (int(frame_of_tick[tick]), tick) for tick, _ in evidence.words() if tick < len(is_sent)
    ]
    course = Course(np.zeros(int(is_sent.sum())))
    ahead_ms = 0.0
    for utterance in _utterances(places(evidence, session)):
        if not words:
            break
        ms, place = utterance[0]
        came_at = (ms - ahead_ms) / SLOT_MS - place
        frame, tick = min(words, key=lambda word: abs(word[0] - came_at))
        # Places go round: of all it can be, the least change.
        change = ms - (frame + place) * SLOT_MS - ahead_ms
        change = (change + BLOCK_MS / 2) % BLOCK_MS - BLOCK_MS / 2
        filling_ms = 0 if course.tail else _filling_ms(change, (tick - frame) * SLOT_MS)
        _count_change(change - filling_ms, ms, findings)
        begin, ahead_ms = frame + place, ahead_ms + change
        if change == filling_ms:
            course.ahead_ms[course.tail : begin] = ahead_ms
            course.quiet.append((course.tail, begin))
        else:
            course.ahead_ms[course.tail : begin] = np.nan
        course.ahead_ms[begin:] = ahead_ms
        ahead_ms = course.at_end_ms = _within(utterance, ahead_ms, course, findings)
    return course


def _filling_ms(change_ms: float, unsent_ms: int) -> int:
    """Silence in place of what is before the first frame is right: by its timestamp, or by the
    time it took to come."""
    stamped = FIRST_TIMESTAMP_MS // SLOT_MS * SLOT_MS
    return min(
        (0, stamped, stamped + SLOT_MS, unsent_ms), key=lambda filling: abs(change_ms - filling)
    )


def _count_change(change_ms: float, at_ms: float, findings: Findings) -> None:
    frames = round(change_ms / SLOT_MS)
    if not frames:
        return
    findings.frames_lost += max(0, -frames)
    findings.frames_doubled += max(0, frames)
    what = f"{abs(frames)} caller frames {'doubled' if frames > 0 else 'lost'}"
    findings.fault(None, f"{what} before the words at {at_ms:.0f} ms of the model's audio")


def _within(utterance: list[Place], ahead_ms: float, course: Course, findings: Findings) -> float:
    """Places go on by one with every 20 ms, round the block. Returns how far ahead it is then."""
    for (ms, place), (next_ms, next_place) in zip(utterance, utterance[1:], strict=False):
        off = (next_place - place - round((next_ms - ms) / SLOT_MS)) % BLOCK_SLOTS
        lost, doubled = round((next_ms - ms) / SLOT_MS) - 1, 0  # silence in place of voice
        if off:
            lost, doubled = (off, 0) if off <= BLOCK_SLOTS // 2 else (0, BLOCK_SLOTS - off)
            ahead_ms += (doubled - lost) * SLOT_MS
            goes_on = max(0, round((next_ms - ahead_ms) / SLOT_MS))
            course.ahead_ms[max(0, goes_on - lost) : goes_on] = np.nan
            course.ahead_ms[goes_on:] = ahead_ms
        elif lost <= 0:
            continue
        findings.frames_lost += lost
        findings.frames_doubled += doubled
        what = f"{lost} caller frames lost" if lost else f"{doubled} caller frames doubled"
        findings.fault(None, f"{what} at {next_ms:.0f} ms of the model's audio")
    course.tail = round((utterance[-1][0] - ahead_ms) / SLOT_MS) + 1
    return ahead_ms


def _after_the_words(
    evidence: Evidence, session: Session, course: Course, findings: Findings
) -> None:
    """What neither reached the model as voice nor as silence since the last of the words."""
    sent_at = evidence.sent_at[~np.isnan(evidence.sent_at)]
    appended_ms = session.appended_ms - course.at_end_ms
    sure = int((sent_at < sent_at[-1] - LAST_MS / 1000).sum())
    lost = int((sure * SLOT_MS - FILTER_MS - appended_ms) // SLOT_MS) + 1
    doubled = int((appended_ms - len(sent_at) * SLOT_MS) // SLOT_MS)
    if lost > 0:
        findings.frames_lost += lost
        findings.fault(None, f"{lost} caller frames never reached the model")
    if doubled > 0:
        findings.frames_doubled += doubled
        findings.fault(None, f"{doubled} more caller frames reached the model than were sent")
    if lost > 0 or doubled > 0:
        course.ahead_ms[course.tail :] = np.nan


def _latency(sent_at: Floats, session: Session, course: Course, findings: Findings) -> Inbound:
    """From the carrier's sending to the append that completes the frame."""
    if not session.arrivals:
        return NOTHING
    arrived_at, arrived_ms = np.array(session.arrivals).T
    needed_ms = (np.arange(len(sent_at)) + 1) * SLOT_MS - FILTER_MS + course.ahead_ms
    index = np.searchsorted(arrived_ms, needed_ms)  # NaN is beyond all
    known = index < len(arrived_ms)
    reached_at = arrived_at[np.minimum(index, len(arrived_ms) - 1)]
    ms = np.where(known, (reached_at - sent_at) * 1000, np.nan)
    _made_up_for(ms, course, findings)
    # What came before the model was there was held, and came in a burst.
    known &= ~np.isnan(ms) & (sent_at > arrived_at[0] + UNSETTLED_MS / 1000)
    return Inbound(reached_at[known], ms[known])


def _made_up_for(ms: Floats, course: Course, findings: Findings) -> None:
    """Where nothing changed in all, and yet the model had more than the caller had sent: frames
    were doubled, and as many left out until the next words."""
    if np.isnan(ms).all() or np.nanmedian(ms) < EARLY_MS:
        return  # the model's clock is another
    for begin, end in course.quiet:
        early = ms[begin:end]
        early = early[early < EARLY_MS]
        if frames := round(-float(np.median(early)) / SLOT_MS) if len(early) else 0:
            findings.frames_doubled += frames
            findings.frames_lost += frames
            what = f"{frames} caller frames doubled and as many lost"
            findings.fault(None, f"{what} before {end * SLOT_MS} ms of the caller's audio")
            ms[begin:end] = np.nan
