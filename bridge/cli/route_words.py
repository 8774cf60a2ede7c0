"""Routes in words: as they are typed at a shell, and as they are shown there."""

from collections.abc import Sequence
from typing import Any

from bridge.agents.routing import DAYS, Day, Route, TimeRule


class WordsError(ValueError):
    """What is not of the form, with the form."""


def rule_json(written: str) -> dict[str, Any]:
    """Of ``[DAYS] START-END AGENT``, such as ``mon-fri,sun 18:00-08:00 night``; its parts are
    judged with the route. Raises ``WordsError``."""
    words = written.split()
    *days, hours, agent = words if len(words) in (2, 3) else ("", "")
    start, dash, end = hours.partition("-")
    if not dash:
        raise WordsError(f"'{written}' is no rule; write one such as 'mon-fri 18:00-08:00 night'")
    rule: dict[str, Any] = {"start": start, "end": end, "agent": agent}
    if days:
        rule["days"] = days[0].split(",")
    return rule


def trial_json(written: str) -> dict[str, int]:
    """Of ``VERSION:PERCENT``. Raises ``WordsError``."""
    version, colon, percent = written.partition(":")
    if not colon or not (version.isdecimal() and percent.isdecimal()):
        mend = "write VERSION:PERCENT, such as 4:20 for version 4 and 20 callers in a hundred"
        raise WordsError(f"'{written}' is no trial; {mend}")
    return {"version": int(version), "percent": int(percent)}


def rule_words(rule: TimeRule) -> str:
    """As ``rule_json`` reads it."""
    return f"{_days(rule.days)} {rule.start}-{rule.end} {rule.agent}"


def rules_words(route: Route) -> str:
    """A line for each, with the time zone where it matters."""
    lines = [rule_words(each) for each in route.rules]
    return "\n".join([*lines, f"in {route.timezone}"]) if lines else ""


def trial_words(route: Route) -> str:
    return f"version {route.trial.version}: {route.trial.percent} %" if route.trial else ""


def calls_words(count: int) -> str:
    return f"{count} call" if count == 1 else f"{count} calls"


def _days(days: Sequence[Day]) -> str:
    """Neighbours as a span."""
    spans: list[list[Day]] = []
    for day in days:
        if spans and DAYS.index(spans[-1][-1]) + 1 == DAYS.index(day):
            spans[-1].append(day)
        else:
            spans.append([day])
    return ",".join(each[0] if len(each) == 1 else f"{each[0]}-{each[-1]}" for each in spans)
