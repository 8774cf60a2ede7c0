"""The API, put together, and its place in an app."""

from typing import Any

import msgspec
from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bridge.agents.problems import AgentError
from bridge.store.problems import StoreProblem
from bridge.web.api import agents, calls, live, queries, routing, tokens, versions
from bridge.web.api.answers import answer
from bridge.web.api.guard import Guard
from bridge.web.api.problem import Problem
from bridge.web.api.schemas import complete
from bridge.web.api.services import Services

VERSION = "1"
PREFIX = "/api/v1"


def join(app: FastAPI, services: Services) -> None:
    """All below ``/api/v1`` is answered by the API, the rest by ``app``."""
    app.add_middleware(_Beside, api=api(services))


class _Beside:
    """As a mount, which does not see paths with a line feed in them."""

    def __init__(self, app: ASGIApp, api: ASGIApp) -> None:
        self._app = app
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] == "http" and (path == PREFIX or path.startswith(f"{PREFIX}/")):
            root = scope.get("root_path", "") + PREFIX
            inner = {**scope, "root_path": root}
            if scope["method"] == "HEAD":
                inner["method"], send = "GET", _without_content(send)
            await self._api(inner, receive, send)
        else:
            await self._app(scope, receive, send)


def _without_content(send: Send) -> Send:
    """RFC 9110, "HEAD": what GET would be answered with, and nothing of what it would send."""

    async def sent(message: Message) -> None:
        body = message["type"] == "http.response.body"
        await send({**message, "body": b""} if body else message)

    return sent


def api(services: Services) -> FastAPI:
    made = FastAPI(
        title="Offhook",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(queries.check)],
    )
    for part in (agents, versions, routing, live, calls, tokens):  # live before {call_sid}
        part.add(made, services)

    document = msgspec.json.encode(_document(made))

    @made.get("/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        return Response(document, media_type="application/json")

    failures = (Problem, StoreProblem, AgentError, RequestValidationError, HTTPException)
    for failure in failures:
        made.add_exception_handler(failure, answer)
    made.add_middleware(Guard, services=services, routes=made.router.routes)
    return made


def _document(made: FastAPI) -> dict[str, Any]:
    """OpenAPI 3.1."""
    return complete(
        get_openapi(
            title="Offhook",
            version=VERSION,
            openapi_version="3.1.0",
            summary="Agents, routes, calls and recordings of a phone bridge.",
            routes=made.routes,
        )
    )
