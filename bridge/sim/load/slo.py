"""The gate: what must hold for a run to pass."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from bridge.sim.load.plan import PlanError

# By measure, the most there may be. Names with _p50, _p90, _p99, _max are of a latency.
DEFAULT: Final[Mapping[str, float]] = {
    "calls_lost": 0,
    "calls_unmatched": 0,
    "caller_frames_lost": 0,
    "caller_frames_doubled": 0,
    "playback_gaps": 0,
    "outbound_skips": 0,
    "stale_frames": 0,
    "clears_missing": 0,
    "carrier_warnings": 0,
    "model_errors": 0,
    "unanswered_steps": 0,
    "truncation_error_p99_ms": 60,
    "barge_in_to_clear_p99_ms": 20,
    "inbound_p99_ms": 10,
    "outbound_p99_ms": 10,
    "added_latency_p99_ms": 20,
}


@dataclass(frozen=True)
class Verdict:
    name: str
    measured: float | None  # None: not measured, which breaks nothing
    bound: float

    @property
    def met(self) -> bool | None:
        return None if self.measured is None else self.measured <= self.bound


def gate(measures: Mapping[str, float | None], slo: Mapping[str, float]) -> list[Verdict]:
    """The default bounds and those of ``slo`` on top. Raises ``PlanError`` for an unknown name."""
    bounds = {**DEFAULT, **slo}
    if unknown := sorted(set(bounds) - set(measures)):
        known = ", ".join(sorted(measures))
        raise PlanError(f"slo.{unknown[0]}: no such measure; there are {known}")
    return [Verdict(name, measures[name], bound) for name, bound in bounds.items()]


def bounds_of(flags: Iterable[str]) -> dict[str, float]:
    """``name=bound``, as given on the command line. Raises ``PlanError``."""
    found = {}
    for flag in flags:
        name, _, bound = flag.partition("=")
        try:
            found[name.strip()] = float(bound)
        except ValueError:
            raise PlanError(f"--slo {flag}: has to be NAME=NUMBER, such as calls_lost=0") from None
    return found
