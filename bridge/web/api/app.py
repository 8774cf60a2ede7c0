"""The API, put together. Mount it at ``/api/v1``; it needs nothing of the app around it."""

from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.responses import Response

from bridge.agents.problems import AgentError
from bridge.store.problems import StoreProblem
from bridge.web.api import agents, calls, live, routing, tokens, versions
from bridge.web.api.answers import answer
from bridge.web.api.guard import Guard
from bridge.web.api.problem import Problem
from bridge.web.api.schemas import complete
from bridge.web.api.services import Services

VERSION = "1"


def api(services: Services) -> FastAPI:
    made = FastAPI(title="Offhook", openapi_url=None, docs_url=None, redoc_url=None)
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
