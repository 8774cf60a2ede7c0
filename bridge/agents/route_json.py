"""Routes as JSON, and what may stand in it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import yaml

from bridge.agents.json_tree import json_tree
from bridge.agents.problems import AgentError, Problem
from bridge.agents.routing import DAYS, EVERYWHERE, WITHHELD, Day, Route, TimeRule, Trial
from bridge.agents.section import Section
from bridge.agents.zones import zone

AGENT: Final = "[a-z][a-z0-9-]{0,62}"
AGENT_FORM: Final = "an agent's name: small letters, digits and -, a letter first"

_CALLED = r"\*|\+[1-9]\d{4,14}|sip:[^@\s;?]{1,128}@([a-z0-9.-]{1,253}|\[[0-9a-f:.]+\])"
_CALLED_FORM = "a number such as +4930123456, a SIP address such as sip:shop@example.com, or *"
_NUMBER_BLOCKED = re.compile(r"\+[1-9]\d{0,14}\*|\+[1-9]\d{2,14}|\d{3,14}\*?")
_NAME_BLOCKED = re.compile(r"(sip|client):[^\s*]{1,256}\*?")
_BLOCKED_FORM = "a number such as +4930123456, a beginning such as +4990*, or withheld"
_TIME = r"([01]\d|2[0-3]):[0-5]\d"
_END = rf"{_TIME}|24:00"
_DAYS = "|".join(DAYS)
_DAYS_FORM = f"{', '.join(DAYS)}, or a span such as mon-fri"


class RouteError(ValueError):
    """All that is wrong with one route. The problems name their fields; their lines mean
    nothing."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        told = (": ".join(filter(None, (each.field, each.message))) for each in problems)
        super().__init__("\n".join(told))


def to_json(route: Route) -> dict[str, Any]:
    """With every field, so that what is not set can be seen."""
    return {
        "called": route.called,
        "agent": route.agent,
        "rules": [
            {"days": list(rule.days), "start": rule.start, "end": rule.end, "agent": rule.agent}
            for rule in route.rules
        ],
        "timezone": route.timezone,
        "trial": (
            {"version": route.trial.version, "percent": route.trial.percent}
            if route.trial
            else None
        ),
        "max_calls": route.max_calls,
    }


def from_json(value: Any) -> Route:
    """Raises ``RouteError`` with every problem. ``called`` and ``agent`` are needed."""
    if not isinstance(value, Mapping) or not value:
        told = "is not a route; write an object with called and agent"
        raise RouteError([Problem(1, 1, "", told)])
    problems: list[Problem] = []
    try:
        tree = json_tree(value, "route")
    except AgentError as error:
        raise RouteError(error.problems) from None
    route = _route(Section(tree, "", _FIELDS, problems, "a route"))
    if problems:
        raise RouteError([Problem(1, 1, each.field, each.message) for each in problems])
    return route


_FIELDS = tuple(Route.__dataclass_fields__)
_RULE_FIELDS = tuple(TimeRule.__dataclass_fields__)


def _route(top: Section) -> Route:
    return Route(
        called=top.needed_text("called", 400, "+4930123456", _CALLED, _CALLED_FORM),
        agent=top.needed_text("agent", 63, "front-desk", AGENT, AGENT_FORM),
        rules=tuple(
            _rule(part) for part in top.sections("rules", _RULE_FIELDS, "{start: ..., end: ...}")
        ),
        timezone=zone(top, "timezone") or "UTC",
        trial=_trial(top),
        max_calls=top.whole("max_calls", 0, 100_000),
    )


def _rule(part: Section) -> TimeRule:
    start = part.needed_text("start", 5, "'09:00'", _TIME, "a time from 00:00 to 23:59")
    end = part.needed_text("end", 5, "'17:00'", _END, "a time from 00:00 to 24:00")
    if start and start == end:
        part.wrong_field("end", "is the start; for a whole day write 00:00 to 24:00")
    agent = part.needed_text("agent", 63, "night-desk", AGENT, AGENT_FORM)
    return TimeRule(_days(part), start, end, agent)


def _days(part: Section) -> tuple[Day, ...]:
    """None named: every day. In the order of the week, each once."""
    named = part.texts("days", rf"({_DAYS})(-({_DAYS}))?", _DAYS_FORM)
    node = part.get("days")
    if isinstance(node, yaml.SequenceNode) and not node.value:
        part.wrong_field("days", f"names no day; remove it for every day, or write {_DAYS_FORM}")
    found = {day for each in named for day in _span(each)}
    return tuple(day for day in DAYS if day in found) if named else DAYS


def _span(written: str) -> Sequence[Day]:
    first, _, last = written.partition("-")
    names: Sequence[str] = DAYS
    start = names.index(first)
    length = (names.index(last or first) - start) % 7 + 1
    return (DAYS + DAYS)[start : start + length]


def _trial(top: Section) -> Trial | None:
    part = top.section("trial", ("version", "percent"), "{version: 2, percent: 20}")
    if part is None:
        return None
    for key in ("version", "percent"):
        if part.get(key) is None:
            part.wrong_field(key, "is missing; a trial needs a version and a percentage")
    version = part.whole("version", 1, 1_000_000_000)
    percent = part.whole("percent", 0, 100)
    return Trial(version or 1, percent or 0)


def blocked_problem(caller: str) -> str | None:
    """What is wrong with a blocked caller, with its mend."""
    if caller == WITHHELD or _NUMBER_BLOCKED.fullmatch(caller):
        return None
    if _NAME_BLOCKED.fullmatch(caller):
        return None
    if caller == EVERYWHERE:
        return "blocks everybody; write a longer beginning, or remove the routes"
    return f"'{caller[:40]}' is no caller; write {_BLOCKED_FORM}"
