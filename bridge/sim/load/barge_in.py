"""Interruptions: whether the agent fell silent when the caller spoke, and only then."""

from itertools import pairwise
from typing import Final

from bridge.sim.carrier.caller import HangUp
from bridge.sim.load.evidence import Evidence
from bridge.sim.load.findings import Findings
from bridge.sim.load.records import Session

CLEARED_S: Final = 0.3  # speech that is not answered by a clear within this was no barge-in to it
LATE_S: Final = 1.0  # a clear this long after is still that of this speech, and late


def judge_barge_in(evidence: Evidence, session: Session, findings: Findings) -> None:
    """Its times are those of one clock: ``evidence.has_one_clock``."""
    if not evidence.has_network:
        _clears(evidence, session, findings)
    assert evidence.stream
    for clear in evidence.stream.clears:
        if clear.dropped_bytes and not is_asked(evidence, session, clear.at):
            findings.clears_unasked += 1
            dropped_ms = clear.dropped_bytes // 8
            findings.fault(clear.at, f"{dropped_ms} ms were cleared while nobody spoke")


def is_asked(evidence: Evidence, session: Session, at: float) -> bool:
    """The caller spoke or pressed a key then, or shortly before: a reason to be silent."""
    late_s, soon_s = LATE_S + evidence.network_s, CLEARED_S + evidence.network_s
    if any(started <= at <= started + late_s for started, _ in session.speech_started):
        return True
    return any(
        record.began <= at <= (record.ended or at) + soon_s
        for record in evidence.result.steps
        if not isinstance(record.step, HangUp)
    )


def _clears(evidence: Evidence, session: Session, findings: Findings) -> None:
    assert evidence.stream
    cleared_at = [clear.at for clear in evidence.stream.clears]
    started = [at for at, _ in session.speech_started]
    for started_at, next_at in pairwise([*started, float("inf")]):
        clear = next((at for at in cleared_at if started_at <= at < next_at), None)
        late_s = clear - started_at if clear is not None else float("inf")
        spoken_over = _speaks_on(evidence, started_at)
        if late_s <= CLEARED_S or (late_s <= LATE_S and spoken_over):
            findings.barge_in_to_clear_ms.append(late_s * 1000)
        elif spoken_over:
            findings.clears_missing += 1
            findings.fault(started_at, "the caller was talked over: no clear")


def _speaks_on(evidence: Evidence, at: float) -> bool:
    """The agent was to be heard at this time, and all the while a clear had time to come."""
    return any(begin <= at and end >= at + CLEARED_S for begin, end in evidence.speaks)
