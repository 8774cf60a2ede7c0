"""Which agent answers which number, and callers that nobody answers."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Body, FastAPI, Path, Request, Response
from pydantic import BaseModel, Field

from bridge.agents.route_json import to_json
from bridge.store.routes import RouteRow
from bridge.web.api.given import CLEAN, Strict, Token, change
from bridge.web.api.preconditions import etag, seen
from bridge.web.api.problem import invalid
from bridge.web.api.schemas import answers
from bridge.web.api.services import Services

Called = Annotated[
    str,
    Path(
        max_length=400,
        description="A number, a SIP address, or * for all that have no route of their own.",
        examples=["+15005550001"],
    ),
    CLEAN,
]
Caller = Annotated[
    str,
    Path(
        max_length=300,
        description="A number, a beginning such as +4990*, or withheld.",
        examples=["+4990*"],
    ),
    CLEAN,
]
EXAMPLE = {
    "agent": "front-desk",
    "rules": [{"days": ["sat", "sun"], "start": "00:00", "end": "24:00", "agent": "night-desk"}],
    "timezone": "Europe/Berlin",
    "trial": {"version": 4, "percent": 20},
    "max_calls": 10,
}
RouteBody = Annotated[dict[str, Any], Body(examples=[EXAMPLE])]


class Rule(BaseModel):
    days: list[str]
    start: str
    end: str
    agent: str


class TrialOut(BaseModel):
    version: int
    percent: int


class RouteOut(BaseModel):
    called: str
    agent: str
    rules: list[Rule]
    timezone: str
    trial: TrialOut | None
    max_calls: int | None
    revision: int = Field(description="Also the ETag: send it back as If-Match.")
    updated_at: datetime
    updated_by: str


class Routes(BaseModel):
    routes: list[RouteOut]


class Block(Strict):
    reason: Annotated[str, Field(max_length=1000), CLEAN] = ""


class BlockedOut(BaseModel):
    caller: str
    reason: str
    blocked_at: datetime
    blocked_by: str


class BlockedCallers(BaseModel):
    blocked: list[BlockedOut]


def add(api: FastAPI, services: Services) -> None:
    store = services.routes

    @api.get("/routes", summary="All routes", tags=["routes"], responses=answers())
    async def list_routes() -> Routes:
        return Routes(routes=[_out(row) for row in await store.list()])

    @api.get("/routes/{called}", summary="One route", tags=["routes"], responses=answers(404))
    async def get_route(called: Called, response: Response) -> RouteOut:
        row = await store.get(called)
        response.headers["ETag"] = etag(row.revision)
        return _out(row)

    @api.put(
        "/routes/{called}",
        summary="Set a route: If-Match with the revision seen, If-None-Match: * for a new one",
        tags=["routes"],
        responses=answers(404, 409, 428),
    )
    async def put_route(
        called: Called, body: RouteBody, request: Request, response: Response, token: Token
    ) -> RouteOut:
        revision = seen(request)
        if body.get("called", called) != called:
            raise invalid("called", "is not that of the path; leave it out of the body")
        route = {**body, "called": called}
        row = await store.put(route, revision=revision, change=change(token))
        response.headers["ETag"] = etag(row.revision)
        return _out(row)

    @api.delete(
        "/routes/{called}",
        summary="Remove a route",
        tags=["routes"],
        status_code=204,
        responses=answers(404, 409, 428),
    )
    async def delete_route(called: Called, request: Request, token: Token) -> None:
        revision = seen(request)
        if revision is None:
            raise invalid("If-Match", "names no revision; send the one you have seen")
        await store.delete(called, revision=revision, change=change(token))

    @api.get(
        "/blocked-callers", summary="Who is not answered", tags=["routes"], responses=answers()
    )
    async def list_blocked() -> BlockedCallers:
        found = await store.blocked()
        return BlockedCallers(blocked=[BlockedOut(**vars(each)) for each in found])

    @api.put(
        "/blocked-callers/{caller}",
        summary="Block a caller, or change the reason",
        tags=["routes"],
        responses=answers(),
    )
    async def block(caller: Caller, body: Block, token: Token) -> BlockedOut:
        return BlockedOut(**vars(await store.block(caller, body.reason, change(token))))

    @api.delete(
        "/blocked-callers/{caller}",
        summary="Answer a caller again",
        tags=["routes"],
        status_code=204,
        responses=answers(404),
    )
    async def unblock(caller: Caller, token: Token) -> None:
        await store.unblock(caller, change(token))


def _out(row: RouteRow) -> RouteOut:
    return RouteOut(
        **to_json(row.route),
        revision=row.revision,
        updated_at=row.updated_at,
        updated_by=row.updated_by,
    )
