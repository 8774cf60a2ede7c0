"""The versions of an agent: what they say, how they differ, and back to one of them."""

import asyncio
from difflib import unified_diff
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request, Response
from pydantic import Field

from bridge.web.api import shapes, texts
from bridge.web.api.given import WHOLE_MAX, Name, NoteText, Number, Strict, Token, change
from bridge.web.api.problem import invalid, not_found
from bridge.web.api.schemas import YAML_TOO, answers
from bridge.web.api.services import Services

DRAFT, PUBLISHED = "draft", "published"

Which = Annotated[
    str,
    Query(
        pattern="^(draft|published|[1-9][0-9]{0,9})$",
        description="A number, `draft` or `published`.",
    ),
]


class Rollback(Strict):
    version: Annotated[int, Field(ge=1, le=WHOLE_MAX)]
    note: NoteText = ""


def add(api: FastAPI, services: Services) -> None:
    store = services.agents

    @api.get(
        "/agents/{name}/versions",
        summary="All versions, the newest first, without their texts",
        tags=["versions"],
        responses=answers(404),
    )
    async def list_versions(name: Name) -> shapes.Versions:
        found = await store.versions(name)
        rows = [shapes.VersionRow.model_validate(each, from_attributes=True) for each in found]
        return shapes.Versions(versions=rows)

    @api.get(
        "/agents/{name}/versions/{number}",
        summary="One version, as JSON or as its YAML",
        tags=["versions"],
        responses=answers(404) | YAML_TOO,
        response_model=shapes.VersionOut,
    )
    async def get_version(name: Name, number: Number, request: Request, response: Response) -> Any:
        version = await store.version(name, number)
        if texts.wants_yaml(request):
            return texts.yaml_answer(version.text, {})
        response.headers["Vary"] = "Accept"
        return await asyncio.to_thread(shapes.version_out, version)

    @api.post(
        "/agents/{name}/rollback",
        summary="New calls get an older version again, but for those of a trial",
        tags=["versions"],
        responses=answers(404, 409),
    )
    async def rollback(name: Name, body: Rollback, token: Token) -> shapes.PublishedOut:
        version = await store.rollback(name, body.version, change(token, body.note))
        trials = await services.routes.trials(name)
        return await asyncio.to_thread(shapes.published_out, version, trials)

    @api.get(
        "/agents/{name}/diff",
        summary="What differs between two texts",
        tags=["versions"],
        responses=answers(404),
    )
    async def diff(name: Name, old: Which = PUBLISHED, new: Which = DRAFT) -> shapes.DiffOut:
        before, after = await _text(name, old), await _text(name, new)
        found = await asyncio.to_thread(_diff, before, after)
        return shapes.DiffOut(old=before[0], new=after[0], diff=found)

    async def _text(name: str, which: str) -> tuple[str, str]:
        if which == DRAFT:
            return DRAFT, (await store.draft(name)).text
        number = (await store.get(name)).published if which == PUBLISHED else int(which)
        if number is None:
            raise not_found(f"agent {name} has no published version; name another one")
        if number > WHOLE_MAX:
            raise invalid("version", "is too large; name a version there is")
        return f"version {number}", (await store.version(name, number)).text


def _diff(old: tuple[str, str], new: tuple[str, str]) -> str:
    before, after = (text.splitlines(keepends=True) for _, text in (old, new))
    lines = unified_diff(before, after, old[0], new[0])
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)
