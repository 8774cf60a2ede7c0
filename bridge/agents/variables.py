"""What an agent's variables are in one call.

A value that comes from outside is made one line of bounded length without control characters, and
is put into a text once: it is never read as a template itself.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from bridge.agents.document import Agent, Variable
from bridge.agents.incoming import Incoming
from bridge.agents.template import render
from bridge.agents.variable_fields import MAX_VALUE_CHARS

_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def values(
    agent: Agent, incoming: Incoming, looked_up: Mapping[str, Any] | None, now: datetime
) -> dict[str, str]:
    """A text for each declared variable. ``now`` has a time zone; ``looked_up`` None: there was
    no answer. What is missing is the default, or empty."""
    return {
        name: _found(agent, variable, incoming, looked_up, now) or variable.default or ""
        for name, variable in agent.variables.items()
    }


def notes(
    agent: Agent, incoming: Incoming, looked_up: Mapping[str, Any] | None, now: datetime
) -> tuple[str, ...]:
    """What is missing in this call and has no default."""
    return tuple(
        f"variable {name}: no value from {variable.source}, and no default; it is empty"
        for name, variable in agent.variables.items()
        if variable.default is None and not _found(agent, variable, incoming, looked_up, now)
    )


def filled(agent: Agent, values: Mapping[str, str]) -> Agent:
    """The agent with its texts as they are in this call. Without variables it is the same one."""
    if not agent.variables:
        return agent
    greeting = render(agent.greeting, values).strip() if agent.greeting else ""
    instructions = render(agent.instructions, values)
    return replace(agent, instructions=instructions, greeting=greeting or None)


def lookup_keys(agent: Agent) -> frozenset[str]:
    """What its variables want from a look-up's answer."""
    sources = (each.source or "" for each in agent.variables.values())
    return frozenset(each.removeprefix("lookup:") for each in sources if each.startswith("lookup:"))


def local_time(now: datetime, timezone: str) -> str:
    """As a model reads it well: Tuesday, 24 November 2026, 14:05."""
    local = now.astimezone(ZoneInfo(timezone))
    day, month = _DAYS[local.weekday()], _MONTHS[local.month - 1]
    return f"{day}, {local.day} {month} {local.year}, {local:%H:%M}"


def clean(value: str) -> str:
    """One line without what cannot be seen, of at most ``MAX_VALUE_CHARS``."""
    seen = "".join(map(_seen, value[: 4 * MAX_VALUE_CHARS]))
    return " ".join(seen.split())[:MAX_VALUE_CHARS].rstrip()


def _seen(character: str) -> str:
    """Line and paragraph separators are spaces; control and formatting characters (that turn the
    reading direction, or join letters invisibly), surrogates and unassigned ones are nothing."""
    if character.isspace():
        return " "
    return "" if unicodedata.category(character).startswith("C") else character


def text_of(value: Any) -> str:
    """A JSON value as a text: of a list its plain values, of a mapping nothing."""
    match value:
        case bool():
            return "yes" if value else "no"
        case str():
            return clean(value)
        case int() | float():
            return clean(str(value)) if abs(value) < 1e100 else ""
        case list():
            plain = (text_of(each) for each in value[:100] if not isinstance(each, list))
            return clean(", ".join(filter(None, plain)))
    return ""


def _found(
    agent: Agent,
    variable: Variable,
    incoming: Incoming,
    looked_up: Mapping[str, Any] | None,
    now: datetime,
) -> str:
    kind, _, key = (variable.source or "").partition(":")
    match kind:
        case "caller":
            return "" if incoming.withheld else clean(incoming.caller)
        case "called":
            return clean(incoming.called)
        case "local_time":
            return local_time(now, agent.timezone)
        case "parameter":
            return clean(incoming.parameters.get(key, ""))
        case "lookup":
            return text_of((looked_up or {}).get(key))
    return ""
