"""The server's socket against clients that do unusual things."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import pytest
from websockets.client import ClientProtocol
from websockets.frames import Close, Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.uri import parse_uri

import bridge.sim.model.socket as limits
from bridge.cli import loop
from bridge.sim.model.socket import ServerSocket


class Echo:
    """Answers each message; "flood" makes it a long answer."""

    def __init__(self, socket: ServerSocket) -> None:
        self.socket = socket
        self.received: list[str | bytes] = []
        self.was_lost = 0

    def receive(self, message: str | bytes) -> None:
        self.received.append(message)
        self.socket.send(f"{type(message).__name__} {len(message)}")
        if message == "flood":
            self.socket.send("x" * 1_000_000)

    def lost(self) -> None:
        self.was_lost += 1


class RawClient:
    """A client that sends any bytes; its own core reads what comes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.protocol = ClientProtocol(parse_uri("ws://x/"))
        self._reader = reader
        self._frames: list[Frame] = []

    def write(self, data: bytes) -> None:
        self.writer.write(data)

    def frame(self, opcode: Opcode, data: bytes, *, fin: bool = True, mask: bool = True) -> None:
        self.write(Frame(opcode, data, fin=fin).serialize(mask=mask))

    async def read(self) -> Frame | None:
        """The next frame; None: the connection has ended."""
        while True:
            self._frames += [e for e in self.protocol.events_received() if isinstance(e, Frame)]
            if self._frames:
                return self._frames.pop(0)
            data = await self._reader.read(65_536)
            if not data:
                return None
            self.protocol.receive_data(data)

    async def text(self) -> str:
        frame = await self.read()
        assert frame is not None and frame.opcode is Opcode.TEXT
        return bytes(frame.data).decode()

    async def close_code(self) -> int:
        """The code the server closes with."""
        while (frame := await self.read()) is not None:
            if frame.opcode is Opcode.CLOSE:
                return Close.parse(bytes(frame.data)).code
        return 1006


def run(
    test: Callable[[RawClient, Echo], Awaitable[None]], *, ping_interval_s: float | None = None
) -> None:
    async def main() -> None:
        echoes: list[Echo] = []

        def open_it(socket: ServerSocket, request: Request) -> None:
            echoes.append(Echo(socket))
            socket.respond(socket.protocol.accept(request), echoes[-1])

        server = await asyncio.get_running_loop().create_server(
            lambda: ServerSocket(ServerProtocol(max_size=1000), open_it, ping_interval_s),
            "127.0.0.1",
        )
        host, port = server.sockets[0].getsockname()
        client = RawClient(*await asyncio.open_connection(host, port))
        async with asyncio.timeout(10):
            client.protocol.send_request(client.protocol.connect())
            client.write(b"".join(client.protocol.data_to_send()))
            while client.protocol.state is State.CONNECTING:
                client.protocol.receive_data(await client._reader.read(65_536))
            client.protocol.events_received()
            try:
                await test(client, echoes[0])
            finally:
                server.close()
                client.writer.close()
                await asyncio.wait([asyncio.ensure_future(client.writer.wait_closed())])
                await echoes[0].socket.gone.wait()
        assert echoes[0].was_lost == 1

    loop.run(main())


def test_texts_and_binaries_come_whole_or_in_fragments() -> None:
    async def talk(client: RawClient, echo: Echo) -> None:
        client.frame(Opcode.TEXT, b"hello")
        client.frame(Opcode.BINARY, b"\x00\x01")
        client.frame(Opcode.TEXT, b"in ", fin=False)
        client.frame(Opcode.PING, b"?")
        client.frame(Opcode.CONT, b"two")
        client.frame(Opcode.BINARY, b"\x02", fin=False)
        client.frame(Opcode.CONT, b"\x03")
        opcodes: list[Opcode] = []
        while len(echo.received) < 4 or len(opcodes) < 5:
            frame = await client.read()
            assert frame is not None
            opcodes.append(frame.opcode)
        assert echo.received == ["hello", b"\x00\x01", "in two", b"\x02\x03"]
        assert Opcode.PONG in opcodes

    run(talk)


