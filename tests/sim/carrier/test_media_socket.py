"""The socket of one stream, apart from any call."""

import asyncio

from websockets.asyncio.server import ServerConnection, serve

from bridge.cli import loop
from bridge.sim.carrier.commands import CloseSocket, OpenSocket
from bridge.sim.carrier.media_socket import (
    CONGESTED,
    Closed,
    Event,
    Frame,
    MediaSocket,
    Opened,
    Refused,
)

SID = "MZ" + "a" * 32


def made(url: str, events: list[Event]) -> MediaSocket:
    command = OpenSocket(SID, url, {"X-Twilio-Signature": "s"})
    return MediaSocket(command, events.append, to_bridge=None, from_bridge=None)


def test_a_reader_that_does_not_keep_up_is_noticed() -> None:
    socket = made("ws://127.0.0.1:1", [])
    for _ in range(CONGESTED):
        assert not socket.congested
        socket.send("{}")
    assert socket.congested


def test_what_was_sent_goes_out_before_the_close_and_frames_come_in_order() -> None:
    async def run() -> tuple[list[str | bytes], list[Event]]:
        got: list[str | bytes] = []

        async def answer(peer: ServerConnection) -> None:
            async for text in peer:
                got.append(text)
                await peer.send(text)

        events: list[Event] = []
        async with serve(answer, "127.0.0.1", 0) as server:
            socket = made(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", events)
            for text in ("one", "two"):
                socket.send(text)
            running = asyncio.create_task(socket.run())
            while Frame("two") not in events:
                await asyncio.wait([running], timeout=0.01)
            socket.send("three")
            socket.send(CloseSocket(SID))
            await running
        return got, events

    got, events = loop.run(run())
    assert got == ["one", "two", "three"]
    assert isinstance(events[0], Opened)
    assert events[1:3] == [Frame("one"), Frame("two")]
    assert events[-1] == Closed(1000)


def test_a_port_that_speaks_no_websocket_is_a_failed_upgrade() -> None:
    async def run() -> list[Event]:
        events: list[Event] = []

        async def mumble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"220 mail.example.com\r\n\r\n")
            writer.close()

        async with await asyncio.start_server(mumble, "127.0.0.1", 0) as server:
            await made(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", events).run()
        return events

    (refused,) = loop.run(run())
    assert isinstance(refused, Refused)
    assert refused.code == 31920
