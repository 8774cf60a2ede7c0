"""The carrier's WebSocket on the server's port: upgrade, frames, close.

A protocol class that uvicorn hands the connection to at the upgrade (``ws=``), on the sans-I/O core
of ``websockets``. It stands beside the web app and not in it: routing a frame through an ASGI
application costs more than all that is done with it. Another server for these sockets replaces
this file.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

from websockets.frames import Frame as WireFrame
from websockets.frames import Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

from bridge.transport.frames import Reader, plain_text
from bridge.transport.socket import (
    UNSENT_MAX_BYTES,
    Ear,
    Listener,
    SendTimeout,
    SocketClosed,
)

MAX_FRAME_BYTES = 64 * 1024  # twenty times a media message of the carrier
CLOSE_TIMEOUT_S = 5.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Upgrade:
    """A request for a media socket."""

    path: str  # raw, with the query if there was one
    headers: Mapping[str, str]  # names in lower case


@dataclass(frozen=True)
class Refusal:
    """Answered before the upgrade: Twilio reports error 31920 and goes on behind <Connect>."""

    status: int


class Handler(Protocol):
    """What becomes of a media socket."""

    async def admit(self, upgrade: Upgrade) -> "Callable[[MediaSocket], Awaitable[None]] | Refusal":
        """Refuse it, or say what carries it to its end once it is open."""


class MediaSocket(asyncio.Protocol):
    """One media socket; a ``Socket`` once it is admitted."""

    def __init__(
        self, handler: Handler, send_timeout_s: float, connections: set[Any], tasks: set[Any]
    ) -> None:
        self._handler = handler
        self._connections = connections
        self._tasks = tasks
        # No Origin, no subprotocol, no compression: the carrier's client knows none of them.
        self._protocol = ServerProtocol(max_size=MAX_FRAME_BYTES)
        self._transport: asyncio.Transport | None = None
        self._ear = Ear(self._pause)
        self._send_timeout = SendTimeout(send_timeout_s, self._abort)
        self._message: list[bytes] = []
        self._responded = False
        self._reader = Reader(self._parse, masked=True, max_bytes=MAX_FRAME_BYTES)
        self._gone = asyncio.Event()

    # --- asyncio.Protocol -------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass of it
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        self._send_timeout.unblocked()
        self._gone.set()
        self._ear.close(self._why_closed(exc))

    def _why_closed(self, exc: Exception | None) -> str:
        close = self._protocol.close_rcvd or self._protocol.close_sent
        if close is None:
            return f"broken off: {exc}" if exc else "broken off"
        return f"closed with {close.code}" + (f": {close.reason}" if close.reason else "")

    def pause_writing(self) -> None:
        self._send_timeout.blocked()

    def resume_writing(self) -> None:
        self._send_timeout.unblocked()

    def eof_received(self) -> None:
        """The transport closes itself; an end without a close frame needs no answer."""

    def data_received(self, data: bytes) -> None:
        heard = self._reader.read(data)
        if heard:
            self._ear.hear(heard)

    def _parse(self, data: bytes) -> list[bytes]:
        """By the library: what is no plain message."""
        heard: list[bytes] = []
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, WireFrame):
                self._frame(event, heard)
            elif isinstance(event, Request):
                self._own(self._answer(event))
        if self._protocol.state is not State.OPEN:
            self._reader.hand_back()
        self._flush()
        if self._protocol.close_expected():
            self._close_transport()
        return heard

    def shutdown(self) -> None:
        """Uvicorn's wish that the connection ends soon. Calls end by themselves: see drain."""

    # --- the upgrade ------------------------------------------------------------------------

    def _own(self, work: Coroutine[Any, Any, None]) -> None:
        """Uvicorn waits for the tasks it knows of before it stops."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, request: Request) -> None:
        headers = {name.lower(): value for name, value in request.headers.raw_items()}
        try:
            verdict = await self._handler.admit(Upgrade(request.path, headers))
            if isinstance(verdict, Refusal):
                self._respond(request, verdict.status)
                return
            if self._respond(request, None):
                await verdict(self)
        except Exception:
            logger.exception("a media socket failed")
            self._respond(request, 500)
        finally:
            await self.close()

    def _respond(self, request: Request, status: int | None) -> bool:
        """The upgrade, or with ``status`` its refusal; True when the socket is open."""
        if self._gone.is_set() or self._responded:
            return False
        self._responded = True
        response = self._protocol.accept(request)
        if status is not None and response.status_code == 101:
            response = self._protocol.reject(status, "")
        self._protocol.send_response(response)
        self._flush()
        opened = response.status_code == 101
        if opened and not self._protocol.reader.buffer:  # else the client was too early
            self._reader.take_over()
        return opened

    # --- Socket -----------------------------------------------------------------------------

    def listen(self, listener: Listener) -> None:
        self._ear.listen(listener)

    def send(self, frames: Sequence[bytes]) -> None:
        protocol, transport = self._protocol, self._transport
        if protocol.state is not State.OPEN or transport is None or transport.is_closing():
            raise SocketClosed("the media socket is closed")
        transport.write(b"".join([plain_text(frame) for frame in frames]))
        if transport.get_write_buffer_size() > UNSENT_MAX_BYTES:
            self._abort()

    async def close(self) -> None:
        if self._gone.is_set() or self._transport is None:
            return
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(1000)
            self._flush()
            try:
                async with asyncio.timeout(CLOSE_TIMEOUT_S):
                    await self._gone.wait()
            except TimeoutError:
                self._abort()  # to close it would wait for what nobody reads
        self._close_transport()

    # --- frames -----------------------------------------------------------------------------

    def _frame(self, frame: WireFrame, heard: list[bytes]) -> None:
        if frame.opcode is Opcode.TEXT and frame.fin:
            heard.append(bytes(frame.data))
        elif frame.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            self._message.append(bytes(frame.data))
            if frame.fin:
                heard.append(b"".join(self._message))
                self._message.clear()

    def _pause(self, paused: bool) -> None:
        if self._transport and not self._transport.is_closing():
            if paused:
                self._transport.pause_reading()
            else:
                self._transport.resume_reading()

    def _abort(self) -> None:
        if self._transport:
            self._transport.abort()

    def _flush(self) -> None:
        data = self._protocol.data_to_send()
        if data and self._transport and not self._transport.is_closing():
            self._transport.write(b"".join(data))

    def _close_transport(self) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.close()


def media_protocol(handler: Handler, send_timeout_s: float) -> Callable[..., MediaSocket]:
    """What uvicorn's ``ws=`` takes: called with its own state for each upgrade."""

    def protocol(*, config: Any, server_state: Any, app_state: Any) -> MediaSocket:
        return MediaSocket(handler, send_timeout_s, server_state.connections, server_state.tasks)

    return protocol
