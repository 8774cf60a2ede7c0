"""Connecting to a model over loopback sockets, and the many ways it is refused."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus

import pytest
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_websockets
from websockets.http11 import Request, Response

from bridge.cli.loop import run
from bridge.sim.model.profile import ModelProfile
from bridge.sim.model.reply import Reply, Spoken
from bridge.sim.model.scripted import ScriptedMind
from bridge.sim.model.server import serve
from bridge.sim.voice.scripted import ScriptedVoice
from bridge.transport import model_socket
from bridge.transport.model import Endpoint, KeyCredential, ModelUnavailable, open_session
from bridge.transport.socket import SocketClosed
from bridge.wire import realtime
from bridge.wire.dialect import GA, PREVIEW, Append, Dialect, azure_url, openai_url
from bridge.wire.errors import WireError
from tests.support.sockets import pulled_events

KEY = KeyCredential("api-key", "secret-key-value")
BEARER = KeyCredential("Authorization", "Bearer secret-key-value")

Converse = Callable[[ServerConnection], Awaitable[None]]
Check = Callable[[ServerConnection, Request], Response | None]


@asynccontextmanager
async def service(
    converse: Converse, on_request: Check | None = None
) -> AsyncIterator[tuple[str, list[Request]]]:
    """A far end of the test's own: its origin, and the upgrades it was asked for."""
    asked: list[Request] = []

    def note(connection: ServerConnection, request: Request) -> Response | None:
        asked.append(request)
        return on_request(connection, request) if on_request else None

    async with (
        asyncio.timeout(10),
        serve_websockets(converse, "127.0.0.1", 0, process_request=note) as server,
    ):
        yield f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}", asked


def endpoint(origin: str, credential: KeyCredential = KEY) -> Endpoint:
    return Endpoint(openai_url(f"{origin}/v1", "phone"), GA, credential)


async def silent(connection: ServerConnection) -> None:
    await connection.wait_closed()


async def why_not(at: Endpoint, timeout_s: float = 3.0) -> str:
    """The reason that is given; no credential in it."""
    with pytest.raises(ModelUnavailable) as unavailable:
        await open_session(at, timeout_s)
    reason = str(unavailable.value)
    assert "secret-key-value" not in reason
    return reason


async def left_over() -> set["asyncio.Task[object]"]:
    await asyncio.sleep(0.05)
    return {
        task
        for task in asyncio.all_tasks() - {asyncio.current_task()}
        if "keepalive" in repr(task) or "open_session" in repr(task)
    }


# --- sessions -------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", [GA, PREVIEW], ids=["ga", "preview"])
@pytest.mark.parametrize("azure", [True, False], ids=["azure", "openai"])
def test_a_session_is_open_when_it_says_so(dialect: Dialect, azure: bool) -> None:
    async def main() -> None:
        mind = ScriptedMind([Reply((Spoken("hello", 400),))])
        async with (
            asyncio.timeout(10),
            serve("127.0.0.1", 0, voice=ScriptedVoice(), mind_factory=lambda: mind) as model,
        ):
            version = "2025-04-01-preview" if dialect is PREVIEW else ""
            url = (
                azure_url(model.ws_url, "phone", version)
                if azure
                else openai_url(f"{model.ws_url}/v1", "phone")
            )
            peer = await open_session(Endpoint(url, dialect, KEY if azure else BEARER), 3.0)
            pulled = pulled_events(peer)
            first = await pulled.receive()
            assert first is not None and isinstance(first[0], realtime.SessionCreated)
            peer.send([Append(b"\0" * 960)])
            await peer.close()
            assert await pulled.receive() is None
            with pytest.raises(SocketClosed):
                peer.send([Append(b"\0" * 960)])
            await peer.close()

    run(main())


def test_the_upgrade_carries_the_credential_and_an_id_and_offers_no_compression() -> None:
    async def converse(connection: ServerConnection) -> None:
        await connection.send('{"type":"session.created","session":{"id":"sess_1"}}')
        await connection.wait_closed()

    async def main() -> None:
        async with service(converse) as (origin, asked):
            first = await open_session(endpoint(origin), 3.0)
            second = await open_session(endpoint(origin, BEARER), 3.0)
            await asyncio.gather(first.close(), second.close())
        assert asked[0].path == "/v1/realtime?model=phone"
        assert asked[0].headers["api-key"] == "secret-key-value"
        assert asked[1].headers["Authorization"] == "Bearer secret-key-value"
        assert "Sec-WebSocket-Extensions" not in asked[0].headers
        ids = {request.headers["x-ms-client-request-id"] for request in asked}
        assert len(ids) == 2

    run(main())


def test_what_cannot_be_read_is_passed_on_as_an_error_and_the_rest_goes_on() -> None:
    async def converse(connection: ServerConnection) -> None:
        for text in (
            "not json",
            '{"type":"session.created","session":{"id":"sess_1"}}',
            "[]",
            '{"type":"quite.new"}',
        ):
            await connection.send(text)
        await connection.close(1011, "internal error")

    async def main() -> None:
        async with service(converse) as (origin, _):
            peer = await open_session(endpoint(origin), 3.0)
            pulled, events = pulled_events(peer), []
            while (some := await pulled.receive()) is not None:
                events += some
            kinds = [type(event) for event in events]
            assert kinds == [realtime.SessionCreated, WireError, realtime.Unknown]
            assert pulled.why_closed == "closed with 1011: internal error"
            await peer.close()

    run(main())


