"""Tokens of this API, and the log of every change."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import FastAPI, Path, Query
from pydantic import Field

from bridge.store.tokens import Scope
from bridge.web.api import shapes
from bridge.web.api.given import CLEAN, NO_LOST_PLUS, WHOLE_MAX, Strict, Token, change
from bridge.web.api.schemas import answers
from bridge.web.api.services import Services

DAYS_MAX = 3650

TokenId = Annotated[str, Path(pattern="^[0-9a-z]{1,16}$", examples=["1f3a5b7c"])]
Text = Annotated[str | None, Query(max_length=500), CLEAN]


class NewToken(Strict):
    name: Annotated[
        str,
        Field(
            min_length=1,
            max_length=100,
            examples=["deploy"],
            description="Changes are made under it; of no other token that is good.",
        ),
        CLEAN,
    ]
    scope: Scope
    days: Annotated[int, Field(ge=1, le=DAYS_MAX)] | None = Field(
        90, description="Until it expires; null: it does not."
    )


def add(api: FastAPI, services: Services) -> None:
    store = services.tokens

    @api.get("/tokens", summary="All tokens, without secrets", tags=["tokens"], responses=answers())
    async def list_tokens() -> shapes.Tokens:
        rows = [shapes.TokenOut(**vars(row)) for row in await store.list()]
        return shapes.Tokens(tokens=rows)

    @api.post(
        "/tokens",
        summary="A new token; its secret is shown this once",
        tags=["tokens"],
        status_code=201,
        responses=answers(409),
    )
    async def create_token(body: NewToken, token: Token) -> shapes.NewToken:
        until = expiry(services.now(), body.days)
        row, secret = await store.create(body.name, body.scope, until, change(token))
        return shapes.NewToken(**vars(row), secret=secret)

    @api.delete(
        "/tokens/{token_id}",
        summary="Revoke a token, from the next request on",
        tags=["tokens"],
        responses=answers(404),
    )
    async def revoke_token(token_id: TokenId, token: Token) -> shapes.TokenOut:
        return shapes.TokenOut(**vars(await store.revoke(token_id, change(token))))

    @api.get(
        "/audit",
        summary="Every change, the newest first",
        tags=["audit"],
        responses=answers(),
    )
    async def list_audit(
        cursor: Annotated[
            int | None, Query(ge=1, le=WHOLE_MAX, description="`next` of the page before.")
        ] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
        subject: Annotated[Text, NO_LOST_PLUS] = None,
        who: Text = None,
    ) -> shapes.AuditPage:
        rows = await services.audit.entries(cursor, limit + 1, subject=subject, who=who)
        shown = [shapes.AuditOut(**vars(row)) for row in rows[:limit]]
        following = shown[-1].id if len(rows) > limit else None
        return shapes.AuditPage(entries=shown, next=following)


def expiry(now: datetime, days: int | None) -> datetime | None:
    return None if days is None else now + timedelta(days=days)
