"""Who may open a media socket, once, and what is to become of each call."""

import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bridge.call.actions import Outcome

TOKEN_BYTES = 24
REMEMBERED_CALLS = 10_000  # outcomes are asked for within seconds; this is for bad days


@dataclass(frozen=True)
class Admission:
    """A call that may open its media socket with ``token``; ``fresh``: this is news."""

    call_sid: str
    token: str
    fresh: bool


class Admissions(Protocol):
    """What several processes have to agree on, and nothing more.

    One CallSid has at most one stream at a time and the older one wins: asking again gives the
    same token, which is good once. Only when the call was concluded can it be admitted anew.
    """

    async def admit(self, call_sid: str) -> Admission: ...

    async def redeem(self, token: str) -> str | None:
        """The call this token is for; None: unknown, expired or used."""

    async def conclude(self, call_sid: str, outcome: Outcome) -> None: ...

    async def outcome(self, call_sid: str) -> Outcome | None:
        """How the call's last stream ended; None: it is not over, or nobody knows of it."""


@dataclass
class _Call:
    token: str
    expires_at: float
    used: bool = False
    outcome: Outcome | None = None


class MemoryAdmissions:
    """For one process."""

    def __init__(self, ttl_s: float, now: Callable[[], float]) -> None:
        self._ttl_s = ttl_s
        self._now = now
        self._calls: OrderedDict[str, _Call] = OrderedDict()
        self._tokens: dict[str, str] = {}

    async def admit(self, call_sid: str) -> Admission:
        known = self._calls.get(call_sid)
        if known and known.outcome is None and (known.used or known.expires_at > self._now()):
            return Admission(call_sid, known.token, fresh=False)
        self._forget(call_sid)
        token = secrets.token_urlsafe(TOKEN_BYTES)
        self._calls[call_sid] = _Call(token, self._now() + self._ttl_s)
        self._tokens[token] = call_sid
        while len(self._calls) > REMEMBERED_CALLS:
            self._forget(next(iter(self._calls)))
        return Admission(call_sid, token, fresh=True)

    async def redeem(self, token: str) -> str | None:
        call_sid = self._tokens.pop(token, None)
        if call_sid is None or (call := self._calls[call_sid]).expires_at <= self._now():
            return None
        call.used = True
        return call_sid

    async def conclude(self, call_sid: str, outcome: Outcome) -> None:
        if call := self._calls.get(call_sid):
            call.outcome = outcome

    async def outcome(self, call_sid: str) -> Outcome | None:
        call = self._calls.get(call_sid)
        return call.outcome if call else None

    def _forget(self, call_sid: str) -> None:
        if call := self._calls.pop(call_sid, None):
            self._tokens.pop(call.token, None)
