"""What the API answers with."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, Field

from bridge.agents.routing import Route
from bridge.store.agents import AgentRow, Draft, Version
from bridge.web.api.texts import as_json


class AgentOut(BaseModel):
    name: str = Field(examples=["front-desk"])
    title: str = Field(examples=["Front desk"])
    published: int | None = Field(description="The version new calls get.", examples=[3])
    versions: int = Field(description="How many there are.", examples=[3])
    draft_revision: int | None = Field(description="None: there is no draft.", examples=[7])
    tests_required: bool
    updated_at: datetime
    updated_by: str = Field(examples=["token:deploy"])


class Agents(BaseModel):
    agents: list[AgentOut]


class DraftOut(BaseModel):
    agent: str
    revision: int = Field(description="Also the ETag: send it back as If-Match.", examples=[7])
    author: str
    saved_at: datetime
    text: str = Field(description="YAML, as written.")
    tests: str = Field(description="The agent's test conversations, YAML.")
    document: Any = Field(None, description="The text as JSON; null where it cannot be.")


class VersionRow(BaseModel):
    agent: str
    number: int = Field(examples=[3])
    author: str
    note: str
    created_at: datetime


class VersionOut(VersionRow):
    text: str = Field(description="YAML, as written.")
    tests: str
    document: Any = Field(None, description="The text as JSON; null where it cannot be.")


class TrialLeft(BaseModel):
    """A route that goes on leading callers to a version of this agent."""

    called: str = Field(examples=["*"])
    version: int = Field(examples=[2])
    percent: int = Field(description="So many callers in a hundred get it.", examples=[100])


class PublishedOut(VersionOut):
    trials: list[TrialLeft] = Field(
        description="Trials of this agent, which go on: their callers get the version on trial, "
        "not this one. To end one, set its route without `trial`."
    )


class Versions(BaseModel):
    versions: list[VersionRow]


class DiffOut(BaseModel):
    old: str = Field(examples=["version 2"])
    new: str = Field(examples=["draft"])
    diff: str = Field(description="Unified; empty: no difference.")


class ProblemOut(BaseModel):
    field: str
    message: str
    line: int | None = None
    column: int | None = None


class Judged(BaseModel):
    valid: bool
    problems: list[ProblemOut]
    warnings: list[str] = Field(description="Fields without effect on some models.")


class LiveOut(BaseModel):
    call_sid: str
    agent: str
    version: int
    route: str
    variant: str
    caller: str
    called: str
    started_at: datetime
    here: bool = Field(description="It runs in the process that answers, and can be controlled.")
    state: str | None = Field(None, description="Whose turn it is.", examples=["listening"])


class LiveCalls(BaseModel):
    calls: list[LiveOut]


class CallRow(BaseModel):
    call_sid: str
    started_at: datetime
    ended_at: datetime | None
    seconds: float | None
    process: str
    agent: str
    version: int
    route: str
    variant: str = Field(examples=["published"])
    caller: str = Field(examples=["+15005550006"])
    called: str = Field(examples=["+15005550001"])
    model: str
    outcome: str | None = Field(description="Null: it runs.", examples=["caller hung up"])
    outcome_detail: str
    has_errors: bool
    turns: int
    barge_ins: int
    functions: int
    latency_ms: float | None = Field(
        description="Median, from the end of the caller's speech to the first sound of the answer."
    )
    cost: Decimal | None = Field(description="US dollars; null: no price is known.")
    recording: str | None


class VersionFigures(BaseModel):
    version: int
    variant: str
    calls: int
    outcomes: dict[str, int]
    seconds: float
    latency_ms: float | None = Field(description="Median of the calls' medians.")
    cost: Decimal
    priced: int = Field(description="Calls whose cost is known.")


class Figures(BaseModel):
    versions: list[VersionFigures]


class CallsPage(BaseModel):
    calls: list[CallRow]
    next: str | None = Field(description="The cursor of the next page; null: this is the last.")


class Done(BaseModel):
    done: Literal[True] = True


class AuditOut(BaseModel):
    id: int
    at: datetime
    who: str = Field(examples=["token:deploy"])
    action: str = Field(examples=["agent.published"])
    subject: str = Field(examples=["agent/front-desk"])
    note: str = ""
    before: Any = None
    after: Any = None


class AuditPage(BaseModel):
    entries: list[AuditOut]
    next: int | None


class TokenOut(BaseModel):
    id: str
    name: str
    scope: str
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class Tokens(BaseModel):
    tokens: list[TokenOut]


class NewToken(TokenOut):
    secret: str = Field(description="Shown this once; only its hash is kept.")


def agent_out(row: AgentRow) -> AgentOut:
    return AgentOut.model_validate(row, from_attributes=True)


def draft_out(draft: Draft) -> DraftOut:
    told = DraftOut.model_validate(draft, from_attributes=True)
    return told.model_copy(update={"document": as_json(draft.text)})


def published_out(version: Version, routes: Sequence[Route]) -> PublishedOut:
    """``routes`` have a trial of this agent."""
    trials = [
        TrialLeft(called=route.called, **vars(route.trial)) for route in routes if route.trial
    ]
    return PublishedOut(**vars(version_out(version)), trials=trials)


def version_out(version: Version) -> VersionOut:
    told = VersionOut.model_validate(version, from_attributes=True)
    return told.model_copy(update={"document": as_json(version.text)})
