"""What a load test found, as one JSON object.

::

    url, began (ISO 8601, UTC), seconds
    verdict         "passed" | "broken" | "invalid"
    exit_code       0, 1, 3
    invalid_because [text]                  the generator was late or starved: nothing counts then
    machine         {processor, cores, system, python}
    plan            {stages: [{name, seconds, kind: "rate"|"concurrency", value}],
                     scenarios: [{name, behaviour, weight, calls, lost, faults}]}
    calls           {started, answered, lost, peak, unmatched: n|null}
    timeline        [{at_s, running, started, ended, lost, late_ms, frames,
                      server: null|{core_percent, rss_bytes}}]               one a second
    latency_ms      {name: null|{count, mean, p50, p90, p99, max, quantiles: [[share, ms]],
                                 histogram: [[upper_ms, count]]}}            null: not measured
                    inbound                        caller frame sent -> appended at the model
                    outbound                       model's delta sent -> media at the carrier
                    added_latency                  both together, for each answer
                    barge_in_to_clear              speech_started -> clear at the carrier
                    truncation_error               told against heard, however it is off
                    end_of_speech_to_first_audio   at the caller's ear
                    queue_to_ear                   media at the carrier -> played
                    webhook, socket_open, first_media, first_audio
    correctness     {measure: n|null}              null: not measured (no records of the model)
    budget          [{part, p50_ms, p99_ms, by: "bridge"|"model"|"carrier"}]
                                                   from end of speech to first audio, in order
    generator       {late_ms: {..as latency..}, frames_late_ms: {..}, limit_ms, cpu_s,
                     core_percent, cpu_us_per_frame, run_queue_wait_s: n|null}
    server          null|{pid, cpu_s, cpu_us_per_frame, core_percent, core_percent_per_call,
                          rss_start_bytes, rss_peak_bytes, rss_bytes_per_call,
                          rss_after: [[calls ended, bytes]]}         by quarters of the calls
    slo             [{name, measured: n|null, bound, asked, met: true|false|null}]
                                                   asked for and not measured is not met
    faults          [{call, scenario, call_sid, at_s: n|null, what}]         the first hundred
    lost_calls      [{call, scenario, call_sid, outcome, ended_by, errors: [text]}]
    notes           [text]                         what could not be measured, and why
    capacity        null|{knee: n|null, why, steps: [{concurrency, verdict, broken: [name],
                          inbound_p99_ms, added_latency_p99_ms, core_percent, frames_late_p99_ms}]}
"""

import os
import platform
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np

from bridge.sim.load.figures import spread
from bridge.sim.load.judged import Judged
from bridge.sim.load.plan import Plan
from bridge.sim.load.runner import Run, Sample, Target
from bridge.sim.load.slo import Verdict, gate, unmeasured
from bridge.sim.load.summary import COUNTS, NEED_RECORDS, Summary

FAULTS: Final = 100
PASSED, BROKEN, INVALID = "passed", "broken", "invalid"
EXIT_CODES: Final = {PASSED: 0, BROKEN: 1, INVALID: 3}
LATE_MS: Final = 10.0  # as the bounds of latency: later than that it measures itself


def report_of(
    plan: Plan,
    target: Target,
    run: Run,
    summary: Summary,
    notes: list[str],
    late_limit_ms: float = LATE_MS,
) -> dict[str, Any]:
    """Raises ``PlanError`` where the plan's bounds name what is no measure."""
    verdicts = gate(summary.measures(), plan.slo, asked=frozenset(plan.slo))
    generator = _generator(run, summary, late_limit_ms)
    because = _invalid_because(generator, run)
    broken = any(verdict.met is False for verdict in verdicts)
    verdict = INVALID if because else BROKEN if broken else PASSED
    return {
        "url": target.url,
        "began": _began(run),
        "seconds": round(run.seconds, 1),
        "verdict": verdict,
        "exit_code": EXIT_CODES[verdict],
        "invalid_because": because,
        "machine": _machine(),
        "plan": _plan(plan, summary),
        "calls": _calls(run, summary),
        "timeline": _timeline(run),
        "latency_ms": {name: spread(summary.sizes(name)) for name in summary.latencies},
        "correctness": _correctness(summary),
        "budget": _budget(summary),
        "generator": generator,
        "server": _server(run, target, summary),
        "slo": [_told(each) for each in verdicts],
        "faults": _faults(run, summary),
        "lost_calls": [_lost(call) for call in summary.calls if call.lost][:FAULTS],
        "notes": notes + _notes(summary) + unmeasured(verdicts),
        "capacity": None,
    }