@pytest.mark.parametrize(
    ("opcode", "data", "mask", "code"),
    [
        (Opcode.TEXT, b"\xff\xfe", True, 1007),
        (Opcode.TEXT, b"not masked", False, 1002),
        (Opcode.BINARY, bytes(2_000), True, 1009),
        (Opcode.CONT, b"of nothing", True, 1002),
    ],
)
def test_a_wrong_frame_ends_the_connection_with_its_code(
    opcode: Opcode, data: bytes, mask: bool, code: int
) -> None:
    async def talk(client: RawClient, echo: Echo) -> None:
        client.frame(opcode, data, mask=mask)
        assert await client.close_code() == code
        assert echo.received == []

    run(talk)


def test_a_text_that_is_too_long_is_refused_at_its_head(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_MESSAGE_BYTES", 1_000)

    async def talk(client: RawClient, echo: Echo) -> None:
        client.write(Frame(Opcode.TEXT, bytes(2_000)).serialize(mask=True)[:100])
        assert await client.close_code() == 1009

    run(talk)


def test_a_message_within_a_message_is_an_error() -> None:
    async def talk(client: RawClient, echo: Echo) -> None:
        client.frame(Opcode.TEXT, b"begun", fin=False)
        client.frame(Opcode.TEXT, b"and another")
        assert await client.close_code() == 1002
        assert echo.received == []

    run(talk)


def test_a_close_is_answered_and_ends_the_connection() -> None:
    async def talk(client: RawClient, echo: Echo) -> None:
        client.frame(Opcode.CLOSE, Close(1000, "").serialize())
        assert await client.close_code() == 1000
        assert await client.read() is None

    run(talk)


def test_after_its_own_close_nothing_is_heard_any_more() -> None:
    async def talk(client: RawClient, echo: Echo) -> None:
        echo.socket.close(1001, "enough")
        client.frame(Opcode.TEXT, b"still there?")
        assert await client.close_code() == 1001
        client.frame(Opcode.CLOSE, Close(1001, "").serialize())
        assert await client.read() is None
        assert echo.received == []

    run(talk)


def test_a_client_that_does_not_answer_a_close_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CLOSE_TIMEOUT_S", 0.05)

    async def talk(client: RawClient, echo: Echo) -> None:
        echo.socket.close(1001, "enough")
        await echo.socket.gone.wait()

    run(talk)


def test_a_client_that_answers_no_ping_is_closed() -> None:
    async def talk(client: RawClient, echo: Echo) -> None:
        assert await client.close_code() == 1011

    run(talk, ping_interval_s=0.05)


def test_a_client_that_answers_pings_stays() -> None:
    async def talk(client: RawClient, echo: Echo) -> None:
        for _ in range(4):
            frame = await client.read()
            assert frame is not None and frame.opcode is Opcode.PING
            client.frame(Opcode.PONG, bytes(frame.data))
        client.frame(Opcode.TEXT, b"here")
        while not echo.received:
            await client.read()
        assert echo.received == ["here"]

    run(talk, ping_interval_s=0.05)


def test_a_client_that_reads_nothing_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_UNSENT_BYTES", 2_000_000)

    async def talk(client: RawClient, echo: Echo) -> None:
        for _ in range(40):
            client.frame(Opcode.TEXT, b"flood")
        await echo.socket.gone.wait()

    run(talk)


def test_a_request_without_end_is_cut_off() -> None:
    async def main() -> None:
        sockets: list[ServerSocket] = []

        def made() -> ServerSocket:
            sockets.append(ServerSocket(ServerProtocol(), lambda socket, request: None, None))
            return sockets[-1]

        server = await asyncio.get_running_loop().create_server(made, "127.0.0.1")
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        async with asyncio.timeout(10):
            writer.write(b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000)
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
            await sockets[0].gone.wait()
        writer.close()
        server.close()

    loop.run(main())
