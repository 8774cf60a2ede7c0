"""A load test from the plan to the report; and the search for the most calls that go well."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from bridge.collector import watched
from bridge.sim.load.judging import judging
from bridge.sim.load.knee import Search
from bridge.sim.load.plan import Plan, of_concurrency
from bridge.sim.load.report import INVALID, PASSED, report_of
from bridge.sim.load.runner import Run, Target, drive
from bridge.sim.load.summary import summarize

NO_RECORDS: Final = "no records of the model (--records): its side of the calls is not known"


async def load_test(
    plan: Plan,
    target: Target,
    *,
    records_url: str | None,
    late_limit_ms: float,
    tell: Callable[[Run], None] = lambda run: None,
    first_number: int = 0,
) -> dict[str, Any]:
    """Raises ``PlanError`` for bounds that are none, ``JudgingFailed``."""
    async with judging(records_url) as judges:
        with watched():  # a pause of the garbage collector is one of every caller
            run = await drive(plan, target, judges.take, tell, first_number)
        verdicts = await judges.verdicts()
    note = NO_RECORDS if verdicts.problem is None else verdicts.problem
    summary = summarize(verdicts.calls, has_records=not note)
    return report_of(plan, target, run, summary, [note] if note else [], late_limit_ms)


async def find_capacity(
    plan: Plan,
    target: Target,
    *,
    first: int,
    step: int,
    seconds: float,
    records_url: str | None,
    late_limit_ms: float,
    tell: Callable[[Run], None] = lambda run: None,
) -> dict[str, Any]:
    """The most calls at once that go well, to within ``step``; it is tried with ``first`` first.

    The report of the largest run that passed, or of the first where none did; with ``capacity``.
    """
    best: dict[str, Any] | None = None
    steps: list[dict[str, Any]] = []
    search, placed = Search(first, step), 0
    while (concurrency := search.next) is not None:
        tried = replace(plan, stages=of_concurrency(concurrency, seconds), calls=None)
        found = await load_test(
            tried,
            target,
            records_url=records_url,
            late_limit_ms=late_limit_ms,
            tell=tell,
            first_number=placed,
        )
        placed += found["calls"]["started"]
        steps.append(_step(concurrency, found))
        passed = found["verdict"] == PASSED
        search.note(passed)
        best = found if best is None or (passed and concurrency == search.knee) else best
    assert best is not None
    return best | {"capacity": capacity_of(search.knee, steps)}


def capacity_of(knee: int | None, steps: list[dict[str, Any]]) -> dict[str, Any]:
    """``steps`` by calls at once; ``why`` tells of the least that failed, the last time."""
    ordered = sorted(steps, key=lambda each: each["concurrency"])
    beyond = [each for each in ordered if knee is None or each["concurrency"] > knee]
    if not beyond:
        why = "it held to the last step"
    else:
        last = [each for each in beyond if each["concurrency"] == beyond[0]["concurrency"]][-1]
        why = f"at {last['concurrency']} calls{_wrong(last)}"
    return {"knee": knee, "why": why, "steps": ordered}


def _wrong(step: dict[str, Any]) -> str:
    if step["verdict"] == INVALID:
        return " the generator itself was late: use more machines"
    return f": {', '.join(step['broken'])}"


def _step(concurrency: int, found: dict[str, Any]) -> dict[str, Any]:
    def p99(name: str) -> float | None:
        spread = found["latency_ms"][name]
        return spread["p99"] if spread else None

    late = found["generator"]["frames_late_ms"]
    return {
        "concurrency": concurrency,
        "verdict": found["verdict"],
        "broken": [each["name"] for each in found["slo"] if each["met"] is False],
        "inbound_p99_ms": p99("inbound"),
        "added_latency_p99_ms": p99("added_latency"),
        "core_percent": found["server"]["core_percent"] if found["server"] else None,
        "frames_late_p99_ms": late["p99"] if late else None,
    }
