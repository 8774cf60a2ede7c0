"""All calls of a run, judged, added up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from bridge.sim.load.findings import Findings
from bridge.sim.load.judge import is_shared_clock
from bridge.sim.load.judged import Judged

# Distributions in the report: its name, and the field of the findings.
LATENCIES: Final = {
    "inbound": "inbound_ms",
    "outbound": "outbound_ms",
    "added_latency": "added_ms",
    "barge_in_to_clear": "barge_in_to_clear_ms",
    "truncation_error": "truncation_error_ms",
    "end_of_speech_to_first_audio": "speech_to_audio_ms",
    "queue_to_ear": "queue_ms",
}
TIMINGS: Final = ("webhook_ms", "socket_open_ms", "first_media_ms", "first_audio_ms")
COUNTS: Final = {
    "caller_frames_lost": "frames_lost",
    "caller_frames_doubled": "frames_doubled",
    "playback_gaps": "gaps",
    "outbound_skips": "skips",
    "stale_frames": "stale_frames",
    "clears_missing": "clears_missing",
    "carrier_warnings": "warnings",
    "model_errors": "model_errors",
    "unanswered_steps": "unanswered",
}
NEED_RECORDS: Final = frozenset(
    {
        "caller_frames_lost",
        "caller_frames_doubled",
        "playback_gaps",
        "clears_missing",
        "model_errors",
        "calls_unmatched",
    }
)


@dataclass(frozen=True)
class Summary:
    calls: tuple[Judged, ...]
    unmatched: int | None  # calls that spoke and were not found in the records; None: no records
    one_clock: bool  # both ends tell the same time
    latencies: Mapping[str, Sequence[float]]
    totals: Findings

    def measures(self) -> dict[str, float | None]:
        """All a gate may ask for; None: not measured."""
        found: dict[str, float | None] = {"calls_lost": sum(call.lost for call in self.calls)}
        found["calls_unmatched"] = self.unmatched
        for name, field in COUNTS.items():
            found[name] = getattr(self.totals, field)
        if self.unmatched is None:
            found |= dict.fromkeys(NEED_RECORDS)
        for name, values in self.latencies.items():
            sizes = np.abs(np.asarray(values)) if name == "truncation_error" else values
            for label, share in (("p50", 50.0), ("p90", 90.0), ("p99", 99.0), ("max", 100.0)):
                known = len(values) > 0
                found[f"{name}_{label}_ms"] = (
                    round(float(np.percentile(sizes, share)), 3) if known else None
                )
        return found


def no_measures() -> dict[str, float | None]:
    """The names a gate may ask for, with nothing measured."""
    nothing: dict[str, list[float]] = {
        name: [] for name in (*LATENCIES, *(name.removesuffix("_ms") for name in TIMINGS))
    }
    return Summary((), None, True, nothing, Findings()).measures()


def summarize(calls: Sequence[Judged], *, has_records: bool) -> Summary:
    unmatched = sum(each.spoke and not each.matched for each in calls) if has_records else None
    one_clock = all(is_shared_clock(each.findings) for each in calls)
    totals = _added([each.findings for each in calls])
    latencies = {name: getattr(totals, field) for name, field in LATENCIES.items()}
    if not one_clock:
        apart = ("inbound", "outbound", "added_latency", "barge_in_to_clear")
        latencies |= {name: [] for name in apart}
    for name in TIMINGS:
        found = [getattr(each.timings, name) for each in calls]
        latencies[name.removesuffix("_ms")] = [each for each in found if each is not None]
    return Summary(tuple(calls), unmatched, one_clock, latencies, totals)


def _added(all_findings: Sequence[Findings]) -> Findings:
    total = Findings()
    for findings in all_findings:
        for field in fields(Findings):
            value = getattr(findings, field.name)
            if isinstance(value, list):
                getattr(total, field.name).extend(value)
            else:
                setattr(total, field.name, getattr(total, field.name) + value)
    return total
