"""An agent as it is in one call: its texts with the values of that call in them."""

from collections.abc import Mapping
from datetime import datetime

from bridge.agents.document import Agent
from bridge.agents.incoming import Incoming
from bridge.agents.variables import filled, notes, values


def prepared(
    agent: Agent, incoming: Incoming, given: Mapping[str, str], now: datetime
) -> tuple[Agent, tuple[str, ...]]:
    """``given`` are values in place of those that the call would bring; nothing is looked up. Also
    what is missing, and what was given and has no place."""
    found = values(agent, incoming, None, now)
    told = tuple(
        note
        for note in notes(agent, incoming, None, now)
        if note.removeprefix("variable ").partition(":")[0] not in given
    )
    unknown = tuple(f"the agent has no variable {name}" for name in given if name not in found)
    known = {name: value for name, value in given.items() if name in found}
    return filled(agent, found | known), told + unknown
