"""One client's connection: the upgrade, messages both ways, the close.

The sans-I/O core of ``websockets`` on a transport, without a task: what comes is told to a
listener in the same turn of the event loop.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol, cast

from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.server import ServerProtocol

from bridge.sim.model.framing import FrameCutter, Raw

MAX_MESSAGE_BYTES = 32 * 1024 * 1024  # 15 MiB of audio in base64, and room
MAX_UNSENT_BYTES = 64 * 1024 * 1024  # a client that reads so little is cut off
MAX_REQUEST_BYTES = 64 * 1024
CLOSE_TIMEOUT_S = 5.0
END_OF_REQUEST = b"\r\n\r\n"


class Listener(Protocol):
    """Told of what a client sends once its socket is open, and of the end."""

    def receive(self, message: str | bytes) -> None: ...

    def lost(self) -> None: ...


class ServerSocket(asyncio.Protocol):
    """``on_request`` is called once with the request and answers it with ``respond``."""

    def __init__(
        self,
        protocol: ServerProtocol,
        on_request: Callable[["ServerSocket", Request], None],
        ping_interval_s: float | None,
    ) -> None:
        self.protocol = protocol
        self.gone = asyncio.Event()
        self._on_request = on_request
        self._ping_interval_s = ping_interval_s
        self._pinged = False  # and no pong came yet
        self._transport: asyncio.Transport | None = None
        self._listener: Listener | None = None
        self._request = bytearray()
        self._frames = FrameCutter(MAX_MESSAGE_BYTES)
        self._parts: list[bytes] = []  # of a message in fragments
        self._opcode = Opcode.TEXT  # of that message
        self._timers: list[asyncio.TimerHandle] = []

    # --- what others ask of it ----------------------------------------------------------------

    def respond(self, response: Response, listener: Listener | None = None) -> None:
        """The answer to the request; ``listener`` where it is an upgrade."""
        self._listener = listener
        self.protocol.send_response(response)
        self.flush()
        if self._ping_interval_s and self.protocol.state is State.OPEN:
            self._later(self._ping_interval_s, self._ping)

    def send(self, text: str) -> None:
        """Written at the next ``flush``; nothing where the socket is closing."""
        if self.protocol.state is State.OPEN:
            self.protocol.send_text(text.encode())

    def flush(self) -> None:
        transport = self._transport
        data = self.protocol.data_to_send()
        if not data or transport is None or transport.is_closing():
            return
        transport.write(b"".join(data))
        if not data[-1]:  # the core's sign for the end
            transport.close()
        elif transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            transport.abort()

    def close(self, code: int, reason: str) -> None:
        if self.protocol.state is State.OPEN:
            self.protocol.send_close(code, reason)
        self.flush()
        self._later(CLOSE_TIMEOUT_S, self.abort)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def pause(self, paused: bool) -> None:
        """Whether to stop reading from the client."""
        transport = self._transport
        if transport is not None and not transport.is_closing():
            if paused:
                transport.pause_reading()
            else:
                transport.resume_reading()

    # --- asyncio.Protocol ---------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass of it

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self.gone.set()
        if self._listener is not None:
            self._listener.lost()

    def eof_received(self) -> None:
        """The transport closes itself; an end without a close frame needs no answer."""

    def data_received(self, data: bytes) -> None:
        if self.protocol.state is State.CONNECTING:
            data = self._read_request(data)
        if self._listener is not None and data:
            for piece in self._frames.push(data):
                if isinstance(piece, Raw):
                    self._frame(piece.data)
                elif self._parts:
                    self._fail(CloseCode.PROTOCOL_ERROR, "expected a continuation frame")
                else:
                    self._text(piece)
        self.flush()

    # --- parts of it --------------------------------------------------------------------------

    def _read_request(self, data: bytes) -> bytes:
        """Answers it when it is whole; returns what follows it."""
        self._request += data
        end = self._request.find(END_OF_REQUEST) + len(END_OF_REQUEST)
        if end < len(END_OF_REQUEST):
            if len(self._request) > MAX_REQUEST_BYTES:
                self.abort()
            return b""
        rest = bytes(self._request[end:])
        self.protocol.receive_data(bytes(self._request[:end]))
        self._request.clear()
        for event in self.protocol.events_received():
            if isinstance(event, Request):
                self._on_request(self, event)
        return rest

    def _text(self, message: bytes) -> None:
        if self.protocol.state is not State.OPEN or self._listener is None:
            return
        try:
            text = message.decode()
        except UnicodeDecodeError as error:
            self._fail(CloseCode.INVALID_DATA, f"{error.reason} at position {error.start}")
            return
        self._listener.receive(text)

    def _frame(self, raw: bytes) -> None:
        """A frame of another kind: control, binary, a fragment, compressed, or wrong."""
        self.protocol.receive_data(raw)
        for event in self.protocol.events_received():
            if not isinstance(event, Frame):
                continue
            if event.opcode is Opcode.PONG:
                self._pinged = False
            elif event.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
                self._fragment(event)
        if self.protocol.state is not State.OPEN:
            self._later(CLOSE_TIMEOUT_S, self.abort)

    def _fragment(self, frame: Frame) -> None:
        if frame.opcode is not Opcode.CONT:
            self._opcode = frame.opcode
        self._parts.append(bytes(frame.data))
        if not frame.fin:
            return
        message = b"".join(self._parts)
        self._parts.clear()
        if self._opcode is Opcode.TEXT:
            self._text(message)
        elif self.protocol.state is State.OPEN and self._listener is not None:
            self._listener.receive(message)

    def _ping(self) -> None:
        self._timers.clear()
        if self._pinged:
            self._fail(CloseCode.INTERNAL_ERROR, "keepalive ping timeout")
        elif self.protocol.state is State.OPEN and self._ping_interval_s:
            self._pinged = True
            self.protocol.send_ping(b"")
            self._later(self._ping_interval_s, self._ping)
        self.flush()

    def _fail(self, code: CloseCode, reason: str) -> None:
        self.protocol.fail(code, reason)
        self.flush()
        self._later(CLOSE_TIMEOUT_S, self.abort)

    def _later(self, delay_s: float, action: Callable[[], None]) -> None:
        if not self.gone.is_set():
            timer = asyncio.get_running_loop().call_later(delay_s, action)
            self._timers.append(timer)
