"""All calls of a run, judged, added up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from bridge.sim.load.findings import Findings
from bridge.sim.load.judge import clock_ms
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
    "agent_frames_lost": "agent_frames_lost",
    "agent_audio_unrecognised": "unrecognised",
    "stale_frames": "stale_frames",
    "clears_missing": "clears_missing",
    "clears_unasked": "clears_unasked",
    "carrier_warnings": "warnings",
    "model_errors": "model_errors",
    "unanswered_steps": "unanswered",
}
LEVELS: Final = {
    "agent_level_error_db": "agent_level_db",
    "caller_level_error_db": "caller_level_db",
}
# Where the model's times are held against the carrier's.
NEED_ONE_CLOCK: Final = frozenset(
    {
        "playback_gaps",
        "agent_frames_lost",
        "agent_audio_unrecognised",
        "clears_missing",
        "clears_unasked",
    }
)
NEED_RECORDS: Final = NEED_ONE_CLOCK | {
    "caller_frames_lost",
    "caller_frames_doubled",
    "model_errors",
    "calls_unmatched",
}
ONE_CLOCK_MS: Final = -1.0


@dataclass(frozen=True)
class Summary:
    calls: tuple[Judged, ...]
    unmatched: int | None  # calls that spoke and were not found in the records; None: no records
    one_clock: bool  # both ends tell the same time
    latencies: Mapping[str, Sequence[float]]
    totals: Findings

    def sizes(self, name: str) -> Sequence[float]:
        """Of a latency; an error counts however it is off."""
        values = self.latencies[name]
        return [abs(each) for each in values] if name == "truncation_error" else values

    def measures(self) -> dict[str, float | None]:
        """All a gate may ask for; None: not measured."""
        found: dict[str, float | None] = {"calls_lost": sum(call.lost for call in self.calls)}
        found["calls_unmatched"] = self.unmatched
        for name, field in COUNTS.items():
            found[name] = getattr(self.totals, field)
        if self.unmatched is None:
            found |= dict.fromkeys(NEED_RECORDS)
        if not self.one_clock:
            found |= dict.fromkeys(NEED_ONE_CLOCK)
        for name, field in LEVELS.items():
            found[name] = _furthest(getattr(self.totals, field))
        for name, values in self.latencies.items():
            sizes = self.sizes(name)
            for label, share in (("p50", 50.0), ("p90", 90.0), ("p99", 99.0), ("max", 100.0)):
                known = len(values) > 0
                found[f"{name}_{label}_ms"] = (
                    round(float(np.percentile(sizes, share)), 3) if known else None
                )
        return found


def _furthest(levels_db: Sequence[float]) -> float | None:
    return round(max(abs(each) for each in levels_db), 1) if levels_db else None


def no_measures() -> dict[str, float | None]:
    """The names a gate may ask for, with nothing measured."""
    nothing: dict[str, list[float]] = {
        name: [] for name in (*LATENCIES, *(name.removesuffix("_ms") for name in TIMINGS))
    }
    return Summary((), None, True, nothing, Findings()).measures()


def summarize(calls: Sequence[Judged], *, has_records: bool) -> Summary:
    unmatched = sum(each.spoke and not each.matched for each in calls) if has_records else None
    clocks_ms = [ms for each in calls if (ms := clock_ms(each.findings)) is not None]
    one_clock = not clocks_ms or float(np.median(clocks_ms)) > ONE_CLOCK_MS
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
