"""The carrier's media socket, over loopback sockets: upgrade, frames, close."""

import asyncio
import base64
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode

from bridge.cli.loop import run
from bridge.sim.carrier.signing import signature
from bridge.transport import media_socket
from bridge.transport.media_socket import MediaSocket, Refusal, Upgrade
from bridge.transport.socket import UNHEARD_MAX_FRAMES, SocketClosed
from tests.support.ends import sid
from tests.support.house import AUTH_TOKEN, House, standing, start, until
from tests.support.sockets import pulled_frames

FRAME = base64.b64encode(b"\x55" * 160).decode()


def check(tmp_path: Path, test: Callable[[House], Awaitable[None]], **more: str) -> None:
    async def main() -> None:
        async with asyncio.timeout(20), standing(tmp_path, more) as house:
            await test(house)

    run(main())


def media(timestamp_ms: int) -> str:
    body = {"track": "inbound", "chunk": "1", "timestamp": str(timestamp_ms), "payload": FRAME}
    return json.dumps({"event": "media", "streamSid": sid(1, "MZ"), "media": body})


async def refused(house: House, url: str, signed: str | None = None) -> int:
    with pytest.raises(InvalidStatus) as refusal:
        async with house.media(url, signed=signed):
            pass
    return refusal.value.response.status_code