# --- refusals -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "key", "told"),
    [
        (ModelProfile(api_keys=frozenset({"another"})), KEY, "invalid_api_key"),
        (ModelProfile(model_names=frozenset({"another"})), BEARER, "model"),
    ],
)
def test_openai_upgrades_first_and_refuses_then(
    profile: ModelProfile, key: KeyCredential, told: str
) -> None:
    async def main() -> None:
        async with serve(
            "127.0.0.1",
            0,
            voice=ScriptedVoice(),
            mind_factory=lambda: ScriptedMind([]),
            profile=profile,
        ) as model:
            reason = await why_not(endpoint(model.ws_url, key))
            assert reason.startswith("refused: ") and told in reason
            assert not await left_over()

    run(main())


@pytest.mark.parametrize(
    ("profile", "status"),
    [
        (ModelProfile(api_keys=frozenset({"another"})), 401),
        (ModelProfile(deployments=frozenset({"another"})), 404),
        (ModelProfile(throttled=True), 429),
    ],
)
def test_azure_refuses_the_upgrade(profile: ModelProfile, status: int) -> None:
    async def main() -> None:
        async with serve(
            "127.0.0.1",
            0,
            voice=ScriptedVoice(),
            mind_factory=lambda: ScriptedMind([]),
            profile=profile,
        ) as model:
            url = azure_url(model.ws_url, "phone", "")
            reason = await why_not(Endpoint(url, GA, KEY))
            assert f"HTTP {status}" in reason
            assert not await left_over()

    run(main())


@pytest.mark.parametrize(("code", "reason"), [(3000, "invalid_request_error"), (4000, "")])
def test_a_close_before_the_session_is_a_refusal(code: int, reason: str) -> None:
    async def converse(connection: ServerConnection) -> None:
        await connection.close(code, reason)

    async def main() -> None:
        async with service(converse) as (origin, _):
            told = f"closed with {code}" + (f": {reason}" if reason else "")
            assert await why_not(endpoint(origin)) == told

    run(main())


def test_an_upgrade_without_a_session_is_no_connection() -> None:
    async def main() -> None:
        async with service(silent) as (origin, _):
            assert await why_not(endpoint(origin), 0.3) == "no session within 0.3 s"
            assert not await left_over()

    run(main())


def test_a_server_that_does_not_answer_at_all_is_given_up() -> None:
    async def main() -> None:
        async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        server = await asyncio.start_server(listen, "127.0.0.1", 0)
        origin = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with asyncio.timeout(5):
            assert await why_not(endpoint(origin), 0.3) == "no session within 0.3 s"
        server.close()
        await asyncio.sleep(0.05)

    run(main())


def test_nobody_there_and_nothing_sensible_there() -> None:
    async def chatter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.com ESMTP\r\n")
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(chatter, "127.0.0.1", 0)
        origin = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        assert (await why_not(endpoint(origin))).startswith("cannot connect: ")
        server.close()
        await server.wait_closed()
        assert (await why_not(endpoint(origin))).startswith("cannot connect: ")

    run(main())


@pytest.mark.parametrize("credential", [KEY, BEARER], ids=["api-key", "bearer"])
def test_a_redirect_is_refused_and_the_key_goes_nowhere_else(credential: KeyCredential) -> None:
    async def main() -> None:
        async with service(silent) as (elsewhere, asked_elsewhere):

            def redirect(connection: ServerConnection, request: Request) -> Response:
                answer = connection.respond(HTTPStatus.TEMPORARY_REDIRECT, "")
                answer.headers["Location"] = f"{elsewhere}/v1/realtime?model=phone"
                return answer

            async with service(silent, redirect) as (origin, asked):
                assert "HTTP 307" in await why_not(endpoint(origin, credential))
                assert len(asked) == 1
            assert asked_elsewhere == []

    run(main())


def test_giving_up_while_connecting_leaves_nothing_open() -> None:
    async def main() -> None:
        async with service(silent) as (origin, _):
            for after_s in (0.0, 0.001, 0.003, 0.01, 0.05):
                opening = asyncio.create_task(open_session(endpoint(origin), 3.0))
                await asyncio.sleep(after_s)
                opening.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await opening
            assert not await left_over()

    run(main())


def test_no_proxy_stands_between_us_and_our_own_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)

    async def converse(connection: ServerConnection) -> None:
        await connection.send(json.dumps({"type": "session.created", "session": {"id": "s"}}))
        await connection.wait_closed()

    async def main() -> None:
        async with service(converse) as (origin, _):
            await (await open_session(endpoint(origin), 3.0)).close()

    run(main())


def test_a_key_is_in_no_representation() -> None:
    assert "secret-key-value" not in repr(endpoint("ws://127.0.0.1:1"))


def test_certificate_authorities_are_read_once() -> None:
    assert model_socket._trusted() is model_socket._trusted()
    assert model_socket._trusted().verify_mode is ssl.CERT_REQUIRED
