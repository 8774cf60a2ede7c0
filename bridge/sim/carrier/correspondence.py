"""All that one call says over HTTP, and the answers.

At most one request is one the call waits for; its retry, its redirects and its time limit are
settled here (Voice, "webhook connection behaviour"). Callbacks go out beside it.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bridge.sim.carrier.callbacks import Callbacks
from bridge.sim.carrier.commands import Ask
from bridge.sim.carrier.number import Line
from bridge.sim.carrier.profile import PhoneProfile
from bridge.sim.carrier.signing import Field
from bridge.sim.carrier.warning import Warning_
from bridge.sim.carrier.webhook import (
    CALLBACK_FAILED,
    Exchange,
    Failure,
    Identity,
    Purpose,
    Refusal,
    Request,
    Response,
    document,
    redirect_of,
    request,
)

RETRIES = 1  # on a connection that could not be made, and then only


@dataclass(frozen=True)
class Answered:
    """What came of the request the call was waiting for: a document, or an error."""

    request: Request
    document: str | None
    code: int = 0
    text: str = ""


@dataclass(frozen=True)
class _Pending:
    request: Request
    asked_url: str  # as the document named it: before fields went into its query
    sent_at: float
    until: float
    token: str  # the same for every attempt


class Correspondence:
    def __init__(
        self,
        identity: Identity,
        line: Line,
        auth_token: str,
        profile: PhoneProfile,
        epoch_s: float,
    ) -> None:
        self._identity = identity
        self.callbacks = Callbacks(identity, line, profile, epoch_s)
        self.exchanges: list[Exchange] = []
        self.warnings: list[Warning_] = []
        self._auth_token = auth_token
        self._profile = profile
        self._random = random.Random(f"tokens {identity.call_sid} {profile.seed}")
        self._numbers = 0
        self._pending: _Pending | None = None
        self._beside: dict[int, tuple[Request, float]] = {}

    def ask(
        self,
        purpose: Purpose,
        method: str,
        url: str,
        status: str,
        now: float,
        extra: Sequence[Field] = (),
    ) -> list[Ask]:
        """A request the call waits for, in place of any other."""
        token = self._token()
        fields = [*self._identity.fields(status), *extra]
        asked = self._request(purpose, method, url, fields, token)
        until = now + self._profile.total_timeout_s
        self._pending = _Pending(asked, url, now, until, token)
        return [Ask(asked, waits=True)]

    def repeat(self, now: float) -> list[Ask]:
        """The pending request once more, as a network that thought it lost would send it."""
        if self._pending is None:
            return []
        first = self._pending.request
        url, token = self._pending.asked_url, self._pending.token
        again = self._request("duplicate", first.method, url, first.fields, token)
        self._beside[again.id] = (again, now)
        return [Ask(again, waits=False)]

    def forget(self) -> None:
        """The answer no longer matters."""
        if self._pending:
            self._beside[self._pending.request.id] = (self._pending.request, self._pending.sent_at)
            self._pending = None

    def answered(
        self, number: int, answer: Response | Failure, now: float
    ) -> tuple[list[Ask], Answered | None]:
        """Either more is to be asked, or this was the end of it, or it did not matter."""
        if number in self._beside:
            self._note(number, answer, now)
            return [], None
        pending = self._pending
        if pending is None or pending.request.id != number:
            return [], None
        self._pending = None
        self.exchanges.append(Exchange(pending.request, answer, pending.sent_at, now))
        try:
            if again := self._once_more(pending, answer, now):
                return again, None
            return [], Answered(pending.request, document(answer))
        except Refusal as refusal:
            return [], Answered(pending.request, None, refusal.code, refusal.text)

    def expired(self, now: float) -> Answered | None:
        """The end of the pending request, where its time is up."""
        pending = self._pending
        if pending is None or now < pending.until:
            return None
        late = Failure("timeout", f"no answer in {self._profile.total_timeout_s:g} s")
        return self.answered(pending.request.id, late, now)[1]

    def due(self, now: float) -> list[Ask]:
        """Callbacks that are to go out by now."""
        asks = []
        for callback in self.callbacks.due(now):
            made = self._request(
                callback.purpose, callback.method, callback.url, callback.fields, self._token()
            )
            self._beside[made.id] = (made, now)
            asks.append(Ask(made, waits=False))
        return asks

    def deadline(self) -> float | None:
        found = (self.callbacks.deadline(), self._pending.until if self._pending else None)
        return min((due for due in found if due is not None), default=None)

    def _once_more(
        self, pending: _Pending, answer: Response | Failure, now: float
    ) -> list[Ask] | None:
        asked = pending.request
        if isinstance(answer, Failure) and answer.kind == "connect" and asked.attempt <= RETRIES:
            again = self._request(
                asked.purpose, asked.method, pending.asked_url, asked.fields, pending.token
            )
            again = replace(again, attempt=asked.attempt + 1, redirects=asked.redirects)
            self._pending = replace(pending, request=again, sent_at=now)
            return [Ask(again, waits=True)]
        if target := redirect_of(answer, asked):
            method, url = target
            again = self._request(asked.purpose, method, url, asked.fields, pending.token)
            again = replace(again, redirects=asked.redirects + 1)
            self._pending = replace(pending, request=again, asked_url=url, sent_at=now)
            return [Ask(again, waits=True)]
        return None

    def _note(self, number: int, answer: Response | Failure, now: float) -> None:
        asked, sent_at = self._beside.pop(number)
        self.exchanges.append(Exchange(asked, answer, sent_at, now))
        done = isinstance(answer, Response) and 200 <= answer.status < 300
        if asked.purpose in ("status", "stream-status") and not done:
            what = answer.status if isinstance(answer, Response) else answer.kind
            text = f"{asked.purpose} callback answered by {what}"
            self.warnings.append(Warning_(CALLBACK_FAILED, text, now))

    def _request(
        self, purpose: Purpose, method: str, url: str, fields: Sequence[Field], token: str
    ) -> Request:
        self._numbers += 1
        return request(
            self._numbers,
            purpose,
            method,
            url,
            fields,
            auth_token=self._auth_token,
            idempotency_token=token,
        )

    def _token(self) -> str:
        return f"{self._random.getrandbits(128):032x}"
