"""One call held against the truth of both its ends."""

import numpy as np

from bridge.sim.carrier.caller import Say
from bridge.sim.load.answers import judge_answers
from bridge.sim.load.barge_in import judge_barge_in
from bridge.sim.load.evidence import Evidence
from bridge.sim.load.findings import Findings
from bridge.sim.load.inbound import judge_inbound
from bridge.sim.load.outbound import judge_against, judge_outbound


def judge(evidence: Evidence) -> Findings:
    findings = Findings()
    for warning in evidence.result.warnings:
        findings.warnings += 1
        findings.fault(warning.at, f"carrier warning {warning.code}: {warning.text}")
    if evidence.stream is None:
        return findings
    _waits(evidence, findings)
    judge_outbound(evidence, findings)
    session = evidence.session
    if session is not None:
        for error in session.errors:
            findings.model_errors += 1
            findings.fault(error.at, f"model error {error.code}: {error.message}")
        inbound = judge_inbound(evidence, session, findings)
        judge_against(evidence, session, inbound, findings)
        if evidence.has_one_clock:
            judge_barge_in(evidence, session, findings)
            judge_answers(evidence, session, findings)
    return findings


def _waits(evidence: Evidence, findings: Findings) -> None:
    """What the caller's script tells: answers that did not come, and how long they took."""
    assert evidence.stream
    begun = [begin for begin, _ in evidence.speaks]
    steps = evidence.result.steps
    for index, record in enumerate(steps):
        if record.timed_out:
            findings.unanswered += 1
            findings.fault(record.began, f"step {index}: nothing of the agent for too long")
        if not isinstance(record.step, Say) or record.ended is None or evidence.has_network:
            continue
        until = steps[index + 1].began if index + 1 < len(steps) else float("inf")
        ended = record.ended
        answered = next((at for at in begun if ended <= at < until), None)
        if answered is not None:
            findings.speech_to_audio_ms.append((answered - ended) * 1000)


def is_lost(evidence: Evidence) -> bool:
    """It ended otherwise than its caller wanted."""
    result = evidence.result
    return result.outcome != "completed" or result.ended_by != "caller" or not result.streams


def clock_ms(findings: Findings) -> float | None:
    """What arrives before it was sent was told by another clock; the median, since a frame that
    comes twice is early too. None: nothing was timed."""
    found = (*findings.inbound_ms, *findings.outbound_ms)
    return float(np.median(found)) if found else None