async def raw(house: House, *lines: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    writer.write("\r\n".join((*lines, "", "")).encode())
    return reader, writer


def upgrade(house: House, url: str) -> tuple[str, ...]:
    """What Twilio's client sends, as captured: no Origin, no subprotocol, no extensions."""
    path = "/" + url.split("/", 3)[3]
    return (
        f"GET {path} HTTP/1.1",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        f"Host: 127.0.0.1:{house.port}",
        f"X-Twilio-Signature: {signature(AUTH_TOKEN, url)}",
        "User-Agent: Twilio.TmeWs/1.0",
    )


async def speaks(socket: ClientConnection) -> dict[str, object]:
    """The first audio of the assistant."""
    async for text in socket:
        message: dict[str, object] = json.loads(text)
        if message["event"] == "media":
            return message
    raise AssertionError("the socket was closed")


# --- the upgrade ----------------------------------------------------------------------------


def test_a_signed_upgrade_with_a_fresh_token_is_admitted_once(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        url = await house.stream_url()
        async with house.media(url) as socket:
            assert await refused(house, url) == 403
            await socket.send(start(1))
            assert (await speaks(socket))["streamSid"] == sid(1, "MZ")
        assert await refused(house, url) == 403

    check(tmp_path, test)


def test_exactly_the_headers_of_twilios_client_are_enough(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        reader, writer = await raw(house, *upgrade(house, await house.stream_url()))
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        assert head.startswith("http/1.1 101 ")
        assert "sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=" in head
        assert "sec-websocket-extensions" not in head
        assert "sec-websocket-protocol" not in head
        writer.close()

    check(tmp_path, test)


def test_an_upgrade_that_is_not_signed_is_refused_and_costs_no_token(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def test(house: House) -> None:
        url = await house.stream_url()
        token = url.rpartition("/")[2]
        assert await refused(house, url, signed=url.replace("127.0.0.1", "example.com")) == 403
        lines = [*upgrade(house, url)]
        del lines[6]
        reader, writer = await raw(house, *lines)
        assert (await reader.readline()).startswith(b"HTTP/1.1 403")
        writer.close()
        told = [r.getMessage() for r in caplog.records if "signature" in r.getMessage()]
        assert len(told) == 2
        assert all(f"127.0.0.1:{house.port}/twilio/media/" in line for line in told)
        assert token not in caplog.text and AUTH_TOKEN not in caplog.text
        async with house.media(url):
            pass  # the token is still good

    with caplog.at_level(logging.WARNING):
        check(tmp_path, test)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda url: url[:-4] + "AAAA", 403),  # unknown
        (lambda url: url + "?a=b", 403),  # Media Streams knows no query strings
        (lambda url: url.replace("/twilio/media/", "/media/"), 404),
        (lambda url: url.replace("/twilio/media/", "/twilio/media"), 404),
        (lambda url: url.rpartition("/")[0] + "/", 403),
        (lambda url: url + "/", None),  # a slash may be appended
    ],
)
def test_only_the_url_of_the_document_is_admitted(
    tmp_path: Path, change: Callable[[str], str], status: int | None
) -> None:
    async def test(house: House) -> None:
        url = change(await house.stream_url())
        if status is not None:
            assert await refused(house, url) == status
        else:
            async with house.media(url) as socket:
                await socket.send(start(1))
                await speaks(socket)

    check(tmp_path, test)


def test_a_slash_appended_before_signing_is_tolerated(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        url = await house.stream_url()
        async with house.media(url, signed=url + "/") as socket:
            await socket.send(start(1))
            await speaks(socket)

    check(tmp_path, test)


def test_a_token_that_is_too_old_is_refused(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        url = await house.stream_url()
        await asyncio.sleep(1.05)
        assert await refused(house, url) == 403

    check(tmp_path, test, OFFHOOK_STREAM_TOKEN_TTL_S="1")


def test_a_plain_request_for_the_media_path_is_not_found(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        path = "/" + (await house.stream_url()).split("/", 3)[3]
        assert (await house.http.get(path)).status_code == 404

    check(tmp_path, test)


@pytest.mark.parametrize(
    ("spoilt", "status"),
    [("Sec-WebSocket-Version: 12", 400), ("Sec-WebSocket-Key: short", 400)],
)
def test_an_upgrade_that_is_no_websocket_is_refused(
    tmp_path: Path, spoilt: str, status: int
) -> None:
    async def test(house: House) -> None:
        name = spoilt.partition(":")[0]
        lines = [
            spoilt if line.startswith(name) else line
            for line in upgrade(house, await house.stream_url())
        ]
        reader, writer = await raw(house, *lines)
        assert (await reader.readline()).startswith(f"HTTP/1.1 {status}".encode())
        await reader.read()  # and the connection is closed
        writer.close()
        await until(lambda: not (house.server.server_state.tasks))

    check(tmp_path, test)


# --- frames ---------------------------------------------------------------------------------


def test_without_a_start_the_socket_is_closed(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        async with house.media(await house.stream_url()) as socket:
            with pytest.raises(ConnectionClosed):
                await socket.recv()
            assert socket.close_code == 1000

    check(
        tmp_path,
        test,
        OFFHOOK_CARRIER_START_TIMEOUT_S="0.3",
        OFFHOOK_MODEL_CONNECT_TIMEOUT_S="0.3",
    )


def test_fragments_make_one_message_and_binary_frames_are_read_alike(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        async with house.media(await house.stream_url()) as socket:
            text = start(1)
            await socket.send([text[:20], text[20:90], text[90:]])
            await speaks(socket)
            await socket.send(media(0).encode())
            (live,) = house.server.registry._running
            await until(lambda: live.call.hearing.frames == 1)
            assert not live.call.counts.malformed

    check(tmp_path, test)


def test_a_control_frame_amid_fragments_is_no_part_of_the_message(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        async with house.media(await house.stream_url()) as socket:

            async def pieces() -> AsyncIterator[str]:
                text = start(1)
                yield text[:40]
                await (await socket.ping())
                yield text[40:]

            await socket.send(pieces())
            await speaks(socket)

    check(tmp_path, test)


def test_a_frame_too_large_closes_the_socket_with_1009_ends_the_call_and_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def test(house: House) -> None:
        async with house.media(await house.stream_url()) as socket:
            await socket.send(start(1))
            await socket.send("x" * (media_socket.MAX_FRAME_BYTES + 1))
            with pytest.raises(ConnectionClosed):
                while True:
                    await socket.recv()
            assert socket.close_code == 1009
        await until(lambda: not (house.server.registry.running))

    check(tmp_path, test)
    assert "carrier_closed: closed with 1009" in caplog.text


def test_frames_that_break_the_protocol_close_the_socket_with_1002(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        reader, writer = await raw(house, *upgrade(house, await house.stream_url()))
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"\x81\x02hi")  # a client that does not mask
        closing = await reader.read()
        assert closing[0] == 0x88 and closing[2:4] == (1002).to_bytes(2, "big")
        writer.close()

    check(tmp_path, test)


def test_a_ping_is_answered(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        async with house.media(await house.stream_url()) as socket:
            async with asyncio.timeout(2):
                await (await socket.ping(b"are you there"))

    check(tmp_path, test)


def test_the_wish_to_shut_down_does_not_touch_a_call(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        async with house.media(await house.stream_url()) as socket:
            await socket.send(start(1))
            await speaks(socket)
            for connection in [*house.server.server_state.connections]:
                connection.shutdown()
            await socket.send(media(0))
            await (await socket.ping())
            assert house.server.registry.running == 1

    check(tmp_path, test)


# --- back pressure --------------------------------------------------------------------------


class Slow:
    """Admits everybody and leaves them waiting."""

    def __init__(self) -> None:
        self.admitted: asyncio.Queue[MediaSocket] = asyncio.Queue()
        self.over = asyncio.Event()

    async def admit(self, upgrade: Upgrade) -> Callable[[MediaSocket], Awaitable[None]] | Refusal:
        assert upgrade.path == "/any?path"
        return self.carry

    async def carry(self, socket: MediaSocket) -> None:
        self.admitted.put_nowait(socket)
        await self.over.wait()


def alone(test: Callable[[Slow, MediaSocket, ClientConnection], Awaitable[None]]) -> None:
    """The socket without a web server around it."""

    async def main() -> None:
        slow, tasks, connections = Slow(), set[object](), set[object]()
        server = await asyncio.get_running_loop().create_server(
            lambda: MediaSocket(slow, 0.3, connections, tasks), "127.0.0.1", 0
        )
        port = server.sockets[0].getsockname()[1]
        async with asyncio.timeout(20), server:
            url = f"ws://127.0.0.1:{port}/any?path"
            async with connect(url, compression=None, proxy=None, close_timeout=0.2) as client:
                await test(slow, await slow.admitted.get(), client)
                slow.over.set()
            await until(lambda: not tasks and not connections)

    run(main())


def test_a_carrier_that_is_read_too_slowly_has_to_wait_and_loses_nothing() -> None:
    frames = [f"{number:06d}" + "x" * 20_000 for number in range(2_000)]  # forty megabytes

    async def test(slow: Slow, socket: MediaSocket, client: ClientConnection) -> None:
        async def send() -> None:
            for frame in frames:
                await client.send(frame)

        sending = asyncio.create_task(send())
        await asyncio.wait([sending], timeout=1.0)
        assert not sending.done()
        pulled = pulled_frames(socket)
        # What one read of the socket brings comes on top: 256 KiB.
        got = await pulled.receive() or []
        assert UNHEARD_MAX_FRAMES <= len(got) < 520
        while len(got) < len(frames):
            got += await pulled.receive() or ()
        await sending
        assert got == [frame.encode() for frame in frames]

    alone(test)


def test_a_peer_that_takes_nothing_is_given_up() -> None:
    async def test(slow: Slow, socket: MediaSocket, client: ClientConnection) -> None:
        pulled = pulled_frames(socket)
        client.transport.pause_reading()
        for _ in range(100):
            socket.send([b"x" * 60_000])
        async with asyncio.timeout(2):  # far more than the socket's own patience
            assert await pulled.receive() is None
        with pytest.raises(SocketClosed):
            socket.send([b"too late"])
        await socket.close()

    alone(test)


def test_what_a_peer_has_not_taken_is_bounded() -> None:
    async def test(slow: Slow, socket: MediaSocket, client: ClientConnection) -> None:
        client.transport.pause_reading()
        with pytest.raises(SocketClosed):
            for _ in range(1_000):
                socket.send([b"x" * 60_000])

    alone(test)


def test_closing_does_not_wait_for_a_peer_that_reads_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(media_socket, "CLOSE_TIMEOUT_S", 0.1)

    async def test(slow: Slow, socket: MediaSocket, client: ClientConnection) -> None:
        client.transport.pause_reading()
        began = asyncio.get_running_loop().time()
        await socket.close()
        assert asyncio.get_running_loop().time() - began < 1

    alone(test)


def test_after_the_carriers_close_nothing_can_be_sent() -> None:
    async def test(slow: Slow, socket: MediaSocket, client: ClientConnection) -> None:
        socket.data_received(b"\x88\x82\x00\x00\x00\x00\x03\xe8")  # masked, 1000
        with pytest.raises(SocketClosed):
            socket.send([b"too late"])
        assert await pulled_frames(socket).receive() is None

    alone(test)


def test_closing_twice_does_no_harm() -> None:
    async def test(slow: Slow, socket: MediaSocket, client: ClientConnection) -> None:
        await asyncio.gather(socket.close(), socket.close())
        await socket.close()
        with pytest.raises(ConnectionClosed):
            await client.recv()
        assert client.close_code == 1000

    alone(test)


def test_a_bug_behind_the_socket_closes_it(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        async def admit(self, upgrade: Upgrade) -> Refusal:
            raise RuntimeError("a bug")

    async def main() -> None:
        tasks, connections = set[object](), set[object]()
        server = await asyncio.get_running_loop().create_server(
            lambda: MediaSocket(Broken(), 5.0, connections, tasks), "127.0.0.1", 0
        )
        port = server.sockets[0].getsockname()[1]
        async with asyncio.timeout(5), server:
            with pytest.raises(InvalidStatus) as refusal:
                async with connect(f"ws://127.0.0.1:{port}/", proxy=None):
                    pass
            assert refusal.value.response.status_code == 500
            await until(lambda: not tasks and not connections)

    run(main())
    assert "a media socket failed" in caplog.text


def test_frames_that_come_in_pieces_are_put_together() -> None:
    async def test(slow: Slow, socket: MediaSocket, client: ClientConnection) -> None:
        pulled = pulled_frames(socket)
        texts = [b"one", b"x" * 200, b"three"]
        data = b"".join(
            [
                Frame(Opcode.TEXT, texts[0]).serialize(mask=True),
                Frame(Opcode.PING, b"?").serialize(mask=True),
                Frame(Opcode.TEXT, texts[1]).serialize(mask=True),
                Frame(Opcode.TEXT, b"th", fin=False).serialize(mask=True),
                Frame(Opcode.CONT, b"ree").serialize(mask=True),
            ]
        )
        for at in range(len(data)):
            socket.data_received(data[at : at + 1])
        assert await pulled.receive() == texts

    alone(test)
