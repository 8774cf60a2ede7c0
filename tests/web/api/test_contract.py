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


def battery(folder: Path, url: str, mode: GenerationMode, examples: int) -> int:
    """All operations, each with so many requests; how many there were."""
    sent = 0
    with running(folder, url) as (origin, secret):
        document = httpx.get(f"{origin}/openapi.json", trust_env=False).json()
        schema = schemathesis.openapi.from_dict(document)
        for found in schema.get_all_operations():
            assert isinstance(found, Ok), found

            @given(case=found.ok().as_strategy(generation_mode=mode))
            @settings(
                max_examples=examples,
                derandomize=True,
                deadline=None,
                database=None,
                suppress_health_check=UNHEALTHY,
            )
            def answers_as_documented(case: Case[Any]) -> None:
                nonlocal sent
                sent += 1
                case.call_and_validate(origin, headers=bearer(secret), checks=CHECKS)

            answers_as_documented()
    return sent


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_the_api_is_as_its_document_says(
    tmp_path: Path, store_at: str, mode: GenerationMode
) -> None:
    assert battery(tmp_path, store_at, mode, examples=12) > 24 * 6


@pytest.mark.long
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_the_api_is_as_its_document_says_at_length(
    tmp_path: Path, store_at: str, mode: GenerationMode
) -> None:
    assert battery(tmp_path, store_at, mode, examples=200) > 24 * 100
