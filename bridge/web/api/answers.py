"""Every way to fail, as its problem document."""

from collections.abc import Sequence
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from bridge.agents import problems as agent
from bridge.agents.problems import AgentError
from bridge.agents.route_json import RouteError
from bridge.store.problems import (
    DOCUMENTS,
    Conflict,
    Invalid,
    NotFound,
    StoreProblem,
    StoreUnavailable,
)
from bridge.web.api.problem import (
    CONFLICT,
    INTERNAL,
    INVALID,
    KINDS,
    MALFORMED,
    NO_METHOD,
    NOT_FOUND,
    STORE_DOWN,
    FieldError,
    Problem,
)

RETRY_STORE_S = 2
ERRORS_MAX = 100


async def answer(request: Request, error: Exception) -> Response:
    return told_of(error).response()


def told_of(error: Exception) -> Problem:
    match error:
        case Problem():
            return error
        case StoreProblem():
            return _of_store(error)
        case AgentError():
            return of_document(error.problems)
        case RouteError():
            return _of_values(error.problems)
        case RequestValidationError():
            return _of_fields(error)
        case HTTPException():
            return _of_http(error)
    return Problem(INTERNAL, "the request failed; the log of the server says why")


def _of_store(error: StoreProblem) -> Problem:
    fields = [FieldError(error.field, error.message)]
    match error:
        case NotFound():
            return Problem(NOT_FOUND, error.message, fields)
        case Conflict():
            more = {} if error.revision is None else {"current_revision": error.revision}
            return Problem(CONFLICT, error.message, fields, more=more)
        case Invalid():
            known = error.field in DOCUMENTS
            return (of_document if known else _of_values)(error.problems)
        case StoreUnavailable():
            # Why is for the log: it may name hosts.
            told = "the store cannot be reached now; try again in a moment"
            return Problem(STORE_DOWN, told, headers={"Retry-After": str(RETRY_STORE_S)})
    return Problem(INVALID, str(error), fields)


def field_errors(problems: Sequence[agent.Problem]) -> list[FieldError]:
    return [FieldError(each.field, each.message, each.line, each.column) for each in problems]


def of_document(problems: Sequence[agent.Problem]) -> Problem:
    found = field_errors(problems[:ERRORS_MAX])
    told = f"{len(problems)} problems" if len(problems) != 1 else "one problem"
    return Problem(INVALID, f"the document has {told}; each is named with its mend", found)


def _of_values(problems: Sequence[agent.Problem]) -> Problem:
    """What has no text, and so no lines."""
    found = [FieldError(each.field, each.message) for each in problems[:ERRORS_MAX]]
    return Problem(INVALID, "; ".join(map(_line, found))[:1000], found)


def _of_fields(error: RequestValidationError) -> Problem:
    found = [_field(each) for each in error.errors()[:ERRORS_MAX]]
    if any(each["type"] == "json_invalid" for each in error.errors()):
        return Problem(MALFORMED, "the body is not JSON; send a JSON object", found)
    return Problem(INVALID, "; ".join(_line(each) for each in found)[:1000], found)


def _line(error: FieldError) -> str:
    return f"{error.field}: {error.message}" if error.field else error.message


def _field(error: Any) -> FieldError:
    where, *path = error["loc"]
    name = ".".join(map(str, path))
    if error["type"] == "missing":
        return FieldError(name, f"is missing in the {where}; give it")
    if error["type"] == "extra_forbidden":
        return FieldError(name, f"is not known in the {where}; remove it")
    if error["type"] == "value_error":  # our own words
        return FieldError(name, error["msg"].removeprefix("Value error, "))
    return FieldError(name, f"{_lower(error['msg'])}; mend it in the {where}")


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _of_http(error: HTTPException) -> Problem:
    kind = next((each for each in KINDS if each.status == error.status_code), INTERNAL)
    told = {
        MALFORMED: "the body cannot be read; send a JSON object",
        NOT_FOUND: "there is no such path; see openapi.json",
        NO_METHOD: "the path does not take this method; see openapi.json",
    }.get(kind, str(error.detail))
    return Problem(kind, told, headers=error.headers or {})
