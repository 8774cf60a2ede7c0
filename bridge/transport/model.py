"""The model's WebSocket: connecting, events, messages."""

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from bridge.loopback import is_loopback
from bridge.transport.socket import Socket, SocketClosed
from bridge.wire import realtime
from bridge.wire.dialect import Dialect, ModelMessage, serialize
from bridge.wire.errors import WireError

MAX_FRAME_BYTES = 16 * 1024 * 1024  # audio deltas are tens of kB; the default of 1 MiB is for none
CLOSE_TIMEOUT_S = 2.0

logger = logging.getLogger(__name__)


class ModelUnavailable(Exception):
    """No session was to be had; the message says why, without credentials."""


class Credential(Protocol):
    """What goes into the upgrade request; asked anew before each connect."""

    async def headers(self) -> dict[str, str]: ...


@dataclass(frozen=True)
class KeyCredential:
    """An API key: ``api-key`` on Azure, a bearer token on OpenAI."""

    header: str
    value: str = field(repr=False)

    async def headers(self) -> dict[str, str]:
        return {self.header: self.value}


@dataclass(frozen=True)
class Endpoint:
    """One place where a model answers."""

    url: str
    dialect: Dialect
    credential: Credential


class WebSocketClient:
    """A ``Socket`` kept by the ``websockets`` library."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def receive(self) -> Sequence[str | bytes] | None:
        try:
            return [await self._connection.recv()]
        except ConnectionClosed:
            return None

    async def send(self, frames: Sequence[str]) -> None:
        try:
            for frame in frames:
                await self._connection.send(frame)
        except ConnectionClosed as closed:
            raise SocketClosed("the model's socket is closed") from closed

    async def close(self) -> None:
        await self._connection.close()

    @property
    def why_closed(self) -> str:
        """Close code and reason, once it is closed."""
        code, reason = self._connection.close_code, self._connection.close_reason
        return f"closed with {code}" + (f": {reason}" if reason else "")


class ModelPeer:
    """One Realtime session. ``first`` are the events that proved it to be one."""

    def __init__(
        self, socket: Socket, dialect: Dialect, first: Sequence[realtime.ModelEvent] = ()
    ) -> None:
        self._socket = socket
        self._dialect = dialect
        self._first = list(first)

    async def receive(self) -> list[realtime.ModelEvent | WireError] | None:
        """Events that have come, malformed ones as the error they made; None: it is over."""
        if self._first:
            first, self._first = self._first, []
            return [*first]
        frames = await self._socket.receive()
        return None if frames is None else [_read(frame) for frame in frames]

    async def send(self, messages: Sequence[ModelMessage]) -> None:
        await self._socket.send([serialize(message, self._dialect) for message in messages])

    async def close(self) -> None:
        await self._socket.close()

    @property
    def why_closed(self) -> str:
        return getattr(self._socket, "why_closed", "closed")


def _read(frame: str | bytes) -> realtime.ModelEvent | WireError:
    try:
        return realtime.parse(frame)
    except WireError as error:
        return error


async def open_session(endpoint: Endpoint, timeout_s: float) -> ModelPeer:
    """Connect, and wait for ``session.created``: a 101 alone proves nothing, since OpenAI upgrades
    first and refuses then. Raises ModelUnavailable."""
    request_id = str(uuid.uuid4())
    try:
        async with asyncio.timeout(timeout_s):
            headers = await endpoint.credential.headers()
            headers["x-ms-client-request-id"] = request_id
            connection = await _connect(endpoint.url, headers)
            try:
                return await _first_event(connection, endpoint.dialect)
            except BaseException:
                connection.transport.abort()
                raise
    except TimeoutError:
        raise ModelUnavailable(f"no session within {timeout_s:g} s") from None
    except (OSError, InvalidHandshake, InvalidURI) as error:
        raise ModelUnavailable(f"cannot connect: {error}") from error


class _connect(connect):
    """Credentials go to the configured host only, so a redirect is an error.

    The library follows redirects and knows to keep ``Authorization`` back, but not ``api-key``.
    """

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        super().__init__(
            url,
            additional_headers=headers,
            proxy=None if is_loopback(urlsplit(url).hostname or "") else True,
            compression=None,  # saves a quarter of base64 and costs more than all else on the path
            max_size=MAX_FRAME_BYTES,
            close_timeout=CLOSE_TIMEOUT_S,
            open_timeout=None,
        )

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


async def _first_event(connection: ClientConnection, dialect: Dialect) -> ModelPeer:
    socket = WebSocketClient(connection)
    peer = ModelPeer(socket, dialect)
    async for event in _events(peer):
        match event:
            case realtime.SessionCreated(session_id):
                response = connection.response
                apim_id = response.headers.get("apim-request-id", "") if response else ""
                logger.debug("session %s, apim-request-id %s", session_id, apim_id)
                return ModelPeer(socket, dialect, [event])
            case realtime.Error():
                raise ModelUnavailable(f"refused: {event.code or event.type}: {event.message}")
    raise ModelUnavailable(socket.why_closed)


async def _events(peer: ModelPeer) -> AsyncIterator[realtime.ModelEvent | WireError]:
    while (events := await peer.receive()) is not None:
        for event in events:
            yield event
