"""The model's WebSocket: connecting, events, messages."""

import asyncio
import logging
import ssl
import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from websockets.exceptions import InvalidHandshake, InvalidMessage, InvalidStatus, InvalidURI

from bridge.transport import refusal
from bridge.transport.model_socket import open_socket
from bridge.transport.socket import Frame, Socket
from bridge.wire import realtime
from bridge.wire.dialect import Dialect, ModelMessage, SessionUpdate, serialize
from bridge.wire.errors import WireError
from bridge.wire.session import SessionConfig

SEND_TIMEOUT_S = 5.0
# Refusals that pass: of the error's type or code (Realtime API reference, "error").
PASSING: Final = frozenset({"server_error", "rate_limit_exceeded"})
# Codes of a close that the vendor's own client tries again after; 3000 and 4000 are for good.
PASSING_CLOSES: Final = tuple(
    f"closed with {code}" for code in (1001, 1005, 1006, 1011, 1012, 1013, 1015)
)

Heard = Callable[[list[realtime.ModelEvent | WireError]], None]

logger = logging.getLogger(__name__)


class ModelUnavailable(Exception):
    """No session was to be had; the message says why, without credentials.

    ``transient``: soon there may be one, not before ``retry_after_s`` if the service asks for that.
    """

    def __init__(
        self, why: str, *, transient: bool = False, retry_after_s: float | None = None
    ) -> None:
        super().__init__(why)
        self.transient = transient
        self.retry_after_s = retry_after_s


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


class ModelPeer:
    """One Realtime session.

    ``why_closed`` says that it is over, as soon as that is known; it is so only while somebody
    listens.
    """

    def __init__(self, socket: Socket, dialect: Dialect) -> None:
        self._socket = socket
        self._dialect = dialect
        self._kept: list[realtime.ModelEvent | WireError] = []
        self.why_closed: str | None = None

    def listen(self, heard: Heard, closed: Callable[[str], None]) -> None:
        """Events as they come, malformed ones as the error they made; then the end, with its
        reason. First of all those that came while nobody listened."""
        self._heard = heard
        self._closed = closed
        if self._kept:
            kept, self._kept = self._kept, []
            heard(kept)
        self._socket.listen(self)

    def keep(self, event: realtime.ModelEvent | WireError) -> None:
        """To be heard again by the next one who listens."""
        self._kept.append(event)

    def heard(self, frames: Sequence[Frame]) -> None:
        self._heard([_read(frame) for frame in frames])

    def closed(self, why: str) -> None:
        self.why_closed = why
        self._closed(why)

    def configure(self, session: SessionConfig) -> None:
        """Do for the next one who listens what he is going to do first: he is not told again that
        the session is there, only what it makes of its configuration. Raises SocketClosed."""
        self.send([SessionUpdate(session)])
        self._kept = [each for each in self._kept if not isinstance(each, realtime.SessionCreated)]

    def send(self, messages: Sequence[ModelMessage]) -> None:
        """Raises SocketClosed."""
        self._socket.send([serialize(message, self._dialect) for message in messages])

    async def close(self) -> None:
        await self._socket.close()


def _read(frame: Frame) -> realtime.ModelEvent | WireError:
    try:
        return realtime.parse(frame)
    except WireError as error:
        return error


async def open_session(
    endpoint: Endpoint, timeout_s: float, send_timeout_s: float = SEND_TIMEOUT_S
) -> ModelPeer:
    """Connect, and wait for ``session.created``: a 101 alone proves nothing, since OpenAI upgrades
    first and refuses then. Raises ModelUnavailable."""
    secrets: list[str] = []
    try:
        async with asyncio.timeout(timeout_s):
            headers = await endpoint.credential.headers()
            secrets += [each.removeprefix("Bearer ") for each in headers.values() if each]
            headers["x-ms-client-request-id"] = str(uuid.uuid4())
            socket = await open_socket(endpoint.url, headers, send_timeout_s)
            try:
                peer = await created(socket, endpoint.dialect)
            except BaseException:
                socket.abort()
                raise
            apim_id = socket.response_headers.get("apim-request-id", "")
            logger.debug("apim-request-id %s", apim_id)
            return peer
    except TimeoutError:
        raise ModelUnavailable(f"no session within {timeout_s:g} s") from None
    except InvalidStatus as error:
        raise _turned_away(error, secrets) from error
    except (OSError, InvalidHandshake, InvalidURI) as error:
        raise ModelUnavailable(f"cannot connect: {error}", transient=_may_pass(error)) from error


def _turned_away(error: InvalidStatus, secrets: Collection[str]) -> ModelUnavailable:
    response = error.response
    return ModelUnavailable(
        f"cannot connect: {refusal.told(response, secrets)}",
        transient=response.status_code in refusal.TRANSIENT,
        retry_after_s=refusal.retry_after_s(response),
    )


def _may_pass(error: Exception) -> bool:
    """Networks recover, and so does a server that closed instead of answering; a certificate that
    is not trusted stays so."""
    if isinstance(error, InvalidMessage):
        return isinstance(error.__cause__, EOFError)
    return isinstance(error, OSError) and not isinstance(error, ssl.SSLCertVerificationError)


async def created(socket: Socket, dialect: Dialect) -> ModelPeer:
    """The peer, once its session is there; what it heard by then it will be told again. Raises
    ModelUnavailable."""
    peer = ModelPeer(socket, dialect)
    verdict: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def heard(events: list[realtime.ModelEvent | WireError]) -> None:
        for event in events:
            match event:
                case realtime.SessionCreated(session_id) if not verdict.done():
                    logger.debug("session %s", session_id)
                    verdict.set_result(None)
                case realtime.Error() if not verdict.done():
                    why = f"refused: {event.code or event.type}: {event.message}"
                    passing = bool({event.code, event.type} & PASSING)
                    verdict.set_exception(ModelUnavailable(why, transient=passing))
            if verdict.done():  # what came before the session is nobody's
                peer.keep(event)

    def closed(why: str) -> None:
        if not verdict.done():
            passing = why.startswith(PASSING_CLOSES)
            verdict.set_exception(ModelUnavailable(why, transient=passing))

    peer.listen(heard, closed)
    await verdict
    return peer
