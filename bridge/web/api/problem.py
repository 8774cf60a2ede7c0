"""How the API says no: problem documents, RFC 9457.

``type`` is a URN of ours, so that programs need not read ``title`` or ``detail``; ``errors`` names
each field at fault with its mend.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from starlette.responses import Response

MEDIA_TYPE: Final = "application/problem+json"
URN: Final = "urn:offhook:problem:"


@dataclass(frozen=True)
class FieldError:
    """``field`` is dotted, empty for the whole; ``message``: what is wrong; how to mend it."""

    field: str
    message: str
    line: int | None = None  # of the document's text, from 1
    column: int | None = None


@dataclass(frozen=True)
class Kind:
    status: int
    name: str
    title: str

    @property
    def urn(self) -> str:
        return URN + self.name


MALFORMED: Final = Kind(400, "malformed", "The request cannot be read")
TOKEN_IN_URL: Final = Kind(400, "token-in-url", "A token does not belong in a URL")
UNAUTHENTICATED: Final = Kind(401, "unauthenticated", "A valid token is needed")
FORBIDDEN: Final = Kind(403, "forbidden", "The token's scope does not allow this")
NOT_FOUND: Final = Kind(404, "not-found", "There is no such thing")
NO_METHOD: Final = Kind(405, "method-not-allowed", "The method is not allowed here")
TOO_SLOW: Final = Kind(408, "too-slow", "The body did not come in time")
CONFLICT: Final = Kind(409, "conflict", "It has changed, or is not in the state for this")
TOO_LARGE: Final = Kind(413, "too-large", "The body is too large")
MEDIA: Final = Kind(415, "media-type", "The body's media type is not taken here")
RANGE: Final = Kind(416, "range", "The range is not within the file")
INVALID: Final = Kind(422, "invalid", "Some fields are not right")
UNCONDITIONAL: Final = Kind(428, "precondition-required", "Say which revision you have seen")
TOO_MANY: Final = Kind(429, "too-many-requests", "Too many requests")
INTERNAL: Final = Kind(500, "internal", "Something went wrong on our side")
STORE_DOWN: Final = Kind(503, "store-unavailable", "The store cannot be reached")

KINDS: Final = (
    MALFORMED,
    TOKEN_IN_URL,
    UNAUTHENTICATED,
    FORBIDDEN,
    NOT_FOUND,
    NO_METHOD,
    TOO_SLOW,
    CONFLICT,
    TOO_LARGE,
    MEDIA,
    RANGE,
    INVALID,
    UNCONDITIONAL,
    TOO_MANY,
    INTERNAL,
    STORE_DOWN,
)


@dataclass
class Problem(Exception):
    """Raised anywhere below the API's boundary, which answers with its document."""

    kind: Kind
    detail: str
    errors: Sequence[FieldError] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)  # members of this kind alone

    def document(self) -> dict[str, Any]:
        told: dict[str, Any] = {
            "type": self.kind.urn,
            "title": self.kind.title,
            "status": self.kind.status,
            "detail": self.detail,
        }
        if self.errors:
            told["errors"] = [_told(each) for each in self.errors]
        return told | dict(self.more)

    def response(self) -> Response:
        body = msgspec.json.encode(self.document())
        headers = {"Cache-Control": "no-store", **self.headers}
        return Response(body, self.kind.status, headers, MEDIA_TYPE)


def _told(error: FieldError) -> dict[str, Any]:
    told: dict[str, Any] = {"field": error.field, "message": error.message}
    if error.line is not None:
        told |= {"line": error.line, "column": error.column}
    return told


def not_found(detail: str) -> Problem:
    return Problem(NOT_FOUND, detail)


def invalid(field_name: str, message: str) -> Problem:
    return Problem(INVALID, f"{field_name}: {message}", [FieldError(field_name, message)])
