"""Which agent answers a call, and in which version.

A route belongs to one called number or SIP address, or to all that have none of their own ("*").
``bridge.agents.route_json`` reads and writes routes as JSON.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, Literal
from zoneinfo import ZoneInfo

from bridge.agents.incoming import Incoming, address

EVERYWHERE: Final = "*"
WITHHELD: Final = "withheld"  # among the blocked callers: all whose number is not shown

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: Final[tuple[Day, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class TimeRule:
    """``agent`` answers from ``start`` to before ``end``, by the clock on the wall ("09:00",
    "24:00"). An end before the start is in the next day; ``days`` are those of the start."""

    days: tuple[Day, ...]
    start: str
    end: str
    agent: str


@dataclass(frozen=True)
class Trial:
    """So many callers in a hundred get this version of the route's agent."""

    version: int
    percent: int


@dataclass(frozen=True)
class Route:
    """The first rule that applies names the agent, else it is ``agent``. ``timezone`` is that of
    the rules. ``max_calls`` counts the calls that run over this route in one process."""

    called: str
    agent: str
    rules: tuple[TimeRule, ...] = ()
    timezone: str = "UTC"
    trial: Trial | None = None
    max_calls: int | None = None


@dataclass(frozen=True)
class Chosen:
    """``version`` None: the published one. ``route`` is what the route calls the called number."""

    agent: str
    version: int | None
    route: str
    variant: Literal["published", "trial"]


@dataclass(frozen=True)
class Refused:
    reason: Literal["blocked", "full", "no agent"]


def choose(
    routes: Mapping[str, Route],
    blocked: Collection[str],
    incoming: Incoming,
    now_utc: datetime,
    running: Mapping[str, int],
) -> Chosen | Refused:
    """``routes`` and ``running`` (calls) by the called number of the route. ``blocked`` holds whole
    numbers, beginnings such as ``+4990*``, and ``withheld``."""
    if is_blocked(blocked, incoming):
        return Refused("blocked")
    route = routes.get(address(incoming.called)) or routes.get(EVERYWHERE)
    if route is None:
        return Refused("no agent")
    if route.max_calls is not None and running.get(route.called, 0) >= route.max_calls:
        return Refused("full")
    agent = agent_at(route, now_utc)
    trial = route.trial
    if trial is not None and agent == route.agent and in_trial(agent, trial, incoming):
        return Chosen(agent, trial.version, route.called, "trial")
    return Chosen(agent, None, route.called, "published")


def is_blocked(blocked: Collection[str], incoming: Incoming) -> bool:
    if incoming.withheld:
        return WITHHELD in blocked
    caller = address(incoming.caller)
    beginnings = (f"{caller[:length]}*" for length in range(1, len(caller) + 1))
    return caller in blocked or any(each in blocked for each in beginnings)


def agent_at(route: Route, now_utc: datetime) -> str:
    if not route.rules:
        return route.agent
    local = now_utc.astimezone(ZoneInfo(route.timezone))
    return next((rule.agent for rule in route.rules if applies(rule, local)), route.agent)


def applies(rule: TimeRule, local: datetime) -> bool:
    """By the clock on the wall: where it jumps, a start that does not exist is the first moment
    after the jump, and an hour that comes twice counts twice."""
    now, start, end = f"{local:%H:%M}", rule.start, rule.end
    today = DAYS[local.weekday()]
    if start < end:
        return today in rule.days and start <= now < end
    yesterday = DAYS[(local - timedelta(days=1)).weekday()]
    return (today in rule.days and start <= now) or (yesterday in rule.days and now < end)


def in_trial(agent: str, trial: Trial, incoming: Incoming) -> bool:
    """The same caller is always in or always out, and stays in when the percentage grows. Callers
    without a number cannot be told apart, so there each call is drawn by itself."""
    caller = incoming.call_sid if incoming.withheld else address(incoming.caller)
    drawn = sha256(f"{agent}\n{trial.version}\n{caller}".encode()).digest()
    return int.from_bytes(drawn, "big") % 100 < trial.percent
