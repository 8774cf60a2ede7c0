"""Calls over real sockets, held by two independent clients in each dialect."""

import asyncio
import base64
import contextlib
import gc
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from openai import AsyncAzureOpenAI, AsyncOpenAI
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from bridge.cli import loop
from bridge.sim.model.dialect import GA, PREVIEW, PREVIEW_2024_10, Dialect
from bridge.sim.model.profile import ModelProfile
from bridge.sim.model.reply import FunctionCall, Reply, Spoken
from bridge.sim.model.scripted import ScriptedMind
from bridge.sim.model.server import Serving, serve
from bridge.sim.voice.jobs import Job, Result, Speak, Speech
from tests.sim.model.client import Loudness, pcm
from tests.sim.model.oracle import problems

QUICK = ModelProfile(first_delta_ms=20, transcription_delays_ms=(10,), speed=20.0)
KEY = {"api-key": "k"}
PREVIEW_TARGET = "/openai/realtime?api-version=2025-04-01-preview&deployment=phone"
FIRST_TARGET = "/openai/realtime?api-version=2024-10-01-preview&deployment=phone"
GA_TARGET = "/openai/v1/realtime?model=phone"


ENDLESS = "On and on."


class Voice:
    def __init__(self) -> None:
        self.closed = 0
        self.given_up = 0

    def open(self) -> "VoiceSession":
        return VoiceSession(self)


class VoiceSession:
    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._ear = Loudness()

    async def ask(self, job: Job) -> AsyncIterator[Result]:
        if isinstance(job, Speak) and job.text == ENDLESS:
            try:
                while True:
                    yield Speech("And on.", pcm(500), last=False)
                    await asyncio.sleep(0.01)
            finally:
                self._voice.given_up += 1
        for result in self._ear.answer(job):
            yield result

    async def close(self) -> None:
        self._voice.closed += 1


def run(
    test: Callable[[Serving], Awaitable[None]],
    *replies: Reply,
    profile: ModelProfile = QUICK,
    voice: Voice | None = None,
) -> None:
    """A test against a server of its own, with nothing left behind."""
    script = replies or (Reply((Spoken("Good morning.", 1_000),)),)

    async def main() -> None:
        async with (
            asyncio.timeout(20),
            serve(
                "127.0.0.1",
                0,
                voice=voice or Voice(),
                mind_factory=lambda: ScriptedMind(script),
                profile=profile,
            ) as serving,
        ):
            await test(serving)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        if left:  # a client's own, on their way out
            _, left = await asyncio.wait(left, timeout=1)
        assert not left

    loop.run(main())


@contextlib.asynccontextmanager
async def dial(serving: Serving, target: str, **headers: str) -> AsyncIterator[ClientConnection]:
    wanted = headers or KEY
    async with connect(serving.ws_url + target, additional_headers=wanted, max_size=None) as socket:
        yield socket


async def until(socket: ClientConnection, dialect: Dialect, *ends: str) -> list[dict[str, Any]]:
    """Events up to the first of these types, each held against the documents."""
    events = []
    while True:
        event = json.loads(await socket.recv())
        assert problems(event, dialect) == []
        events.append(event)
        if event["type"] in ends:
            return events


async def say(socket: ClientConnection, *stretches: bytes) -> None:
    for stretch in stretches:
        for at in range(0, len(stretch), 960):
            audio = base64.b64encode(stretch[at : at + 960]).decode()
            await socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))


# --- the plain websockets client --------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "dialect"),
    [(GA_TARGET, GA), (PREVIEW_TARGET, PREVIEW), (FIRST_TARGET, PREVIEW_2024_10)],
    ids=["ga", "preview", "preview_2024_10"],
)
def test_websockets_holds_a_call(target: str, dialect: Dialect) -> None:
    async def call(serving: Serving) -> None:
        async with dial(serving, target) as socket:
            (created,) = await until(socket, dialect, "session.created")
            assert created["session"]["model"] == "phone"
            session = {"type": "realtime"} if dialect is GA else {}
            update = {"type": "session.update", "session": session | {"instructions": "Hi."}}
            await socket.send(json.dumps(update))
            await until(socket, dialect, "session.updated")
            await say(socket, pcm(600), pcm(400, 0))
            events = await until(socket, dialect, "response.done")
            assert events[-1]["response"]["status"] == "completed"
            deltas = [
                e for e in events if e["type"] == dialect.event("response.output_audio.delta")
            ]
            assert b"".join(base64.b64decode(d["delta"]) for d in deltas) == pcm(1_000)

    run(call)


