"""Calls that are over: the list, one of them, its recording."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import FastAPI, Query
from fastapi.responses import FileResponse
from pydantic import AwareDatetime
from starlette.requests import Request

from bridge.store.calls import OUTCOMES, CallFilters
from bridge.web.api import shapes
from bridge.web.api.given import CLEAN, NO_LOST_PLUS, WHOLE_MAX, Name, Sid, Token, change
from bridge.web.api.problem import RANGE, Problem, invalid, not_found
from bridge.web.api.ranges import satisfiable
from bridge.web.api.schemas import RECORD, RECORDING, answers
from bridge.web.api.services import Services

EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)

Text = Annotated[str | None, Query(max_length=400), CLEAN]
Address = Annotated[
    str | None,
    Query(max_length=400, description="As the record has it; in a URL, + is %2B."),
    CLEAN,
    NO_LOST_PLUS,
]
Seconds = Annotated[float | None, Query(ge=0, le=1e7, allow_inf_nan=False)]
When = Annotated[AwareDatetime | None, Query(description="RFC 3339, of the call's beginning.")]


def add(api: FastAPI, services: Services) -> None:
    store = services.calls

    @api.get(
        "/calls",
        summary="Calls that fit all filters, the newest first",
        tags=["calls"],
        responses=answers(),
    )
    async def list_calls(
        agent: Text = None,
        version: Annotated[int | None, Query(ge=0, le=WHOLE_MAX)] = None,
        route: Address = None,
        variant: Annotated[str | None, Query(pattern="^(published|trial)$")] = None,
        outcome: Annotated[
            str | None,
            Query(
                max_length=100,
                description="Empty: calls that run.",
                json_schema_extra={"enum": ["", *OUTCOMES, None]},
            ),
            CLEAN,
        ] = None,
        caller: Address = None,
        called: Address = None,
        since: When = None,
        until: When = None,
        min_seconds: Seconds = None,
        max_seconds: Seconds = None,
        has_errors: bool | None = None,
        cursor: Annotated[
            str | None, Query(max_length=500, description="`next` of the page before.")
        ] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> shapes.CallsPage:
        filters = CallFilters(
            agent=agent,
            version=version,
            route=route,
            variant=variant,
            outcome=outcome,
            caller=caller,
            called=called,
            since=_bounded("since", since),
            until=_bounded("until", until),
            min_seconds=min_seconds,
            max_seconds=max_seconds,
            has_errors=has_errors,
        )
        page = await store.list(filters, cursor, limit)
        rows = [shapes.CallRow(**vars(row)) for row in page.rows]
        return shapes.CallsPage(calls=rows, next=page.next_cursor)

    @api.get(
        "/agents/{name}/figures",
        summary="How the calls of each version went",
        tags=["calls"],
        responses=answers(404),
    )
    async def figures(name: Name) -> shapes.Figures:
        await services.agents.get(name)
        found = [shapes.VersionFigures(**vars(each)) for each in await store.figures(name)]
        return shapes.Figures(versions=found)

    @api.get(
        "/calls/{call_sid}",
        summary="All that is kept of one call",
        tags=["calls"],
        responses=answers(404) | RECORD,
        response_model=None,
    )
    async def get_call(call_sid: Sid) -> dict[str, Any]:
        return (await store.get(call_sid)).builtins()

    @api.delete(
        "/calls/{call_sid}",
        summary="Remove a call with its transcript and its recording",
        tags=["calls"],
        status_code=204,
        responses=answers(404, 409),
    )
    async def delete_call(call_sid: Sid, token: Token) -> None:
        await store.delete(call_sid, change(token))

    @api.get(
        "/calls/{call_sid}/recording",
        summary="The recording: left the caller, right what was heard of the agent",
        tags=["recordings"],
        responses=answers(404, 416) | RECORDING,
        response_class=FileResponse,
    )
    async def get_recording(call_sid: Sid, request: Request) -> FileResponse:
        made = await store.get(call_sid)
        name = made.recording
        path = None if name is None else await asyncio.to_thread(_file, services.recordings, name)
        if path is None and name is not None and not made.outcome:
            raise not_found("the call still runs and is being recorded; ask when it has ended")
        if path is None:
            raise not_found("there is no recording of this call; it was off, or has expired")
        size = path.stat().st_size
        if not satisfiable(request.headers.get("range"), size):
            told = f"the recording has {size} bytes; ask for a part of those"
            raise Problem(RANGE, told, headers={"Content-Range": f"bytes */{size}"})
        return FileResponse(path, media_type="audio/wav", filename=f"{call_sid}{path.suffix}")


def _bounded(name: str, at: datetime | None) -> datetime | None:
    if at is not None and not EARLIEST < at < LATEST:
        raise invalid(name, "is in no year of calls; give one from 2000 to 2199")
    return at


def _file(folder: Path, name: str) -> Path | None:
    """Only what lies in the folder itself."""
    path = folder / Path(name).name
    return path if path.is_file() else None
