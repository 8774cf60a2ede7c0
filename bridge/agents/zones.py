"""Time zones by their IANA names."""

from difflib import get_close_matches
from functools import cache
from zoneinfo import available_timezones

from bridge.agents.section import Section


def zone(part: Section, key: str) -> str | None:
    """The name of a time zone that is known here."""
    name = part.text(key, 64)
    if name is None or name in known():
        return name
    near = get_close_matches(name, known(), n=1)
    mend = f"did you mean {near[0]}?" if near else "write one such as Europe/Berlin"
    part.wrong_field(key, f"'{name}' is no time zone; {mend}")
    return None


@cache
def known() -> frozenset[str]:
    return frozenset(available_timezones()) | {"UTC"}