def test_a_barge_in_cancels_and_is_truncated() -> None:
    async def call(serving: Serving) -> None:
        async with dial(serving, GA_TARGET) as socket:
            await say(socket, pcm(500), pcm(400, 0))
            events = await until(socket, GA, "response.output_audio.delta")
            await say(socket, pcm(300))
            events = await until(socket, GA, "response.done")
            assert events[-1]["response"]["status_details"]["reason"] == "turn_detected"
            (item,) = events[-1]["response"]["output"]
            truncate = {"type": "conversation.item.truncate", "item_id": item["id"]}
            await socket.send(json.dumps(truncate | {"content_index": 0, "audio_end_ms": 50}))
            (*_, told) = await until(socket, GA, "conversation.item.truncated", "error")
            assert told["audio_end_ms"] == 50
        (session,) = serving.sessions
        assert [t.accepted for t in session.truncations] == [True]

    slow = ModelProfile(first_delta_ms=20, speed=1.0)
    run(call, Reply((Spoken("A long answer.", 20_000),)), profile=slow)


def test_the_voice_stops_speaking_for_an_answer_that_was_cut_off() -> None:
    voice = Voice()

    async def call(serving: Serving) -> None:
        async with dial(serving, GA_TARGET) as socket:
            await socket.send('{"type":"response.create"}')
            await until(socket, GA, "response.output_audio.delta")
            await socket.send('{"type":"response.cancel"}')
            await until(socket, GA, "response.done")
            await socket.send('{"type":"input_audio_buffer.clear"}')
            await until(socket, GA, "input_audio_buffer.cleared")
            assert voice.given_up == 1

    run(call, Reply((Spoken(ENDLESS),)), voice=voice)


def test_frames_are_compressed_only_where_the_profile_says_so() -> None:
    async def call(serving: Serving) -> None:
        async with dial(serving, GA_TARGET) as socket:
            extensions.append([type(e).__name__ for e in socket.protocol.extensions])

    extensions: list[list[str]] = []
    run(call)
    run(call, profile=ModelProfile(compression=True))
    assert extensions == [[], ["PerMessageDeflate"]]


def test_azure_names_the_request() -> None:
    async def call(serving: Serving) -> None:
        async with dial(serving, GA_TARGET) as socket:
            assert socket.response is not None
            assert socket.response.headers["apim-request-id"]

    run(call)


def test_a_binary_frame_is_refused_and_survived() -> None:
    async def call(serving: Serving) -> None:
        async with dial(serving, GA_TARGET) as socket:
            await until(socket, GA, "session.created")
            await socket.send(b"\x00")
            (told,) = await until(socket, GA, "error")
            assert told["error"]["code"] == "invalid_event"
            await socket.send('{"type":"input_audio_buffer.clear"}')
            await until(socket, GA, "input_audio_buffer.cleared")

    run(call)


# --- the openai package -----------------------------------------------------------------------


ASK: Any = {
    "type": "message",
    "role": "user",
    "content": [{"type": "input_text", "text": "And the order?"}],
}


async def ga_call(client: AsyncOpenAI, model: str) -> tuple[int, str]:
    """Speaks, hears an answer, asks again in writing; the bytes heard and what was called."""
    heard, called, ended = 0, "", 0
    async with client.realtime.connect(model=model) as connection:
        async for event in connection:
            match event.type:
                case "session.created":
                    await connection.session.update(session={"type": "realtime"})
                case "session.updated":
                    audio = base64.b64encode(pcm(600) + pcm(400, 0)).decode()
                    await connection.input_audio_buffer.append(audio=audio)
                case "response.output_audio.delta":
                    heard += len(base64.b64decode(event.delta))
                case "response.function_call_arguments.done":
                    called = event.arguments
                case "response.done" if ended:
                    break
                case "response.done":
                    ended += 1
                    await connection.conversation.item.create(item=ASK)
                    await connection.response.create()
                case "error":
                    raise AssertionError(event.error.message)
    return heard, called


async def preview_call(client: AsyncOpenAI, model: str) -> tuple[int, str]:
    """The same in the preview's words."""
    heard, called, ended = 0, "", 0
    async with client.beta.realtime.connect(model=model) as connection:
        async for event in connection:
            match event.type:
                case "session.created":
                    await connection.session.update(session={"voice": "echo"})
                case "session.updated":
                    audio = base64.b64encode(pcm(600) + pcm(400, 0)).decode()
                    await connection.input_audio_buffer.append(audio=audio)
                case "response.audio.delta":
                    heard += len(base64.b64decode(event.delta))
                case "response.function_call_arguments.done":
                    called = event.arguments
                case "response.done" if ended:
                    break
                case "response.done":
                    ended += 1
                    await connection.conversation.item.create(item=ASK)
                    await connection.response.create()
                case "error":
                    raise AssertionError(event.error.message)
    return heard, called