def _began(run: Run) -> str:
    began = datetime.now(UTC) - timedelta(seconds=time.monotonic() - run.began_at)
    return began.isoformat(timespec="seconds")


def _invalid_because(generator: dict[str, Any], run: Run) -> list[str]:
    found = []
    for name, what in (("late_ms", "woke"), ("frames_late_ms", "sent caller frames")):
        late, limit_ms = generator[name], generator["limit_ms"]
        if late and late["p99"] > limit_ms:
            found.append(
                f"the generator {what} {late['p99']:.0f} ms late (p99, limit {limit_ms:g} ms)"
            )
    if not run.started:
        found.append("no call was begun")
    return found


def _generator(run: Run, summary: Summary, limit_ms: float) -> dict[str, Any]:
    frames = max(_frames(summary), 1)
    wait_s, cpu_s = run.lateness.run_queue_wait_s, run.lateness.cpu_s
    return {
        "late_ms": spread(run.lateness.late_ms),
        "frames_late_ms": spread(_frames_late_ms(summary)),
        "limit_ms": limit_ms,
        "cpu_s": round(cpu_s, 2),
        "core_percent": round(100 * cpu_s / max(run.seconds, 0.1), 1),
        "cpu_us_per_frame": round(cpu_s / frames * 1e6, 1),
        "run_queue_wait_s": None if wait_s is None else round(wait_s, 3),
    }


def _frames(summary: Summary) -> int:
    return sum(len(call.frames_late_ms) for call in summary.calls)


