"""Why a call gets the agent that it gets, step by step."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from bridge.agents.incoming import Incoming, address
from bridge.agents.routing import (
    EVERYWHERE,
    Chosen,
    Refused,
    Route,
    TimeRule,
    agent_at,
    applies,
    choose,
    in_trial,
    is_blocked,
)
from bridge.cli.route_words import calls_words, rule_words


@dataclass(frozen=True)
class Explained:
    """``rule`` counts from 1; None: the route's own agent. ``drawn``: each such call is drawn by
    itself between the two versions, so ``outcome`` is one of two."""

    steps: tuple[str, ...]
    outcome: Chosen | Refused
    rule: int | None = None
    drawn: bool = False


def explain(
    routes: Mapping[str, Route],
    blocked: Mapping[str, str],
    incoming: Incoming,
    at: datetime,
) -> Explained:
    """``blocked`` has the reasons. ``at`` without a time zone is by the clock of the route. How
    many calls run is not known here."""
    route = routes.get(address(incoming.called)) or routes.get(EVERYWHERE)
    local = _local(at, route)
    outcome = choose(routes, set(blocked), incoming, local.astimezone(UTC), {})
    steps = [_caller(blocked, incoming)]
    if route is None or (isinstance(outcome, Refused) and outcome.reason == "blocked"):
        if isinstance(outcome, Refused) and outcome.reason == "no agent":
            steps.append(f"there is no route of {incoming.called}, and none of {EVERYWHERE}")
        return Explained(tuple(steps), outcome)
    own = route.called == address(incoming.called)
    steps.append(f"route of {route.called}" + ("" if own else ", for there is none of its own"))
    if route.max_calls is not None:
        steps.append(f"at most {calls_words(route.max_calls)} at one time in one process")
    number = next((n for n, rule in enumerate(route.rules, 1) if applies(rule, local)), None)
    steps += _rules(route.rules, number, local)
    steps.append(f"agent {agent_at(route, local)}")
    steps += _trial(route, local, incoming)
    drawn = route.trial is not None and incoming.withheld and agent_at(route, local) == route.agent
    return Explained(tuple(steps), outcome, number, drawn)


def _local(at: datetime, route: Route | None) -> datetime:
    zone = ZoneInfo(route.timezone if route else "UTC")
    return at.replace(tzinfo=zone) if at.tzinfo is None else at.astimezone(zone)


def _caller(blocked: Mapping[str, str], incoming: Incoming) -> str:
    for each, reason in blocked.items():
        if is_blocked({each}, incoming):
            return f"caller {incoming.caller} is blocked, as {each}" + (reason and f": {reason}")
    return f"caller {incoming.caller} is not blocked"


def _rules(rules: tuple[TimeRule, ...], chosen: int | None, local: datetime) -> Iterator[str]:
    """Those after the first that applies have no say."""
    if not rules:
        return
    yield f"{local:%a %Y-%m-%d %H:%M} in {local.tzinfo}"
    for number, rule in enumerate(rules[:chosen], 1):
        does = "applies" if number == chosen else "does not apply"
        yield f"rule {number}, {rule_words(rule)}: {does}"
    if chosen is None:
        yield "no rule applies, so the route's own agent answers"


def _trial(route: Route, local: datetime, incoming: Incoming) -> Iterator[str]:
    if route.trial is None:
        return
    told = f"trial of version {route.trial.version} for {route.trial.percent} in 100 callers"
    if agent_at(route, local) != route.agent:
        yield f"{told}: not for the agent of a rule"
    elif incoming.withheld:
        yield f"{told}: without a number each call is drawn by itself"
    else:
        in_it = in_trial(route.agent, route.trial, incoming)
        yield f"{told}: this caller is {'always in it' if in_it else 'never in it'}"
