"""Many rehearsed calls, and what they say together."""

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from bridge.rehearsal.scenario import random_scenario
from bridge.rehearsal.truth import Interrupted, Truth, truth
from bridge.rehearsal.world import World

ERROR_P99_MAX_MS = 60.0


@dataclass(frozen=True)
class Rehearsed:
    seed: int
    seconds: float  # of virtual time
    took_s: float  # of ours
    outcome: str
    barge_ins: int
    checksum: str  # of every message with its time
    truth: Truth


def rehearse_seed(seed: int) -> Rehearsed:
    began = time.perf_counter()
    world = World(random_scenario(seed)).run()
    found = truth(world)
    return Rehearsed(
        seed=seed,
        seconds=world.now,
        took_s=time.perf_counter() - began,
        outcome=world.call.outcome.value if world.call.outcome else "none",
        barge_ins=len(world.call.barge_ins),
        checksum=world.trace.checksum,
        truth=found,
    )


def percentile(values: list[float], share: float) -> float | None:
    """The smallest value that at least ``share`` of all do not exceed."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-int(len(ordered) * share * 1000) // 1000) - 1))]


@dataclass
class Battery:
    calls: list[Rehearsed] = field(default_factory=list)

    def add(self, call: Rehearsed) -> None:
        self.calls.append(call)

    @property
    def told(self) -> list[Interrupted]:
        """Truncations that were sent."""
        return [
            cut for call in self.calls for cut in call.truth.interrupted if cut.told_ms is not None
        ]

    @property
    def untold(self) -> list[Interrupted]:
        """Items cut so close to their end that the model keeps all of them."""
        return [cut for call in self.calls for cut in call.truth.interrupted if cut.told_ms is None]

    @property
    def good(self) -> bool:
        p99 = percentile([abs(cut.error_ms) for cut in self.told], 0.99)
        faulty = any(call.truth.faults for call in self.calls)
        return not faulty and (p99 is None or p99 <= ERROR_P99_MAX_MS)

    def facts(self) -> dict[str, Any]:
        skipped: Counter[str] = Counter()
        for call in self.calls:
            skipped.update(call.truth.skipped)
        seconds = sum(call.seconds for call in self.calls)
        took_s = sum(call.took_s for call in self.calls)
        return {
            "good": self.good,
            "calls": len(self.calls),
            "seeds": [self.calls[0].seed, self.calls[-1].seed],
            "virtual_minutes": round(seconds / 60, 1),
            "wall_seconds_a_minute": round(took_s / (seconds / 60), 3),
            "barge_ins": sum(call.barge_ins for call in self.calls),
            "truncation_error_ms": _spread([cut.error_ms for cut in self.told]),
            "not_truncated": {
                "by_reason": dict(skipped),
                "near_the_end_error_ms": _spread([cut.error_ms for cut in self.untold]),
            },
            "faults": [
                {"seed": call.seed, "fault": fault, "repeat": _repeat(call.seed)}
                for call in self.calls
                for fault in call.truth.faults
            ],
            "outcomes": dict(Counter(call.outcome for call in self.calls)),
            "checksums": {str(call.seed): call.checksum for call in self.calls},
        }

    def lines(self) -> list[str]:
        facts = self.facts()
        error = facts["truncation_error_ms"]
        near = facts["not_truncated"]
        lines = [
            f"{facts['calls']} calls, {facts['virtual_minutes']} minutes in virtual time, "
            f"{facts['wall_seconds_a_minute']} s of ours a minute",
            f"{facts['barge_ins']} barge-ins; told minus true of {error['count']} truncations: "
            f"median {error['p50']} ms, p99 {error['p99']} ms, worst {error['max']} ms",
            "not truncated: "
            + (", ".join(f"{n} {why}" for why, n in near["by_reason"].items()) or "none"),
        ]
        lines += [f"FAULT {each['fault']}  ({each['repeat']})" for each in facts["faults"]]
        return [*lines, "good" if self.good else "not good"]


def _spread(errors: list[float]) -> dict[str, Any]:
    """Of the magnitudes; ``mean`` keeps the sign."""
    sizes = [abs(error) for error in errors]
    mean = round(sum(errors) / len(errors), 1) if errors else None
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}
    return {"count": len(errors), "mean": mean} | {
        name: percentile(sizes, share) for name, share in shares.items()
    }


def _repeat(seed: int) -> str:
    return f"offhook rehearse --seed {seed} --trace"
