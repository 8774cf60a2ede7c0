"""What handlers are given: whose request it is, and parts of paths and bodies with their bounds."""

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import Depends, Path, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from bridge.agents.route_json import AGENT
from bridge.characters import control_problem, printable
from bridge.store.audit import Change
from bridge.store.tokens import TokenRow

WHOLE_MAX: Final = 2**31 - 1  # what both databases can hold


def _clean(text: str | None) -> str | None:
    if told := control_problem(text or ""):
        raise ValueError(told)
    return text


# Of a text: without control characters but tab and line end.
CLEAN: Final = AfterValidator(_clean)


def _no_lost_plus(text: str | None) -> str | None:
    if text and (text.startswith(" ") or "/ " in text):
        raise ValueError("has a space where a + may be meant; in a URL, write %2B for +")
    return text


# Of a number in a query, where a + is read as a space: nothing there is begins with one.
NO_LOST_PLUS: Final = AfterValidator(_no_lost_plus)

Name = Annotated[
    str, Path(pattern=f"^{AGENT}$", description="Of the agent.", examples=["front-desk"])
]
Number = Annotated[int, Path(ge=1, le=WHOLE_MAX, description="Of the version.", examples=[3])]
Sid = Annotated[
    str,
    Path(
        pattern="^[A-Za-z0-9]{2,64}$",
        description="Twilio's CallSid.",
        examples=["CA0123456789abcdef0123456789abcdef"],
    ),
]
Cursor = Annotated[str, Field(max_length=500, description="`next` of the page before.")]
Whole = Annotated[int, Field(ge=0, le=WHOLE_MAX)]
NoteText = Annotated[str, Field(max_length=1000, description="Kept in the audit log."), CLEAN]


def _token(request: Request) -> TokenRow:
    token: TokenRow = request.scope["token"]
    return token


Token = Annotated[TokenRow, Depends(_token)]


def change(token: TokenRow, note: str = "") -> Change:
    return Change(f"token:{printable(token.name)}", note)


class Strict(BaseModel):
    """A body whose fields are all known."""

    model_config = ConfigDict(extra="forbid", strict=True)


def utc(at: datetime | None) -> str | None:
    """RFC 3339."""
    return None if at is None else at.isoformat().replace("+00:00", "Z")


def example(value: Any) -> Any:
    """For ``Body``: one example in the document."""
    return [value]
