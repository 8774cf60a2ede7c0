import asyncio
import gzip
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bridge.agents.document import Agent, LookUp, Variable
from bridge.agents.incoming import Incoming
from bridge.agents.lookup import MAX_ANSWER_BYTES, Found, look_up
from bridge.cli.loop import run

CALL = Incoming("CA1", "+15550001", "+4930100", {"tier": "gold"})
Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Server:
    """Answers on a socket whatever it is told to, and keeps what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.asked: list[tuple[str, dict[str, str], Any]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
            headers = dict(each.split(": ", 1) for each in head[1:] if each)
            headers = {name.lower(): value for name, value in headers.items()}
            body = await reader.readexactly(int(headers["content-length"]))
            self.asked.append((head[0], headers, json.loads(body)))
            await self._answer(writer)
        except ConnectionError:
            pass  # the other end has heard enough
        finally:
            writer.close()


def says(content: bytes, status: str = "200 OK", *headers: str, length: bool = True) -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        told = [f"HTTP/1.1 {status}", *headers, "Connection: close"]
        told += [f"Content-Length: {len(content)}"] if length else []
        writer.write("\r\n".join([*told, "", ""]).encode() + content)
        await writer.drain()

    return answer


@asynccontextmanager
async def server(answer: Answer) -> AsyncIterator[tuple[Server, str]]:
    made = Server(answer)
    listening = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    try:
        yield made, f"http://127.0.0.1:{port}/caller?x=1"
    finally:
        listening.close()


def agent(url: str, *keys: str, timeout_ms: int = 1500) -> Agent:
    declared = {f"v{i}": Variable(source=f"lookup:{key}") for i, key in enumerate(keys)}
    lookup = LookUp(url, timeout_ms, {"Authorization": "Bearer abc"})
    return Agent("Shop", "Hi.", variables=declared, lookup=lookup)


def found(answer: Answer, *keys: str, timeout_ms: int = 1500, allowed: bool = True) -> Found:
    async def scene() -> Found:
        async with server(answer) as (_, url):
            asked = agent(url, *(keys or ("name",)), timeout_ms=timeout_ms)
            return await look_up(asked, CALL, private_allowed=allowed)

    return run(scene())


def test_the_question_has_what_is_known_of_the_call() -> None:
    async def scene() -> None:
        async with server(says(b'{"name": "Ann"}')) as (made, url):
            assert await look_up(agent(url, "name"), CALL, private_allowed=True) == Found(
                {"name": "Ann"}
            )
            line, headers, body = made.asked[0]
            assert line == "POST /caller?x=1 HTTP/1.1"
            assert headers["authorization"] == "Bearer abc"
            assert headers["content-type"] == "application/json"
            assert headers["host"] == url.split("/")[2]
            assert body == {
                "caller": "+15550001",
                "called": "+4930100",
                "call_sid": "CA1",
                "parameters": {"tier": "gold"},
            }

    run(scene())


def test_only_what_was_asked_for_is_taken() -> None:
    content = b'{"name": "Ann", "secret": "x", "address": {"city": "Bonn"}, "a.b": 1, "none": null}'
    taken = found(says(content), "name", "address.city", "a.b", "none", "address.x.y", "name.x")
    assert taken == Found({"name": "Ann", "address.city": "Bonn", "a.b": 1})


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (says(b"{}", "500 Internal Server Error"), "status 500"),
        (says(b"", "204 No Content"), "not JSON"),
        (says(b"{}", "302 Found", "Location: http://169.254.169.254/"), "status 302"),
        (says(b"{}", "404 Not Found"), "status 404"),
        (says(b'["Ann"]'), "not a JSON object"),
        (says(b'"Ann"'), "not a JSON object"),
        (says(b"<html>"), "not JSON"),
        (says(b"\xff\xfe"), "not JSON"),
        (says(b"[" * 60_000), "not JSON"),
        (says(b'{"name": "' + b"x" * MAX_ANSWER_BYTES + b'"}'), "more than 65536 bytes"),
        (says(b" " * 10_000_000, length=False), "more than 65536 bytes"),
        (says(gzip.compress(b'{"name": "Ann"}'), "200 OK", "Content-Encoding: gzip"), "packed"),
        (says(b"", "nonsense"), "RemoteProtocolError"),
        (says(b"", "200 OK", "X: " + "y" * 1_000_000), "RemoteProtocolError"),
    ],
)
def test_an_answer_that_is_none_is_a_note(answer: Answer, told: str) -> None:
    nothing = found(answer)
    assert nothing.fields == {}
    assert told in str(nothing.note)
    assert "the defaults are used" in str(nothing.note)
    assert len(str(nothing.note)) < 400


def test_an_answer_at_the_bound_is_taken() -> None:
    content = b'{"name": "Ann"}'.ljust(MAX_ANSWER_BYTES)
    assert found(says(content)) == Found({"name": "Ann"})


async def silent(writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def dripping(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n{")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("answer", [silent, dripping])
def test_the_deadline_is_over_all_of_it(answer: Answer) -> None:
    async def scene() -> Found:
        async with server(answer) as (_, url):
            begun = time.monotonic()
            nothing = await look_up(agent(url, "name", timeout_ms=100), CALL, private_allowed=True)
            assert time.monotonic() - begun < 1
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
            return nothing

    nothing = run(scene())
    assert nothing.note == "look-up: no answer within 100 ms; the defaults are used"


def test_an_address_inside_is_not_asked() -> None:
    async def scene() -> None:
        async with server(says(b'{"name": "Ann"}')) as (made, url):
            nothing = await look_up(agent(url, "name"), CALL)
            assert nothing.fields == {}
            assert "inside a network" in str(nothing.note)
            assert made.asked == []

    run(scene())


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/", "http://no-such-host.invalid/", "https://127.0.0.1:1/"]
)
def test_a_place_where_nobody_is_is_a_note(url: str) -> None:
    nothing = run(look_up(agent(url, "name"), CALL, private_allowed=True))
    assert nothing.fields == {}
    assert nothing.note


def test_nothing_is_asked_where_nobody_wants_to_know() -> None:
    assert run(look_up(Agent("Shop", "Hi."), CALL)) == Found()
    asked = agent("http://127.0.0.1:1/")
    assert run(look_up(asked, CALL, private_allowed=True)) == Found()


def test_a_look_up_can_be_cancelled() -> None:
    async def scene() -> None:
        async with server(silent) as (_, url):
            asking = asyncio.create_task(look_up(agent(url, "name"), CALL, private_allowed=True))
            await asyncio.sleep(0)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking

    run(scene())
