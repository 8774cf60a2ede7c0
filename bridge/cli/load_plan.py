"""The plan of a load test, from a file or from options."""

from pathlib import Path

from bridge.cli.console import USAGE, stop
from bridge.sim.load.plan import (
    Plan,
    PlanError,
    Stage,
    load_plan,
    number,
    of_calls,
    of_concurrency,
    of_rate,
    scenarios_of,
)
from bridge.sim.load.slo import bounds_of, gate
from bridge.sim.load.summary import no_measures

CALLS = 10
TEST_S, STEP_S = 30.0, 10.0


def plan_of(
    file: Path | None,
    *,
    scenarios: str | None,
    calls: int | None,
    concurrency: int | None,
    rate: float | None,
    seconds: float | None,
    slo: list[str],
    find: bool,
) -> Plan:
    """Ends the command with 2 where there is none."""
    if find and (rate or calls):
        stop("--find-capacity tries calls at once: leave --rate and --calls out", USAGE)
    if file and (scenarios or rate or ((concurrency or seconds) and not find)):
        stop(
            "--plan has all of it: leave --concurrency, --rate, --seconds and --scenarios out",
            USAGE,
        )
    if concurrency and rate:
        stop("give either --concurrency or --rate", USAGE)
    try:
        made = (
            load_plan(file.read_text(), staged=not find)
            if file
            else Plan(_stages(calls, concurrency, rate, seconds))
        )
    except (OSError, UnicodeDecodeError, PlanError) as error:
        why = ": --find-capacity makes its own" if find and "stages" in str(error) else ""
        stop(f"{file}: {error}{why}", USAGE)
    try:
        who = scenarios_of(scenarios) if scenarios else made.scenarios
        bounds = {**made.slo, **_bounds(slo)}
        gate(no_measures(), bounds)
    except PlanError as error:
        stop(f"{file}: {error}" if file and not slo else str(error), USAGE)
    limit = calls if calls or file or concurrency or rate else CALLS
    return Plan(made.stages, who, bounds, limit)


def _bounds(slo: list[str]) -> dict[str, float]:
    return {
        name: number(bound, f"--slo {name}", least=0.0) for name, bound in bounds_of(slo).items()
    }


def _stages(
    calls: int | None, concurrency: int | None, rate: float | None, seconds: float | None
) -> tuple[Stage, ...]:
    if concurrency:
        return of_concurrency(concurrency, seconds or TEST_S)
    if rate:
        return of_rate(rate, seconds or TEST_S)
    return of_calls(calls or CALLS, seconds)
