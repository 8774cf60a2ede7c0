"""What a relay costs that does nothing: the least that any bridge on this event loop pays.

    python -m tests.bench.floor [--calls 100] [--seconds 6] [--rounds 3]

Per frame of a caller it reads one message and writes one append, which it has ready: no JSON, no
codec, no state, and nothing is said back. Processor time in microseconds a frame, of relays that
differ in who reads and writes the WebSocket frames:

    own         uvloop's protocols with ``bridge.transport.frames``, as ``serve`` does it
    websockets  uvloop's protocols with the sans-I/O core of websockets
    picows      listeners of picows, which is measured where it is installed
"""

import argparse
import asyncio
import gc
import statistics
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any, cast

import psutil
from websockets.client import ClientProtocol
from websockets.frames import Frame
from websockets.http11 import Request
from websockets.protocol import Protocol
from websockets.server import ServerProtocol
from websockets.uri import parse_uri

from bridge.cli.loop import run
from bridge.transport.frames import Masks, Reader, masked_text
from tests.bench import frames
from tests.bench.bridges import Bench, Subject, keep_off
from tests.bench.load import Sessions, model
from tests.bench.machine import machine
from tests.bench.one_call import pinned

SIZES = {"pcm16": 960, "g711_ulaw": 160}  # bytes of an append's audio
APPEND = b'{"type":"input_audio_buffer.append","audio":"%b"}'

Said = Callable[[bytes], None]


