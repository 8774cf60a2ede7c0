"""What is known of a call from outside of it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class CallContext:
    """Who answers whom. ``version`` 0: an agent that is not in the store. ``route`` is the called
    number of the route, empty where none led here; ``model`` is the model or deployment.
    ``recording_days`` None: as the settings have it."""

    call_sid: str
    agent: str
    version: int
    route: str
    variant: str  # "published" or "trial"
    caller: str
    called: str
    model: str
    started_at: datetime  # UTC
    recorded: bool = False
    recording_days: int | None = None
