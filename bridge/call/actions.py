"""What a call asks of those who run it, beside sending messages to its peers."""

from dataclasses import dataclass
from enum import Enum


class Outcome(Enum):
    """How a call ended, and so what the carrier is told to do next."""

    COMPLETED = "completed"  # the assistant said goodbye
    CALLER_HUNG_UP = "caller hung up"
    CARRIER_LOST = "carrier lost"  # the media socket broke or fell silent
    MODEL_LOST = "model lost"  # no model connection, or it broke
    MODEL_FAILED = "model failed"  # it refused the session or cannot answer
    TIME_LIMIT = "time limit"
    DRAINED = "drained"  # the server stops and could wait no longer


@dataclass(frozen=True)
class RunFunction:
    """Run it away from the sockets and hand the result to ``Call.from_function``."""

    call_id: str
    name: str
    arguments: str  # JSON text, as the model wrote it


@dataclass(frozen=True)
class EndCall:
    """Nothing more will be sent: hang up and close both sockets."""

    outcome: Outcome


@dataclass(frozen=True)
class Note:
    """Something ops may want to know. ``kind`` is fit for counting; no words of the caller."""

    kind: str
    detail: str = ""


Action = RunFunction | EndCall | Note
