"""The number that was dialled, as its owner configured it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    voice_url: str
    voice_method: str = "POST"
    fallback_url: str | None = None
    status_callback: str | None = None
    # Of initiated, ringing, answered, completed. A number tells only the end unless asked.
    status_events: frozenset[str] = frozenset({"completed"})
