"""A load test from the plan to the report; and the search for the most calls that go well."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from bridge.collector import watched
from bridge.sim.load.judging import judging
from bridge.sim.load.knee import Search
from bridge.sim.load.plan import Plan, of_concurrency
from bridge.sim.load.report import EXIT_CODES, INVALID, PASSED, report_of
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
    stop: asyncio.Event | None = None,
) -> dict[str, Any]:
    """``stop`` ends it before its time: what was found until then is no valid run. Raises
    ``PlanError`` for bounds that are none, ``JudgingFailed``."""
    async with judging(records_url) as judges:
        with watched():  # a pause of the garbage collector is one of every caller
            run = await drive(plan, target, judges.take, tell, first_number, stop)
        verdicts = await judges.verdicts()
    summary = summarize(verdicts.calls, has_records=verdicts.problem == "")
    notes = [NO_RECORDS] if verdicts.problem is None else []
    found = report_of(plan, target, run, summary, notes, late_limit_ms)
    return with_invalid(found, _invalid_because(run, verdicts.problem))


def _invalid_because(run: Run, problem: str | None) -> list[str]:
    found = list(run.missed)
    if run.interrupted:
        found.insert(0, f"interrupted: {run.cut_off} calls that ran were cut off")
    if problem:
        found.append(f"the records of the model could not be read: {problem}")
    return found


def with_invalid(found: dict[str, Any], because: list[str]) -> dict[str, Any]:
    """The report, of a run that says nothing where there is a reason."""
    if not because:
        return found
    return found | {
        "verdict": INVALID,
        "exit_code": EXIT_CODES[INVALID],
        "invalid_because": because + found["invalid_because"],
    }


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
    stop: asyncio.Event | None = None,
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
            stop=stop,
        )
        placed += found["calls"]["started"]
        steps.append(_step(concurrency, found))
        passed = found["verdict"] == PASSED
        search.note(passed)
        best = found if best is None or (passed and concurrency == search.knee) else best
        if stop and stop.is_set():
            best = with_invalid(best, ["the search was interrupted"])
            break
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
        return f" the run was invalid: {'; '.join(step['invalid_because'])}"
    return f": {', '.join(step['broken'])}"


def _step(concurrency: int, found: dict[str, Any]) -> dict[str, Any]:
    def p99(name: str) -> float | None:
        spread = found["latency_ms"][name]
        return spread["p99"] if spread else None

    late = found["generator"]["frames_late_ms"]
    return {
        "concurrency": concurrency,
        "verdict": found["verdict"],
        "invalid_because": found["invalid_because"],
        "broken": [each["name"] for each in found["slo"] if each["met"] is False],
        "inbound_p99_ms": p99("inbound"),
        "added_latency_p99_ms": p99("added_latency"),
        "core_percent": found["server"]["core_percent"] if found["server"] else None,
        "frames_late_p99_ms": late["p99"] if late else None,
    }
