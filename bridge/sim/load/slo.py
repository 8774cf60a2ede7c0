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
    "agent_frames_lost": 0,
    "agent_audio_unrecognised": 0,
    "stale_frames": 0,
    "clears_missing": 0,
    "clears_unasked": 0,
    "carrier_warnings": 0,
    "model_errors": 0,
    "unanswered_steps": 0,
    "truncation_error_p99_ms": 60,
    "barge_in_to_clear_p99_ms": 20,
    "inbound_p99_ms": 10,
    "outbound_p99_ms": 10,
    "added_latency_p99_ms": 20,
    "agent_level_error_db": 6,
    "caller_level_error_db": 6,
}


@dataclass(frozen=True)
class Verdict:
    name: str
    measured: float | None  # None: not measured
    bound: float
    asked: bool = False  # by the plan or a flag, not by the gate itself

    @property
    def met(self) -> bool | None:
        """None: not known, which breaks nothing. What was asked for and not measured is not met."""
        if self.measured is None:
            return False if self.asked else None
        return self.measured <= self.bound


def gate(
    measures: Mapping[str, float | None],
    slo: Mapping[str, float],
    asked: frozenset[str] = frozenset(),
) -> list[Verdict]:
    """The default bounds and those of ``slo`` on top; of these, ``asked`` names which have to be
    measured. Raises ``PlanError`` for an unknown name."""
    bounds = {**DEFAULT, **slo}
    if unknown := sorted(set(bounds) - set(measures)):
        known = ", ".join(sorted(measures))
        raise PlanError(f"slo.{unknown[0]}: no such measure; there are {known}")
    return [Verdict(name, measures[name], bound, name in asked) for name, bound in bounds.items()]


def unmeasured(verdicts: Iterable[Verdict]) -> list[str]:
    """A line for each bound that is broken since nothing was measured."""
    return [
        f"{each.name} was asked for and not measured: its bound of {each.bound:g} is not met"
        for each in verdicts
        if each.asked and each.measured is None
    ]


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
