"""Agents and what new calls get of them: drafts, validation, publishing."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request, Response
from pydantic import Field

from bridge.agents.document import Agent, load
from bridge.agents.problems import AgentError
from bridge.agents.problems import Problem as AgentProblem
from bridge.agents.route_json import AGENT, AGENT_FORM
from bridge.functions.placed import unloadable
from bridge.store.agents import Draft
from bridge.web.api import shapes, texts
from bridge.web.api.answers import field_errors
from bridge.web.api.given import Name, NoteText, Strict, Token, Whole, change
from bridge.web.api.preconditions import etag, seen
from bridge.web.api.problem import CONFLICT, Problem, invalid
from bridge.web.api.required import asked_by
from bridge.web.api.schemas import DOCUMENT, NEW_AGENT, YAML_TOO, answers
from bridge.web.api.services import Services

DIALECTS = ("ga", "preview", "preview-2024-10")


class NewAgent(texts.DocumentIn):
    name: Annotated[str, Field(pattern=f"^{AGENT}$", description=AGENT_FORM)]


class AgentChange(Strict):
    tests_required: bool
    note: NoteText = ""


class Publish(Strict):
    revision: Whole = Field(description="Of the draft that you have seen.")
    note: NoteText = ""


def add(api: FastAPI, services: Services) -> None:
    store = services.agents

    @api.get("/agents", summary="All agents", tags=["agents"], responses=answers())
    async def list_agents() -> shapes.Agents:
        return shapes.Agents(agents=[shapes.agent_out(row) for row in await store.list()])

    @api.post(
        "/agents",
        summary="A new agent, with a first draft",
        tags=["agents"],
        status_code=201,
        responses=answers(409),
        openapi_extra=NEW_AGENT,
    )
    async def create_agent(
        request: Request,
        response: Response,
        token: Token,
        name: Annotated[str | None, Query(description="Where the body is YAML.")] = None,
    ) -> shapes.DraftOut:
        slug, given = await _new(request, name)
        draft = await store.create(slug, given.text, change(token, given.note), given.tests or "")
        response.headers["Location"] = f"/api/v1/agents/{slug}/draft"
        response.headers["ETag"] = etag(draft.revision)
        return await _out(draft)

    @api.get("/agents/{name}", summary="One agent", tags=["agents"], responses=answers(404))
    async def get_agent(name: Name) -> shapes.AgentOut:
        return shapes.agent_out(await store.get(name))

    @api.patch(
        "/agents/{name}",
        summary="Whether a publish needs its test conversations to pass",
        tags=["agents"],
        responses=answers(404),
    )
    async def change_agent(name: Name, body: AgentChange, token: Token) -> shapes.AgentOut:
        await store.require_tests(name, body.tests_required, change(token, body.note))
        return shapes.agent_out(await store.get(name))

    @api.delete(
        "/agents/{name}",
        summary="Remove an agent that no route names",
        tags=["agents"],
        status_code=204,
        responses=answers(404, 409),
    )
    async def delete_agent(name: Name, token: Token) -> None:
        await store.delete(name, change(token))

    @api.get(
        "/agents/{name}/draft",
        summary="The draft, as JSON or as its YAML",
        tags=["drafts"],
        responses=answers(404) | YAML_TOO,
        response_model=shapes.DraftOut,
    )
    async def get_draft(name: Name, request: Request, response: Response) -> Any:
        draft = await store.draft(name)
        headers = {"ETag": etag(draft.revision)}
        if texts.wants_yaml(request):
            return texts.yaml_answer(draft.text, headers)
        response.headers.update(headers | {"Vary": "Accept"})
        return await _out(draft)

    @api.put(
        "/agents/{name}/draft",
        summary="Save the draft; If-Match: the revision seen, If-None-Match: * for none",
        tags=["drafts"],
        responses=answers(404, 409, 428),
        openapi_extra=DOCUMENT,
    )
    async def put_draft(
        name: Name, request: Request, response: Response, token: Token
    ) -> shapes.DraftOut:
        revision = seen(request)
        given = await texts.given(request)
        draft = await store.save_draft(
            name,
            given.text,
            revision=revision,
            change=change(token, given.note),
            tests=given.tests,
        )
        response.headers["ETag"] = etag(draft.revision)
        return await _out(draft)

    @api.delete(
        "/agents/{name}/draft",
        summary="Drop the draft",
        tags=["drafts"],
        status_code=204,
        responses=answers(404, 409, 428),
    )
    async def delete_draft(name: Name, request: Request, token: Token) -> None:
        revision = seen(request)
        if revision is None:
            raise invalid("If-Match", "names no revision; send the one you have seen")
        await store.discard_draft(name, revision=revision, change=change(token))

    @api.post(
        "/validate",
        summary="What is wrong with a document; nothing is kept",
        tags=["drafts"],
        responses=answers(),
        openapi_extra=DOCUMENT,
    )
    async def validate(request: Request) -> shapes.Judged:
        try:
            given = await texts.given(request)
            agent = await asyncio.to_thread(load, given.text)
            unusable = await asyncio.to_thread(unloadable, agent, given.text, store.allowed)
        except AgentError as error:
            return shapes.Judged(valid=False, problems=_told(error.problems), warnings=[])
        return shapes.Judged(
            valid=not unusable, problems=_told(unusable), warnings=_warnings(agent)
        )

    @api.post(
        "/agents/{name}/publish",
        summary="The draft becomes the version that new calls get, but for those of a trial",
        tags=["versions"],
        responses=answers(404, 409),
    )
    async def publish(
        name: Name, request: Request, body: Publish, token: Token
    ) -> shapes.PublishedOut:
        required = (await store.get(name)).tests_required
        if required and services.check is None:
            told = (
                "this agent is published only when its test conversations pass; publish it with "
                f"offhook agents publish {name}, which runs them"
            )
            raise Problem(CONFLICT, told)
        version = await store.publish(
            name,
            revision=body.revision,
            change=change(token, body.note),
            check=asked_by(request, token, services.check) if required and services.check else None,
        )
        trials = await services.routes.trials(name)
        return await asyncio.to_thread(shapes.published_out, version, trials)


async def _new(request: Request, name: str | None) -> tuple[str, texts.Given]:
    if texts.is_yaml(request):
        asked = texts.parsed(NewAgent, {"name": name, "text": (await request.body()).decode()})
    else:
        asked = texts.parsed(NewAgent, await texts.json_body(request))
    return asked.name, await texts.of_model(asked)


async def _out(draft: Draft) -> shapes.DraftOut:
    return await asyncio.to_thread(shapes.draft_out, draft)


def _told(problems: Sequence[AgentProblem]) -> list[shapes.ProblemOut]:
    return [shapes.ProblemOut(**vars(each)) for each in field_errors(problems)]


def _warnings(agent: Agent) -> list[str]:
    return [f"{name}: {told}" for name in DIALECTS for told in agent.warnings(name)]
