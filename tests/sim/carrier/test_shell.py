"""Whole calls over loopback sockets, against a small far end of the test's own."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from websockets.asyncio.server import ServerConnection, serve

from bridge.cli import loop
from bridge.sim.carrier.caller import (
    AfterAgent,
    At,
    Caller,
    EchoCaller,
    HangUp,
    Say,
    ScriptedCaller,
)
from bridge.sim.carrier.delivery import Link
from bridge.sim.carrier.line import padded
from bridge.sim.carrier.number import Line
from bridge.sim.carrier.profile import INSTANT, StreamProfile
from bridge.sim.carrier.rest import RestFacade
from bridge.sim.carrier.result import CallResult
from bridge.sim.carrier.shell import http_client, place_call
from bridge.sim.carrier.signing import signature

ACCOUNT = "AC" + "a" * 32
TOKEN = "tok_0123456789abcdef"
WORDS = b"\x10\x90" * 800  # 200 ms
AGENT = bytes(0x20 + k % 7 for k in range(1600))  # 200 ms

Talk = Callable[[ServerConnection, str], Awaitable[None]]


@dataclass
class FarEnd:
    """A webhook that answers with one stream, and what is to be said on it."""

    talk: Talk
    pages: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str], dict[str, str]]] = field(default_factory=list)
    upgrades: list[Any] = field(default_factory=list)
    frames: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""
    ws_url: str = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = (line.partition(":") for line in head.split("\r\n")[1:] if line)
        headers = {name.lower(): value.strip() for name, _, value in lines}
        body = (await reader.readexactly(int(headers["content-length"]))).decode()
        path = head.split(" ")[1]
        self.asked.append((path, headers, dict(parse_qsl(body, keep_blank_values=True))))
        page = self.pages.get(path, "").replace("WS", self.ws_url).encode()
        page = b"<Response>" + page + b"</Response>"
        answer = f"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {len(page)}\r\n\r\n"
        writer.write(answer.encode() + page)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def converse(self, socket: ServerConnection) -> None:
        assert socket.request
        self.upgrades.append(socket.request)
        async for text in socket:
            frame = json.loads(text)
            self.frames.append(frame)
            if frame["event"] == "start":
                await self.talk(socket, frame["streamSid"])


def message(event: str, sid: str, **body: str) -> str:
    return json.dumps({"event": event, "streamSid": sid, **({event: body} if body else {})})


async def says_agent(socket: ServerConnection, sid: str) -> None:
    await socket.send(message("media", sid, payload=base64.b64encode(AGENT).decode()))
    await socket.send(message("mark", sid, name="end"))


async def says_nothing(socket: ServerConnection, sid: str) -> None:
    pass


@asynccontextmanager
async def standing(far: FarEnd, **options: Any) -> AsyncIterator[None]:
    """The far end on two ports of the loopback; in its pages WS is the origin of its sockets."""
    http = await asyncio.start_server(far.answer, "127.0.0.1", 0)
    async with http, serve(far.converse, "127.0.0.1", 0, **options) as sockets:
        far.url = f"http://127.0.0.1:{http.sockets[0].getsockname()[1]}"
        far.ws_url = f"ws://127.0.0.1:{sockets.sockets[0].getsockname()[1]}"
        yield


async def dial(url: str, caller: Caller, **options: Any) -> CallResult:
    return await place_call(
        url,
        caller=caller,
        account_sid=ACCOUNT,
        auth_token=TOKEN,
        from_number="+441632960001",
        to_number="+441632960002",
        **{"profile": INSTANT, "time_limit_s": 20.0, **options},
    )


async def left_over(before: set[asyncio.Task[Any]]) -> set[asyncio.Task[Any]]:
    """Tasks that were not there before, when the far end has had time to see the end."""
    if left := asyncio.all_tasks() - before:
        await asyncio.wait(left, timeout=2)
    return asyncio.all_tasks() - before


def call(far: FarEnd, caller: Caller, **options: Any) -> CallResult:
    async def run() -> CallResult:
        async with standing(far):
            before = asyncio.all_tasks()
            result = await dial(f"{far.url}/voice", caller, **options)
            assert await left_over(before) == set()
        return result

    return loop.run(run())


def test_a_call_from_webhook_to_hang_up() -> None:
    far = FarEnd(says_agent, {"/voice": '<Connect><Stream url="WS/media/1"/></Connect>'})
    caller = ScriptedCaller([Say(WORDS, AfterAgent(quiet_ms=100)), HangUp(AfterAgent(spoke=False))])
    result = call(far, caller)

    assert (result.outcome, result.ended_by) == ("completed", "caller")
    assert result.warnings == () == result.errors
    assert result.heard.strip(b"\xff") == AGENT
    assert result.sent_ulaw.strip(b"\xff") == WORDS
    assert [mark.name for mark in result.marks] == ["end"]
    assert [step.timed_out for step in result.steps] == [False, False]
    assert [f["event"] for f in far.frames[:3]] == ["connected", "start", "media"]
    assert far.frames[-1]["event"] == "stop"
    numbers = [int(f["sequenceNumber"]) for f in far.frames[1:]]
    assert numbers == list(range(1, len(numbers) + 1))
    sent = b"".join(base64.b64decode(f["media"]["payload"]) for f in far.frames if "media" in f)
    assert sent.strip(b"\xff") == WORDS
    timings = result.timings
    assert timings.webhook_ms and timings.socket_open_ms
    assert timings.first_media_ms is not None and timings.first_audio_ms is not None
    assert 0 < timings.first_media_ms <= timings.first_audio_ms < 1000
    assert [e.request.purpose for e in result.exchanges] == ["voice"]


def test_webhook_and_upgrade_are_what_twilio_sends() -> None:
    far = FarEnd(says_nothing, {"/voice": '<Connect><Stream url="WS/media/1?a=b"/></Connect>'})
    result = call(far, ScriptedCaller([HangUp(At(0.0))]))

    path, headers, fields = far.asked[0]
    assert path == "/voice"
    expected = signature(TOKEN, f"{far.url}/voice", fields.items())
    assert headers["x-twilio-signature"] == expected
    assert headers["user-agent"] == "TwilioProxy/1.1"
    (upgrade,) = far.upgrades
    assert upgrade.path == "/media/1"
    assert upgrade.headers["User-Agent"] == "Twilio.TmeWs/1.0"
    assert upgrade.headers["X-Twilio-Signature"] == signature(TOKEN, f"{far.ws_url}/media/1")
    for absent in ("Origin", "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"):
        assert absent not in upgrade.headers
    assert [w.code for w in result.warnings] == [31920]  # the query


def test_a_socket_closed_by_the_far_end_leads_to_the_action() -> None:
    async def closes(socket: ServerConnection, sid: str) -> None:
        await says_agent(socket, sid)
        await socket.close()

    far = FarEnd(
        closes,
        {
            "/voice": '<Connect action="/after"><Stream url="WS/media/1"/></Connect>',
            "/after": "<Hangup/>",
        },
    )
    result = call(far, ScriptedCaller([]))
    assert [path for path, _, _ in far.asked] == ["/voice", "/after"]
    assert [error.code for error in result.errors] == [31921]
    assert (result.outcome, result.ended_by) == ("completed", "document")


def test_a_connection_that_breaks_is_told_from_one_that_is_closed() -> None:
    async def breaks(socket: ServerConnection, sid: str) -> None:
        socket.transport.abort()

    far = FarEnd(breaks, {"/voice": '<Connect><Stream url="WS/media/1"/></Connect>'})
    assert [error.code for error in call(far, ScriptedCaller([])).errors] == [31903]


def test_rest_ends_the_call() -> None:
    far = FarEnd(says_nothing, {"/voice": '<Connect><Stream url="WS/media/1"/></Connect>'})

    async def run() -> tuple[CallResult, list[int]]:
        statuses: list[int] = []

        async def hangs_up(socket: ServerConnection, sid: str) -> None:
            call_sid = far.frames[-1]["start"]["callSid"]
            url = f"{rest.url}/2010-04-01/Accounts/{ACCOUNT}/Calls/{call_sid}.json"
            async with httpx.AsyncClient(auth=(ACCOUNT, TOKEN)) as client:
                answer = await client.post(url, data={"Status": "completed"})
                statuses.append(answer.status_code)

        far.talk = hangs_up
        async with RestFacade(ACCOUNT, TOKEN) as rest, standing(far):
            result = await dial(f"{far.url}/voice", ScriptedCaller([]), rest=rest)
        return result, statuses

    result, statuses = loop.run(run())
    assert statuses == [200]
    assert (result.outcome, result.ended_by) == ("completed", "rest")
    assert result.warnings == () == result.errors
    assert far.frames[-1]["event"] == "stop"


def test_nobody_there_is_a_failed_call_and_not_an_exception() -> None:
    far = FarEnd(says_nothing)

    async def run() -> CallResult:
        async with standing(far):
            pass
        return await dial(f"{far.url}/voice", ScriptedCaller([]))

    result = loop.run(run())
    assert (result.outcome, result.ended_by) == ("failed", "error")
    assert [error.code for error in result.errors] == [11205]
    assert [e.request.attempt for e in result.exchanges] == [1, 2]
    assert result.heard == b""


def test_a_refused_connection_and_a_refused_upgrade_have_their_codes() -> None:
    nobody = '<Connect><Stream url="ws://127.0.0.1:1/media"/></Connect>'
    result = call(FarEnd(says_nothing, {"/voice": nobody}), ScriptedCaller([]))
    assert [error.code for error in result.errors] == [31902]

    async def run() -> CallResult:
        far = FarEnd(says_nothing, {"/voice": '<Connect><Stream url="WS/media/1"/></Connect>'})
        async with standing(far, process_request=lambda c, r: c.respond(403, "no\n")):
            return await dial(f"{far.url}/voice", ScriptedCaller([]))

    assert [error.code for error in loop.run(run()).errors] == [31920]


def test_the_network_between_delays_both_ways() -> None:
    far = FarEnd(says_agent, {"/voice": '<Connect><Stream url="WS/media/1"/></Connect>'})
    result = call(
        far,
        ScriptedCaller([HangUp(AfterAgent(quiet_ms=40))]),
        to_bridge=Link(delay_ms=60),
        from_bridge=Link(delay_ms=90, jitter_ms=20, seed=3),
    )
    assert result.timings.first_media_ms is not None
    assert 150 <= result.timings.first_media_ms < 400
    assert result.heard.strip(b"\xff") == AGENT
    assert far.frames[-1]["event"] == "stop"


def test_a_call_that_is_cancelled_leaves_nothing_behind() -> None:
    far = FarEnd(says_nothing, {"/voice": '<Connect><Stream url="WS/media/1"/></Connect>'})

    async def run() -> set[asyncio.Task[Any]]:
        async with standing(far):
            before = asyncio.all_tasks()
            placing = asyncio.create_task(dial(f"{far.url}/voice", ScriptedCaller([])))
            while len(far.frames) < 5:
                await asyncio.wait([placing], timeout=0.02)
            placing.cancel()
            await asyncio.wait([placing])
            assert placing.cancelled()
            return await left_over(before)

    assert loop.run(run()) == set()


def test_many_calls_share_one_client_and_do_not_mix() -> None:
    far = FarEnd(says_agent, {"/voice": '<Connect><Stream url="WS/media/1"/></Connect>'})

    async def run() -> list[CallResult]:
        async with standing(far), http_client() as http:
            return await asyncio.gather(
                *(
                    dial(
                        f"{far.url}/voice",
                        ScriptedCaller([HangUp(AfterAgent(quiet_ms=40 + 20 * k))]),
                        http=http,
                    )
                    for k in range(5)
                )
            )

    results = loop.run(run())
    assert len({result.call_sid for result in results}) == 5
    assert {result.heard.strip(b"\xff") for result in results} == {AGENT}
    assert {result.ended_by for result in results} == {"caller"}


def test_callbacks_are_delivered_after_the_call_too() -> None:
    far = FarEnd(says_nothing, {"/voice": "<Hangup/>"})

    async def run() -> CallResult:
        async with standing(far):
            return await dial(
                f"{far.url}/voice",
                ScriptedCaller([]),
                line=Line(f"{far.url}/voice", status_callback=f"{far.url}/status"),
                profile=replace(INSTANT, callback_delay_s=0.1),
            )

    result = loop.run(run())
    assert [path for path, _, _ in far.asked] == ["/voice", "/status"]
    assert far.asked[1][2]["CallStatus"] == "completed"
    assert [e.request.purpose for e in result.exchanges] == ["voice", "status"]


def test_the_time_limit_ends_a_call_that_nobody_ends() -> None:
    far = FarEnd(says_nothing, {"/voice": '<Connect><Stream url="WS/media/1"/></Connect>'})
    caller = EchoCaller(ScriptedCaller([Say(WORDS, At(0.0))]), delay_ms=100, gain_db=-20)
    result = call(far, caller, time_limit_s=0.5)
    assert (result.outcome, result.ended_by) == ("completed", "limit")
    assert len(result.steps) == 1
    assert result.sent_ulaw.strip(b"\xff") == padded(WORDS)
    assert len(result.sent_ulaw) == len(result.heard) == 160 * (len(result.heard) // 160)


def test_a_socket_left_open_ends_when_the_far_end_closes_it() -> None:
    async def leaves(socket: ServerConnection, sid: str) -> None:
        asyncio.get_running_loop().call_later(0.3, lambda: leaving.append(close(socket)))

    def close(socket: ServerConnection) -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(socket.close())

    leaving: list[asyncio.Task[None]] = []
    far = FarEnd(leaves, {"/voice": '<Connect><Stream url="WS/media/1"/></Connect>'})
    profile = StreamProfile(sends_stop=False, linger_s=30.0)
    result = call(far, ScriptedCaller([HangUp(At(0.02))]), stream_profile=profile)
    assert (result.outcome, result.ended_by) == ("completed", "caller")
    assert far.frames[-1]["event"] == "media"
    assert result.errors == ()


def test_a_socket_nobody_closes_breaks_after_its_time() -> None:
    far = FarEnd(says_nothing, {"/voice": '<Connect><Stream url="WS/media/1"/></Connect>'})
    profile = StreamProfile(linger_s=0.2)
    before = time.monotonic()
    result = call(far, ScriptedCaller([HangUp(At(0.0))]), stream_profile=profile)
    assert 0.3 < time.monotonic() - before < 3
    assert far.frames[-1]["event"] == "stop"
    assert result.errors == ()


def test_a_handshake_that_takes_too_long_for_the_call_is_given_up() -> None:
    async def slowly(connection: ServerConnection, _: object) -> None:
        await asyncio.sleep(1.0)

    async def run() -> tuple[CallResult, float]:
        far = FarEnd(says_nothing, {"/voice": '<Connect><Stream url="WS/media/1"/></Connect>'})
        async with standing(far, process_request=slowly):
            before = time.monotonic()
            result = await dial(f"{far.url}/voice", ScriptedCaller([]), time_limit_s=0.2)
            return result, time.monotonic() - before

    result, took_s = loop.run(run())
    assert took_s < 0.9
    assert (result.outcome, result.ended_by, result.streams) == ("completed", "limit", ())
    assert result.timings.first_audio_ms is None


def test_a_webhook_that_hangs_up_on_us_is_a_failed_call() -> None:
    async def run() -> CallResult:
        rude = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        async with rude:
            port = rude.sockets[0].getsockname()[1]
            return await dial(f"http://127.0.0.1:{port}/voice", ScriptedCaller([]))

    result = loop.run(run())
    assert result.outcome == "failed"
    assert [error.code for error in result.errors] == [11200]


@pytest.mark.parametrize("url", ["voice", "http://[", "ftp://a.example/", "https://a:b/"])
def test_a_webhook_that_is_no_url_is_the_users_mistake(url: str) -> None:
    with pytest.raises(ValueError, match="not a URL"):
        loop.run(dial(url, ScriptedCaller([])))


def test_a_bridge_that_breaks_the_rules_is_in_the_log() -> None:
    async def breaks_them(socket: ServerConnection, sid: str) -> None:
        await socket.send(b"binary")
        await socket.send(json.dumps({"event": "media"}))

    far = FarEnd(breaks_them, {"/voice": '<Connect><Stream url="WS/media/1"/></Connect>'})
    result = call(far, ScriptedCaller([HangUp(At(0.1))]))
    assert [warning.code for warning in result.warnings] == [31950, 31951]


def test_any_kind_of_caller_can_be_placed() -> None:
    class Brief:
        def __init__(self) -> None:
            self.digits: list[str] = []
            self.hung_up = False

        def frame(self, now: float, heard: bytes) -> bytes | None:
            self.hung_up = True
            return None

    far = FarEnd(says_nothing, {"/voice": '<Connect><Stream url="WS/media/1"/></Connect>'})
    assert call(far, Brief()).steps == ()
