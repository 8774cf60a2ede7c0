"""The OpenAPI document against the running API, by schemathesis: whatever is sent, the answer is
one of those documented, never a failure of ours, and never one without a token."""

import asyncio
import socket
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
import uvicorn
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from bridge.web.api import Services, join
from bridge.web.api.roles import ROLES
from tests.support.records import Putter, begun, ended
from tests.support.stores import SHOP, opened
from tests.web.api import desk
from tests.web.api.desk import ANN, bearer

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    ignored_auth,
]
UNHEALTHY = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


SID = "CA0123456789abcdef0123456789abcdef"  # the document's example


KNOWN = {  # of these, what a path has, unless it removes something
    "name": "front-desk",
    "number": 1,
    "called": "+15005550001",
    "caller": "+4990*",
    "call_sid": SID,
}


# What the HTTP parser of a server refuses by itself, before there is a request for the API.
FRAMING = ("content-length", "transfer-encoding")


async def furnished(given: Services) -> str:
    """What the examples of the document name is there. Returns a token."""
    await given.agents.create("front-desk", SHOP, ANN)
    for number in (1, 2, 3):
        await given.agents.publish("front-desk", revision=number, change=ANN)
        await given.agents.save_draft("front-desk", SHOP, revision=None, change=ANN)
    route = {"called": "+15005550001", "agent": "front-desk"}
    await given.routes.put(route, revision=None, change=ANN)
    await given.routes.block("+4990*", "advertising", ANN)
    put = Putter(given.database)
    await put(ended(1, call_sid=SID, recording=f"{SID}.wav"), ended(2))
    await put(begun(3), kind="call.started")
    given.recordings.mkdir(exist_ok=True)
    (given.recordings / f"{SID}.wav").write_bytes(b"RIFF" * 64)
    return (await given.tokens.create("contract", "admin", None, ANN))[1]


async def serve(
    folder: Path, url: str, listening: socket.socket, ready: "Future[tuple[str, uvicorn.Server]]"
) -> None:
    async with opened(url) as database:
        given = desk.services(database, folder)
        token = await furnished(given)
        house = FastAPI(openapi_url=None)
        join(house, given)
        server = uvicorn.Server(uvicorn.Config(house, lifespan="off", log_config=None, ws="none"))
        ready.set_result((token, server))
        await server.serve(sockets=[listening])


@contextmanager
def running(folder: Path, url: str) -> Iterator[tuple[str, str]]:
    """The API on a loopback port, with a loop and a thread of its own, and a token for it."""
    ready: Future[tuple[str, uvicorn.Server]] = Future()
    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as threads:
        port = listening.getsockname()[1]
        over = threads.submit(lambda: asyncio.run(serve(folder, url, listening, ready)))
        waited: list[Future[Any]] = [ready, over]
        wait(waited, return_when=FIRST_COMPLETED)
        if over.done():
            over.result()
        token, server = ready.result()
        try:
            yield f"http://127.0.0.1:{port}/api/v1", token
        finally:
            server.should_exit = True
            over.result()


def cases(operation: Any, mode: GenerationMode) -> st.SearchStrategy[Case[Any]]:
    """Half of them ask for things that are there."""
    anything: st.SearchStrategy[Case[Any]] = operation.as_strategy(generation_mode=mode)
    there = {name: value for name, value in KNOWN.items() if f"{{{name}}}" in operation.path}
    if not there or operation.method == "delete":
        return anything
    known: st.SearchStrategy[Case[Any]]
    known = operation.as_strategy(generation_mode=mode, path_parameters=there)
    return anything | known


def drive(operation: Any, mode: GenerationMode, examples: int, origin: str, secret: str) -> int:
    """One operation with so many requests; how many were answered with 2xx."""
    done = 0

    @given(case=cases(operation, mode))
    @settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=UNHEALTHY,
    )
    def answers_as_documented(case: Case[Any]) -> None:
        nonlocal done
        for name in FRAMING:
            case.headers.pop(name, None)
        answer = case.call_and_validate(origin, headers=bearer(secret), checks=CHECKS)
        done += 200 <= answer.status_code < 300

    answers_as_documented()
    return done


def battery(folder: Path, url: str, mode: GenerationMode, examples: int) -> dict[str, int]:
    """All operations, and how many requests of each were answered with 2xx."""
    done = {}
    with running(folder, url) as (origin, secret):
        document = httpx.get(f"{origin}/openapi.json", trust_env=False).json()
        found = [*schemathesis.openapi.from_dict(document).get_all_operations()]
        operations = [each.ok() for each in found if isinstance(each, Ok)]
        assert len(operations) == len(found)
        for operation in sorted(operations, key=lambda each: each.method == "delete"):
            done[operation.label] = drive(operation, mode, examples, origin, secret)
    return done


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_the_api_is_as_its_document_says(
    tmp_path: Path, store_at: str, mode: GenerationMode
) -> None:
    done = battery(tmp_path, store_at, mode, examples=12)
    assert len(done) == len(ROLES)
    if mode is GenerationMode.POSITIVE:
        reads = {label for label in done if label.startswith("GET ")}
        assert {label for label in reads if done[label]} == reads


@pytest.mark.long
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_the_api_is_as_its_document_says_at_length(
    tmp_path: Path, store_at: str, mode: GenerationMode
) -> None:
    assert len(battery(tmp_path, store_at, mode, examples=200)) == len(ROLES)