REPLIES = (
    Reply((Spoken("Good morning.", 1_000),)),
    Reply((FunctionCall("lookup_order", '{"number":"4711"}'),)),
)


HEARD = (len(pcm(1_000)), '{"number":"4711"}')


@pytest.mark.parametrize("path", ["/v1", "/openai/v1"])
def test_the_openai_package_holds_a_call_in_ga(path: str) -> None:
    async def call(serving: Serving) -> None:
        async with AsyncOpenAI(api_key="k", base_url=serving.http_url + path) as client:
            assert await ga_call(client, "gpt-realtime") == HEARD

    run(call, *REPLIES)


@pytest.mark.parametrize("version", ["2025-04-01-preview", "2024-10-01-preview"])
def test_the_openai_package_holds_a_call_in_the_previews(version: str) -> None:
    async def call(serving: Serving) -> None:
        async with AsyncAzureOpenAI(
            api_key="k",
            api_version=version,
            azure_endpoint=serving.http_url,
            websocket_base_url=serving.ws_url + "/openai",
        ) as client:
            assert await preview_call(client, "phone") == HEARD

    run(call, *REPLIES)


# --- saying no, and ends ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "profile", "status"),
    [
        (GA_TARGET, ModelProfile(api_keys=frozenset({"other"})), 401),
        (GA_TARGET + "&api-version=2025-04-01-preview", QUICK, 401),
        (PREVIEW_TARGET, ModelProfile(deployments=frozenset({"other"})), 404),
        (GA_TARGET, ModelProfile(throttled=True), 429),
    ],
)
def test_azure_rejects_the_upgrade(target: str, profile: ModelProfile, status: int) -> None:
    async def call(serving: Serving) -> None:
        with pytest.raises(InvalidStatus) as caught:
            async with dial(serving, target):
                pass
        assert caught.value.response.status_code == status
        assert json.loads(caught.value.response.body)["error"]["code"]

    run(call, profile=profile)


def test_openai_upgrades_tells_and_closes() -> None:
    async def call(serving: Serving) -> None:
        async with dial(serving, "/v1/realtime?model=x", Authorization="Bearer wrong") as socket:
            told = json.loads(await socket.recv())
            assert told["error"]["code"] == "invalid_api_key"
            with pytest.raises(ConnectionClosed):
                await socket.recv()
            assert socket.close_code == 3000
            assert socket.close_reason == "invalid_request_error.invalid_api_key"

    run(call, profile=ModelProfile(api_keys=frozenset({"right"})))


def test_an_expired_session_is_told_and_closed_with_1001() -> None:
    async def call(serving: Serving) -> None:
        async with dial(serving, GA_TARGET) as socket:
            *_, told = await until(socket, GA, "error")
            with pytest.raises(ConnectionClosed):
                await socket.recv()
            assert (socket.close_code, socket.close_reason) == (1001, told["error"]["message"])

    run(call, profile=ModelProfile(session_expires_after_s=0.05))


def test_a_dropped_connection_has_no_close_frame() -> None:
    async def call(serving: Serving) -> None:
        async with dial(serving, GA_TARGET) as socket:
            await until(socket, GA, "session.created")
            await socket.send('{"type":"input_audio_buffer.clear"}')
            with pytest.raises(ConnectionClosed):
                await socket.recv()
            assert socket.close_code == 1006

    run(call, profile=ModelProfile(drop_at_event=2))


def test_the_voice_is_given_back_whoever_ends_the_call() -> None:
    voice = Voice()

    async def call(serving: Serving) -> None:
        async with dial(serving, GA_TARGET) as socket:
            await until(socket, GA, "session.created")
        async with dial(serving, GA_TARGET) as socket:
            await until(socket, GA, "session.created")
            socket.transport.abort()

    run(call, voice=voice)
    gc.collect()
    assert voice.closed == 2


def test_only_the_latest_sessions_are_remembered() -> None:
    async def main() -> None:
        async with serve(
            "127.0.0.1",
            0,
            voice=Voice(),
            mind_factory=lambda: ScriptedMind(REPLIES),
            remember=2,
        ) as serving:
            for _ in range(3):
                async with dial(serving, GA_TARGET) as socket:
                    await until(socket, GA, "session.created")
            assert len(serving.sessions) == 2

    loop.run(main())
