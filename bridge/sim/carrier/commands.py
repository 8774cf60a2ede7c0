"""What a phone call asks of whoever carries it out."""

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.sim.carrier.webhook import Request


@dataclass(frozen=True)
class Ask:
    """Send this request; tell ``PhoneCall.answered``."""

    request: Request
    waits: bool  # the call hangs on the answer; callbacks may outlive it


@dataclass(frozen=True)
class OpenSocket:
    """Tell ``socket_opened`` or ``socket_refused``, then every frame, then ``socket_closed``."""

    stream_sid: str
    url: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Send:
    stream_sid: str
    text: str


@dataclass(frozen=True)
class CloseSocket:
    """After what was sent; with ``linger_s`` only once the far end has, or so much later."""

    stream_sid: str
    linger_s: float = 0.0


@dataclass(frozen=True)
class Over:
    """The call is over. Callbacks may still be due: go on ticking while there is a deadline."""

    status: str  # a terminal CallStatus: completed, busy, failed, no-answer
    ended_by: str  # caller, document, rest, limit, error


Command = Ask | OpenSocket | Send | CloseSocket | Over
