"""Agent documents in requests and answers: as YAML text, byte for byte, or as JSON."""

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import Field, ValidationError, model_validator

from bridge.agents import problems as agent
from bridge.agents.canonical import from_json, write
from bridge.agents.problems import AgentError
from bridge.agents.section import Section
from bridge.agents.tree import compose
from bridge.agents.values import json_value
from bridge.web.api.answers import told_of
from bridge.web.api.bodies import YAML_TYPES
from bridge.web.api.given import NoteText, Strict
from bridge.web.api.problem import Problem, invalid

YAML = "application/yaml"  # RFC 9512
TEXT_MAX = 200_000

Model = TypeVar("Model", bound=Strict)


class DocumentIn(Strict):
    """An agent document: ``text`` (YAML, kept as it is) or ``document`` (JSON, kept as YAML of one
    form)."""

    text: Annotated[str, Field(max_length=TEXT_MAX)] | None = None
    document: dict[str, Any] | None = None
    tests: Annotated[str, Field(max_length=TEXT_MAX)] | None = Field(
        None, description="The agent's test conversations, YAML. Left out: they stay as they are."
    )
    note: NoteText = ""

    @model_validator(mode="after")
    def one(self) -> "DocumentIn":
        if (self.text is None) == (self.document is None):
            raise ValueError("give either text or document")
        return self


@dataclass(frozen=True)
class Given:
    text: str
    tests: str | None = None
    note: str = ""


def is_yaml(request: Request) -> bool:
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return media in YAML_TYPES


async def given(request: Request) -> Given:
    """The document of a body. Raises Problem or AgentError."""
    if is_yaml(request):
        body = await request.body()
        if not body:
            raise _missing()
        return Given(body.decode())
    return await of_model(parsed(DocumentIn, await json_body(request)))


async def json_body(request: Request) -> Any:
    body = await request.body()
    if not body:
        raise _missing()
    return msgspec.json.decode(body)


def _missing() -> Problem:
    return invalid("", "there is no body; send the agent document")


def parsed(model: type[Model], value: Any) -> Model:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise told_of(RequestValidationError(_located(error))) from None


def _located(error: ValidationError) -> list[Any]:
    return [{**each, "loc": ("body", *each["loc"])} for each in error.errors()]


async def of_model(body: DocumentIn) -> Given:
    text = body.text
    if text is None:
        text = await asyncio.to_thread(canonical, body.document or {})
    return Given(text, body.tests, body.note)


def canonical(document: dict[str, Any]) -> str:
    """YAML of one form. Raises AgentError with every problem."""
    return write(from_json(document))


def as_json(text: str) -> Any:
    """None: the text is not YAML, or holds what JSON does not have."""
    try:
        tree = compose(text, "agent.yaml")
    except AgentError:
        return None
    problems: list[agent.Problem] = []
    keys = [str(key.value) for key, _ in tree.value]
    value = json_value(tree, Section(tree, "", keys, problems), {}, root="")
    return None if problems else value


def wants_yaml(request: Request) -> bool:
    accepted = request.headers.get("accept", "")
    return any(media in accepted for media in YAML_TYPES)


def yaml_answer(text: str, headers: dict[str, str]) -> Response:
    return Response(text.encode(), headers=headers | {"Vary": "Accept"}, media_type=YAML)