def _frames_late_ms(summary: Summary) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Each caller frame against the tick it belongs to."""
    return np.concatenate([np.empty(0), *(call.frames_late_ms for call in summary.calls)])


def _server(run: Run, target: Target, summary: Summary) -> dict[str, Any] | None:
    usages = [sample.server for sample in run.samples if sample.server]
    start = run.server_at_start
    if start is None or not usages:
        return None
    cpu_s = usages[-1].cpu_s - start.cpu_s
    peak_bytes = max(each.rss_bytes for each in usages)
    return {
        "pid": target.pid,
        "cpu_s": round(cpu_s, 2),
        "cpu_us_per_frame": round(cpu_s / max(_frames(summary), 1) * 1e6, 1),
        "core_percent": round(100 * cpu_s / max(run.seconds, 0.1), 1),
        "core_percent_per_call": round(100 * cpu_s / max(run.calls_s, 0.1), 3),
        "rss_start_bytes": start.rss_bytes,
        "rss_peak_bytes": peak_bytes,
        "rss_bytes_per_call": round((peak_bytes - start.rss_bytes) / max(run.peak, 1)),
        "rss_after": _rss_after(run),
    }


def _rss_after(run: Run) -> list[tuple[int, int]]:
    """Memory when each quarter of the calls had ended: whether it is flat."""
    found = []
    for quarter in range(1, 5):
        calls = -(-run.started * quarter // 4)
        sample = next((each for each in run.samples if each.ended >= calls and each.server), None)
        if sample is not None and sample.server is not None and calls:
            found.append((sample.ended, sample.server.rss_bytes))
    return found


def _timeline(run: Run) -> list[dict[str, Any]]:
    found, before = [], None
    for sample in run.samples:
        told = {
            name: getattr(sample, name)
            for name in ("at_s", "running", "started", "ended", "lost", "late_ms", "frames")
        }
        found.append(told | {"server": _server_then(run, before, sample)})
        before = sample
    return found


def _server_then(run: Run, before: Sample | None, sample: Sample) -> dict[str, Any] | None:
    then = before.server if before else run.server_at_start
    if then is None or sample.server is None:
        return None
    since_s = max(sample.at_s - (before.at_s if before else 0.0), 1e-3)
    percent = 100 * (sample.server.cpu_s - then.cpu_s) / since_s
    return {"core_percent": round(percent, 1), "rss_bytes": sample.server.rss_bytes}


def _calls(run: Run, summary: Summary) -> dict[str, Any]:
    return {
        "started": run.started,
        "answered": sum(call.answered for call in summary.calls),
        "lost": sum(call.lost for call in summary.calls),
        "peak": run.peak,
        "unmatched": summary.unmatched,
    }


def _plan(plan: Plan, summary: Summary) -> dict[str, Any]:
    def told(name: str) -> dict[str, int]:
        calls = [call for call in summary.calls if call.scenario == name]
        return {
            "calls": len(calls),
            "lost": sum(call.lost for call in calls),
            "faults": sum(len(call.findings.faults) for call in calls),
        }

    return {
        "stages": [vars(stage) for stage in plan.stages],
        "scenarios": [vars(each) | told(each.name) for each in plan.scenarios],
    }


def _correctness(summary: Summary) -> dict[str, Any]:
    measures = summary.measures()
    known = summary.unmatched is not None
    totals = summary.totals
    return {
        **{name: measures[name] for name in COUNTS},
        "caller_frames_sent": _frames(summary),
        "truncations": totals.truncations if known else None,
        "playback_gap_ms": round(totals.gap_ms, 1) if known else None,
        "told_too_little_ms": _most(totals.truncation_error_ms, -1),
        "told_too_much_ms": _most(totals.truncation_error_ms, 1),
        "needs_records": sorted(NEED_RECORDS),
    }


def _most(errors_ms: Sequence[float], sign: int) -> float | None:
    """The furthest to one side, 0 where none is."""
    return round(max(0.0, *(sign * each for each in errors_ms)), 3) if errors_ms else None


def _budget(summary: Summary) -> list[dict[str, Any]]:
    """From the end of speech to the first audio; what is left over is the model's thinking."""
    parts = {
        name: spread(summary.latencies[name])
        for name in ("inbound", "outbound", "queue_to_ear", "end_of_speech_to_first_audio")
    }
    whole = parts.pop("end_of_speech_to_first_audio")
    if whole is None or any(part is None for part in parts.values()):
        return []
    told = {
        name: {"p50_ms": part["p50"], "p99_ms": part["p99"]} for name, part in parts.items() if part
    }
    model = {
        key: round(max(0.0, whole[key[:3]] - sum(part[key] for part in told.values())), 3)
        for key in ("p50_ms", "p99_ms")
    }
    return [
        {"part": "caller frame to the model", "by": "bridge", **told["inbound"]},
        {"part": "turn detection and the model's answer", "by": "model", **model},
        {"part": "first delta to the carrier", "by": "bridge", **told["outbound"]},
        {"part": "queue to the ear", "by": "carrier", **told["queue_to_ear"]},
    ]


def _faults(run: Run, summary: Summary) -> list[dict[str, Any]]:
    found = [
        {
            "call": call.number,
            "scenario": call.scenario,
            "call_sid": call.call_sid,
            "at_s": None if at is None else round(at - run.began_at, 3),
            "what": what,
        }
        for call in summary.calls
        for at, what in call.findings.faults
    ]
    return found[:FAULTS]


def _lost(call: Judged) -> dict[str, Any]:
    return {
        "call": call.number,
        "scenario": call.scenario,
        "call_sid": call.call_sid,
        "outcome": call.outcome,
        "ended_by": call.ended_by,
        "errors": list(call.errors),
    }


def _notes(summary: Summary) -> list[str]:
    if summary.one_clock:
        return []
    return ["the model's clock is another: what crosses from one to the other is not measured"]


def _told(verdict: Verdict) -> dict[str, Any]:
    return vars(verdict) | {"met": verdict.met}


def _machine() -> dict[str, Any]:
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
