"""What a load test is to do: who calls, how many, for how long, and what must hold.

A plan in YAML::

    scenarios:
      - {name: talk, weight: 3}                          # behaviour: the name, where not given
      - {name: rude, behaviour: barge_in, weight: 1}
    stages:                                              # each begins where the one before ended
      - {name: ramp, seconds: 10, concurrency: 50}       # calls at once, or
      - {name: steady, seconds: 60, concurrency: 50}
      - {name: spike, seconds: 5, rate: 20}              # calls a second
    slo: {added_latency_p99_ms: 10, calls_lost: 0}
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from sys import float_info
from typing import Any, Literal

import yaml

Behaviour = Literal[
    "talk",
    "barge_in",
    "long_silence",
    "dtmf",
    "hang_up_mid_word",
    "noisy_line",
    "echo",
    "slow_network",
]
BEHAVIOURS: tuple[Behaviour, ...] = (
    "talk",
    "barge_in",
    "long_silence",
    "dtmf",
    "hang_up_mid_word",
    "noisy_line",
    "echo",
    "slow_network",
)
Kind = Literal["rate", "concurrency"]
LEAST_WEIGHT = 0.001
CALLS_WITHIN_S, MOST_A_SECOND = 5.0, 100.0


class PlanError(Exception):
    """The plan cannot be used; the text names the field and the mend."""


@dataclass(frozen=True)
class Scenario:
    name: str
    behaviour: Behaviour
    weight: float = 1.0


@dataclass(frozen=True)
class Stage:
    """``value`` calls a second, or at once, reached by its end."""

    name: str
    seconds: float
    kind: Kind
    value: float


DEFAULT_SCENARIOS = (
    Scenario("talk", "talk", 4),
    Scenario("barge_in", "barge_in", 4),
    Scenario("long_silence", "long_silence", 1),
    Scenario("dtmf", "dtmf", 1),
    Scenario("hang_up_mid_word", "hang_up_mid_word", 1),
    Scenario("noisy_line", "noisy_line", 1),
    Scenario("echo", "echo", 1),
    Scenario("slow_network", "slow_network", 1),
)


@dataclass(frozen=True)
class Plan:
    stages: tuple[Stage, ...]
    scenarios: tuple[Scenario, ...] = DEFAULT_SCENARIOS
    slo: Mapping[str, float] = field(default_factory=dict)  # on top of the gate's own bounds
    calls: int | None = None  # no more than so many, all told

    @property
    def seconds(self) -> float:
        return sum(stage.seconds for stage in self.stages)


def of_calls(calls: int, within_s: float | None = None) -> tuple[Stage, ...]:
    """So many calls, begun one after the other; and soon all there, where no time is given."""
    within_s = within_s or max(CALLS_WITHIN_S, calls / MOST_A_SECOND)
    return (Stage("steady", within_s, "rate", calls / within_s),)


def of_concurrency(concurrency: int, seconds: float) -> tuple[Stage, ...]:
    """Up to so many at once, and held there for ``seconds``."""
    ramp_s = max(2.0, concurrency / 25)
    return (
        Stage("ramp", ramp_s, "concurrency", concurrency),
        Stage("steady", seconds, "concurrency", concurrency),
    )


def of_rate(rate: float, seconds: float) -> tuple[Stage, ...]:
    return (Stage("steady", seconds, "rate", rate),)


def scenarios_of(text: str) -> tuple[Scenario, ...]:
    """Behaviours with their weights: ``talk=3,barge_in`` calls three times to one. Raises
    ``PlanError``."""
    found = []
    for part in text.split(","):
        name, _, weight = part.strip().partition("=")
        behaviour = next((known for known in BEHAVIOURS if known == name), None)
        if behaviour is None:
            raise PlanError(f"scenarios: {name!r} is none of {', '.join(BEHAVIOURS)}")
        found.append(Scenario(name, behaviour, _weight(name, weight)))
    return _of_names_apart(found)


def _weight(name: str, text: str) -> float:
    try:
        return number(float(text or 1), f"scenarios: the weight of {name}", least=LEAST_WEIGHT)
    except ValueError:
        raise PlanError(f"scenarios: the weight {text!r} of {name} is no number") from None


def _of_names_apart(scenarios: Sequence[Scenario]) -> tuple[Scenario, ...]:
    """The report tells of each by its name."""
    names = [each.name for each in scenarios]
    if twice := [name for name in names if names.count(name) > 1]:
        raise PlanError(f"scenarios: {twice[0]!r} is there twice; give each a name of its own")
    return tuple(scenarios)


def load_plan(text: str, *, staged: bool = True) -> Plan:
    """``staged`` False: it has no stages, they are made elsewhere. Raises ``PlanError``."""
    try:
        tree = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise PlanError(f"not YAML: {error}") from None
    tree = _mapping(tree, "the plan", {"scenarios", "stages", "slo"})
    if not staged and "stages" in tree:
        raise PlanError("stages: are not the plan's here; leave them out")
    stages = [
        _stage(each, f"stages[{n}]") for n, each in enumerate(_list(tree, "stages", needed=staged))
    ]
    scenarios = [
        _scenario(each, f"scenarios[{n}]") for n, each in enumerate(_list(tree, "scenarios"))
    ]
    slo = _mapping(tree.get("slo") or {}, "slo", None)
    return Plan(
        tuple(stages),
        _of_names_apart(scenarios) or DEFAULT_SCENARIOS,
        {str(name): number(bound, f"slo.{name}", least=0.0) for name, bound in slo.items()},
    )


def _stage(found: object, where: str) -> Stage:
    stage = _mapping(found, where, {"name", "seconds", "rate", "concurrency"})
    kinds: list[Kind] = ["rate", "concurrency"]
    given = [kind for kind in kinds if kind in stage]
    if len(given) != 1:
        raise PlanError(f"{where}: give either rate (calls a second) or concurrency")
    seconds = number(stage.get("seconds"), f"{where}.seconds", least=0.1)
    value = number(stage[given[0]], f"{where}.{given[0]}", least=0.0)
    return Stage(str(stage.get("name", where)), seconds, given[0], value)


def _scenario(found: object, where: str) -> Scenario:
    scenario = _mapping(found, where, {"name", "behaviour", "weight"})
    name = scenario.get("name", scenario.get("behaviour"))
    behaviour = scenario.get("behaviour", name)
    for known in BEHAVIOURS:
        if known == behaviour:
            weight = number(scenario.get("weight", 1), f"{where}.weight", least=LEAST_WEIGHT)
            return Scenario(str(name), known, weight)
    raise PlanError(f"{where}.behaviour: {behaviour!r} is none of {', '.join(BEHAVIOURS)}")


def _mapping(found: object, where: str, known: set[str] | None) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise PlanError(f"{where}: has to be a mapping of names to values")
    if known is not None and (unknown := {str(key) for key in found} - known):
        names = ", ".join(sorted(unknown))
        raise PlanError(f"{where}: {names} is not known; known are {', '.join(sorted(known))}")
    return found


def _list(tree: Mapping[str, Any], name: str, *, needed: bool = False) -> list[object]:
    found = tree.get(name)
    if found is None and not needed:
        return []
    if not isinstance(found, list) or not found:
        raise PlanError(f"{name}: has to be a list with at least one entry")
    return found


def number(found: object, where: str, *, least: float) -> float:
    """Raises ``PlanError``."""
    if isinstance(found, int | float) and not isinstance(found, bool):
        if least <= found <= float_info.max:  # neither infinite nor NaN
            return float(found)
    raise PlanError(f"{where}: {found!r} has to be a number, {least:g} or more")
