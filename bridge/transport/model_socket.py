"""The model's WebSocket: the ``websockets`` client, without its queues.

The library connects (proxies, TLS, handshake, pings) and this takes over at its own factory for
connections: a frame goes straight to the listener and a message straight to the transport, where
the library's ``recv`` and ``send`` would cost a switch of tasks each.
"""

import ssl
from collections.abc import Sequence
from functools import cache
from typing import Any, cast
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.frames import Frame as WireFrame
from websockets.frames import Opcode
from websockets.protocol import Event, State

from bridge.loopback import is_loopback
from bridge.transport.frames import Masks, Reader, masked_text
from bridge.transport.socket import (
    UNSENT_MAX_BYTES,
    Ear,
    Listener,
    SendTimeout,
    SocketClosed,
)

MAX_FRAME_BYTES = 16 * 1024 * 1024  # audio deltas are tens of kB; the default of 1 MiB is for none
CLOSE_TIMEOUT_S = 2.0
HEAD_END = b"\r\n\r\n"
MESSAGE_OPCODES = (Opcode.TEXT, Opcode.BINARY, Opcode.CONT)


class _Connection(ClientConnection):
    """What the library makes for us: frames go to ``ear``."""

    def __init__(self, *args: Any, send_timeout_s: float, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ear = Ear(self._pause_reading)
        self._send_timeout = SendTimeout(send_timeout_s, lambda: self.transport.abort())
        self._reader = Reader(self._by_library, masked=False, max_bytes=MAX_FRAME_BYTES)
        self._head = b""  # the last bytes of the handshake, until its end
        self._message: list[bytes] = []
        self._heard: list[bytes] = []

    def data_received(self, data: bytes) -> None:
        if self.response is None:
            data = self._handshake(data)
        heard = self._reader.read(data)
        if heard:
            self.ear.hear(heard)

    def _handshake(self, data: bytes) -> bytes:
        """The library is given the head of the answer; returns what is behind it."""
        head = self._head + data
        end = head.find(HEAD_END)
        if end < 0:
            self._head = head[1 - len(HEAD_END) :]
            super().data_received(data)
            return b""
        n_head = end + len(HEAD_END) - len(self._head)
        super().data_received(data[:n_head])
        if self.protocol.state is State.OPEN:
            self._reader.take_over()
        return data[n_head:]

    def _by_library(self, data: bytes) -> list[bytes]:
        super().data_received(data)
        if self.protocol.state is not State.OPEN:
            self._reader.hand_back()
        heard, self._heard = self._heard, []
        return heard

    def process_event(self, event: Event) -> None:
        if not isinstance(event, WireFrame) or event.opcode not in MESSAGE_OPCODES:
            super().process_event(event)
            return
        self._message.append(bytes(event.data))
        if event.fin:
            self._heard.append(b"".join(self._message))
            self._message.clear()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._send_timeout.blocked()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._send_timeout.unblocked()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._send_timeout.unblocked()
        reason = f": {self.close_reason}" if self.close_reason else ""
        self.ear.close(f"closed with {self.close_code}{reason}")

    def _pause_reading(self, paused: bool) -> None:
        if not self.transport.is_closing():
            if paused:
                self.transport.pause_reading()
            else:
                self.transport.resume_reading()


class _connect(connect):
    """Credentials go to the configured host only, so a redirect is an error.

    The library follows redirects and knows to keep ``Authorization`` back, but not ``api-key``.
    """

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class ModelSocket:
    """A ``Socket`` to the model."""

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection
        self._masks = Masks()

    @property
    def response_headers(self) -> dict[str, str]:
        """Of the upgrade, names in lower case."""
        response = self._connection.response
        return {k.lower(): v for k, v in response.headers.raw_items()} if response else {}

    def listen(self, listener: Listener) -> None:
        self._connection.ear.listen(listener)

    def send(self, frames: Sequence[bytes]) -> None:
        protocol, transport = self._connection.protocol, self._connection.transport
        if protocol.state is not State.OPEN or transport.is_closing():
            raise SocketClosed("the model's socket is closed")
        masks = self._masks
        if len(frames) == 1:  # nearly always: a frame of the caller
            transport.write(masked_text(frames[0], masks.next()))
        else:
            transport.write(b"".join([masked_text(frame, masks.next()) for frame in frames]))
        # Below the transport's own limit there is nothing to ask for.
        if self._connection.paused and transport.get_write_buffer_size() > UNSENT_MAX_BYTES:
            transport.abort()

    async def close(self) -> None:
        await self._connection.close()

    def abort(self) -> None:
        """Let go at once."""
        self._connection.transport.abort()


def prepare(url: str) -> None:
    """Do beforehand what the first call would wait for."""
    if url.startswith("wss:"):
        _trusted()


@cache
def _trusted() -> ssl.SSLContext:
    """One for all calls: to read the certificate authorities takes 20 ms and a megabyte."""
    return ssl.create_default_context()


async def open_socket(url: str, headers: dict[str, str], send_timeout_s: float) -> ModelSocket:
    """Raises OSError and what ``websockets`` raises for a handshake that fails."""

    def connection(*args: Any, **kwargs: Any) -> _Connection:
        return _Connection(*args, send_timeout_s=send_timeout_s, **kwargs)

    opened = await _connect(
        url,
        additional_headers=headers,
        proxy=None if is_loopback(urlsplit(url).hostname or "") else True,
        compression=None,  # saves a quarter of base64 and costs more than all else on the path
        max_size=MAX_FRAME_BYTES,
        close_timeout=CLOSE_TIMEOUT_S,
        open_timeout=None,
        ssl=_trusted() if url.startswith("wss:") else None,
        # A callable is all that is asked of it; the annotation wants a class.
        create_connection=cast("type[ClientConnection]", connection),
    )
    assert isinstance(opened, _Connection)
    return ModelSocket(opened)
