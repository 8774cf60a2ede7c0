"""The requests Twilio makes over HTTP, and what it makes of the answers (Voice, "Webhooks")."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlencode, urlsplit

from bridge.sim.carrier.signing import Field, signature
from bridge.sim.carrier.urls import is_url, resolved

MAX_BODY_BYTES: Final = 64 * 1024
MAX_REDIRECTS: Final = 10

HTTP_FAILED: Final = 11200
CONNECT_FAILED: Final = 11205
TOO_MANY_REDIRECTS: Final = 11215
BODY_TOO_LARGE: Final = 11750
CONTENT_TYPE: Final = 12300
CALLBACK_FAILED: Final = 15003

Purpose = Literal[
    "voice", "duplicate", "action", "redirect", "update", "fallback", "status", "stream-status"
]


@dataclass(frozen=True)
class Request:
    id: int
    purpose: Purpose
    method: str
    url: str  # without a fragment; for GET with the fields in its query
    body: bytes  # empty for GET
    headers: Mapping[str, str]
    fields: Sequence[Field]
    attempt: int = 1
    redirects: int = 0


@dataclass(frozen=True)
class Response:
    status: int
    content_type: str = ""
    body: bytes = b""
    location: str = ""


@dataclass(frozen=True)
class Failure:
    """No answer: not connected, not in time, or broken off."""

    kind: Literal["connect", "timeout", "broken"]
    text: str = ""


@dataclass(frozen=True)
class Exchange:
    request: Request
    answer: Response | Failure
    sent_at: float
    answered_at: float

    @property
    def ms(self) -> float:
        return (self.answered_at - self.sent_at) * 1000


@dataclass(frozen=True)
class Identity:
    """Who is calling whom, as every webhook tells it."""

    account_sid: str
    call_sid: str
    from_number: str
    to_number: str
    direction: str = "inbound"

    def fields(self, call_status: str) -> list[Field]:
        places = [
            (f"{who}{what}", "")
            for who in ("From", "To", "Caller", "Called")
            for what in ("City", "State", "Zip", "Country")
        ]
        return [
            ("AccountSid", self.account_sid),
            ("ApiVersion", "2010-04-01"),
            ("CallSid", self.call_sid),
            ("CallStatus", call_status),
            ("Called", self.to_number),
            ("Caller", self.from_number),
            ("Direction", self.direction),
            ("From", self.from_number),
            ("To", self.to_number),
            ("StirVerstat", "TN-Validation-Passed-A"),
            *places,  # guesses; often there and empty
        ]


class Refusal(Exception):
    """An answer that is no TwiML; ``code`` goes to the error log."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


def request(
    number: int,
    purpose: Purpose,
    method: str,
    url: str,
    fields: Sequence[Field],
    *,
    auth_token: str,
    idempotency_token: str,
) -> Request:
    """A signed request, as Twilio's proxy sends it."""
    url = url.partition("#")[0]
    body = b""
    headers = {
        "User-Agent": "TwilioProxy/1.1",
        "Accept": "*/*",
        "I-Twilio-Idempotency-Token": idempotency_token,
        "X-Home-Region": "us1",
    }
    if method == "GET":
        url += ("&" if urlsplit(url).query else "?") + urlencode(fields)
        headers["X-Twilio-Signature"] = signature(auth_token, url)
    else:
        body = urlencode(fields).encode()
        headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
        headers["X-Twilio-Signature"] = signature(auth_token, url, fields)
    return Request(number, purpose, method, url, body, headers, fields)


def document(answer: Response | Failure) -> str:
    """The TwiML of an answer that is no redirect. Raises ``Refusal``."""
    if isinstance(answer, Failure):
        code = CONNECT_FAILED if answer.kind == "connect" else HTTP_FAILED
        raise Refusal(code, f"{answer.kind}: {answer.text}")
    if not 200 <= answer.status < 300:
        raise Refusal(HTTP_FAILED, f"HTTP status {answer.status}")
    if len(answer.body) > MAX_BODY_BYTES:
        raise Refusal(BODY_TOO_LARGE, f"a body of {len(answer.body)} bytes")
    media_type = answer.content_type.partition(";")[0].strip().lower()
    if media_type not in ("text/xml", "application/xml"):
        raise Refusal(CONTENT_TYPE, f"content type {answer.content_type!r}")
    return answer.body.decode(errors="replace")


def redirect_of(answer: Response | Failure, asked: Request) -> tuple[str, str] | None:
    """Method and URL where the answer sends us; None where it does not.

    Raises ``Refusal`` after too many.
    """
    if isinstance(answer, Failure) or answer.status not in (301, 302, 303, 307, 308):
        return None
    if not answer.location:
        return None
    if asked.redirects >= MAX_REDIRECTS:
        raise Refusal(TOO_MANY_REDIRECTS, f"more than {MAX_REDIRECTS} redirects")
    method = asked.method if answer.status in (307, 308) else "GET"
    url = resolved(asked.url, answer.location)
    if not is_url(url, "http", "https"):
        raise Refusal(HTTP_FAILED, f"a redirect to {answer.location!r}")
    return method, url
