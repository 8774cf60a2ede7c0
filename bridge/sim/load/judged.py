"""What is kept of a call once it is judged: the judgement, not the sound."""

from array import array
from dataclasses import dataclass

import numpy as np

from bridge.sim.carrier.line import TICK_S
from bridge.sim.carrier.result import CallResult, Timings
from bridge.sim.load.evidence import Evidence
from bridge.sim.load.findings import Findings
from bridge.sim.load.judge import is_lost, judge


@dataclass(frozen=True)
class Ended:
    """A call that is over."""

    number: int
    scenario: str
    has_network: bool
    began_at: float
    ended_at: float
    result: CallResult


@dataclass(frozen=True)
class Judged:
    number: int
    scenario: str
    call_sid: str
    outcome: str
    ended_by: str
    errors: tuple[str, ...]
    lost: bool
    answered: bool  # a stream was opened
    spoke: bool
    matched: bool  # its session of the model is known
    timings: Timings
    frames_late_ms: "array[float]"  # each caller frame against the tick it belongs to
    findings: Findings


def judged(evidence: Evidence) -> Judged:
    result = evidence.result
    return Judged(
        evidence.number,
        evidence.scenario,
        result.call_sid,
        result.outcome,
        result.ended_by,
        tuple(f"{error.code} {error.text}" for error in result.errors),
        lost=is_lost(evidence),
        answered=evidence.stream is not None,
        spoke=evidence.stream is not None and bool(evidence.words()),
        matched=evidence.session is not None,
        timings=result.timings,
        frames_late_ms=_frames_late_ms(evidence),
        findings=judge(evidence),
    )


def _frames_late_ms(evidence: Evidence) -> "array[float]":
    if evidence.stream is None:
        return array("d")
    sent_at = evidence.sent_at
    late_ms = (sent_at - evidence.stream.opened_at - np.arange(len(sent_at)) * TICK_S) * 1000
    return array("d", late_ms[~np.isnan(late_ms)])