def append(audio_format: str) -> bytes:
    return APPEND % (b"A" * (SIZES[audio_format] * 4 // 3))


class Webhook(asyncio.Protocol):
    """Answers each request with a stream."""

    def __init__(self, media_port: int) -> None:
        url = f"ws://127.0.0.1:{media_port}/media"
        twiml = f'<Response><Connect><Stream url="{url}"/></Connect></Response>'
        self._answer = (
            f"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {len(twiml)}\r\n\r\n"
            f"{twiml}"
        ).encode()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._transport.write(self._answer)  # httpx sends head and form in one write


class OwnEnd(asyncio.Protocol):
    """Either side: ``begun`` when it is open, ``said`` for each message."""

    def __init__(self, begun: Callable[["OwnEnd"], None], said: Said, request: bytes = b"") -> None:
        self._begun, self._said = begun, said
        self._request = request
        self._open = False
        self._reader = Reader(lambda data: [], masked=not request, max_bytes=2**24)
        self._masks = Masks()
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if self._request:
            self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if not self._open:
            self._head += data
            head, ended, data = self._head.partition(b"\r\n\r\n")
            if not ended:
                return
            self._open = True
            if not self._request:
                self._transport.write(frames.accepted(head))
            self._reader.take_over()
            self._begun(self)
        for message in self._reader.read(data):
            self._said(message)

    def send(self, payload: bytes) -> None:
        self._transport.write(masked_text(payload, self._masks.next()))

    def close(self) -> None:
        self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        pass


class Relay:
    """One call; ``send`` is there as soon as the model is. ``closes``: what ends with it."""

    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self.send: Said | None = None
        self.closes: list[Callable[[], None]] = []

    def heard(self, message: bytes) -> None:
        if message.startswith(b'{"event":"media"'):
            if self.send is not None:
                self.send(self._payload)
        elif message.startswith(b'{"event":"stop"'):
            for close in self.closes:
                close()


def nothing(message: bytes) -> None:
    pass


async def serve_own(model_port: int, payload: bytes) -> int:
    loop = asyncio.get_running_loop()
    request = frames.upgrade(f"127.0.0.1:{model_port}", "/v1/realtime", {})
    connecting = set[asyncio.Task[None]]()

    def media() -> OwnEnd:
        relay = Relay(payload)

        async def to_model() -> None:
            def begun(end: OwnEnd) -> None:
                relay.send = end.send
                relay.closes.append(end.close)

            await loop.create_connection(
                lambda: OwnEnd(begun, nothing, request), "127.0.0.1", model_port
            )

        def begun(end: OwnEnd) -> None:
            relay.closes.append(end.close)
            connecting.add(loop.create_task(to_model()))

        return OwnEnd(begun, relay.heard)

    return _port(await loop.create_server(media, "127.0.0.1", 0))


class LibraryEnd(asyncio.Protocol):
    """Either side, on the sans-I/O core of websockets."""

    def __init__(self, core: Protocol, begun: Callable[["LibraryEnd"], None], said: Said) -> None:
        self._core, self._begun, self._said = core, begun, said

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if isinstance(self._core, ClientProtocol):
            self._core.send_request(self._core.connect())
            self._flush()

    def data_received(self, data: bytes) -> None:
        self._core.receive_data(data)
        for event in self._core.events_received():
            if isinstance(event, Frame):
                self._said(bytes(event.data))
                continue
            if isinstance(event, Request) and isinstance(self._core, ServerProtocol):
                self._core.send_response(self._core.accept(event))
            self._begun(self)
        self._flush()

    def send(self, payload: bytes) -> None:
        self._core.send_text(payload)
        self._flush()

    def _flush(self) -> None:
        for data in self._core.data_to_send():
            self._transport.write(data)

    def close(self) -> None:
        self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        pass


async def serve_websockets(model_port: int, payload: bytes) -> int:
    loop = asyncio.get_running_loop()
    uri = parse_uri(f"ws://127.0.0.1:{model_port}/v1/realtime")
    connecting = set[asyncio.Task[None]]()

    def media() -> LibraryEnd:
        relay = Relay(payload)

        async def to_model() -> None:
            def begun(end: LibraryEnd) -> None:
                relay.send = end.send
                relay.closes.append(end.close)

            core = ClientProtocol(uri)
            await loop.create_connection(
                lambda: LibraryEnd(core, begun, nothing), "127.0.0.1", model_port
            )

        def begun(end: LibraryEnd) -> None:
            relay.closes.append(end.close)
            connecting.add(loop.create_task(to_model()))

        return LibraryEnd(ServerProtocol(), begun, relay.heard)

    return _port(await loop.create_server(media, "127.0.0.1", 0))


async def serve_picows(model_port: int, payload: bytes) -> int:
    picows = import_module("picows")  # no dependency of the project
    loop = asyncio.get_running_loop()
    text = picows.WSMsgType.TEXT
    listener = type("Silent", (picows.WSListener,), {})
    connecting = set[asyncio.Task[None]]()

    async def to_model(relay: Relay) -> None:
        url = f"ws://127.0.0.1:{model_port}/v1/realtime"
        transport, _ = await picows.ws_connect(listener, url)
        relay.send = lambda payload: transport.send(text, payload)
        relay.closes.append(transport.disconnect)

    def connected(self: Any, transport: Any) -> None:
        self.relay = Relay(payload)
        self.relay.closes.append(transport.disconnect)
        connecting.add(loop.create_task(to_model(self.relay)))

    def heard(self: Any, transport: Any, frame: Any) -> None:
        if frame.msg_type is text:
            self.relay.heard(frame.get_payload_as_bytes())

    does = {"on_ws_connected": connected, "on_ws_frame": heard}
    caller = type("Caller", (picows.WSListener,), does)
    return _port(await picows.ws_create_server(lambda request: caller(), "127.0.0.1", 0))


def _port(listening: asyncio.Server) -> int:
    port: int = listening.sockets[0].getsockname()[1]
    return port


SERVE = {"own": serve_own, "websockets": serve_websockets, "picows": serve_picows}


async def serve(kind: str, model_port: int, audio_format: str) -> None:
    """In a process of its own: prints the webhook's port, then relays until it is killed."""
    port = await SERVE[kind](model_port, append(audio_format))
    loop = asyncio.get_running_loop()
    print(_port(await loop.create_server(lambda: Webhook(port), "127.0.0.1", 0)), flush=True)
    gc.collect()
    gc.freeze()
    await asyncio.Event().wait()


@asynccontextmanager
async def relay(kind: str, audio_format: str, sessions: Sessions) -> AsyncIterator[Subject]:
    model_port = sessions.origin.rpartition(":")[2]
    process = await asyncio.create_subprocess_exec(
        *(*pinned(), sys.executable, "-m", "tests.bench.floor"),
        *("--serve", kind, "--model-port", model_port, "--format", audio_format),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        port = int(await process.stdout.readline())
        name = f"{kind}, {audio_format}"
        yield Subject(name, f"http://127.0.0.1:{port}/voice", psutil.Process(process.pid))
    finally:
        process.kill()
        await process.communicate()


async def floor(calls: int, seconds: float, rounds: int) -> dict[str, float]:
    kinds = [kind for kind in SERVE if kind != "picows" or find_spec("picows")]
    found: dict[str, list[float]] = {}
    async with AsyncExitStack() as stack:
        sessions = await stack.enter_async_context(model())
        subjects = [
            await stack.enter_async_context(relay(kind, audio_format, sessions))
            for audio_format in SIZES
            for kind in kinds
        ]
        keep_off()
        bench = Bench(sessions, calls, seconds)
        for subject in subjects:
            await bench.warm(subject)
        for _ in range(rounds):
            for subject in subjects:
                taken = (await bench.round(subject)).cpu_us_per_frame
                found.setdefault(subject.name, []).append(taken)
    return {name: statistics.median(values) for name, values in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--serve", choices=tuple(SERVE), help=argparse.SUPPRESS)
    parser.add_argument("--model-port", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--format", choices=tuple(SIZES), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        run(serve(asked.serve, asked.model_port, asked.format))
        return
    described = machine()
    found = run(floor(asked.calls, asked.seconds, asked.rounds))
    print("\n".join(f"{key:12}{value}" for key, value in described.items()), end="\n\n")
    print("\n".join(f"{name:24}{us:>7.1f} us a frame" for name, us in found.items()))


if __name__ == "__main__":
    main()
