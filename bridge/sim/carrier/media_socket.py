"""The WebSocket of one stream: one reader, one writer, and the network between the two ends."""

import asyncio
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.protocol import State

from bridge.sim.carrier.commands import CloseSocket, OpenSocket
from bridge.sim.carrier.delivery import Link

USER_AGENT: Final = "Twilio.TmeWs/1.0"
CONNECT_S: Final = 5.0
CLOSE_S: Final = 2.0
CONGESTED: Final = 500  # messages the far end has not read: ten seconds of audio
CONGESTED_BYTES: Final = CONGESTED * 400  # of which each is about so long


@dataclass(frozen=True)
class Opened:
    ms: float  # the upgrade asked to done


@dataclass(frozen=True)
class Refused:
    code: int
    text: str


@dataclass(frozen=True)
class Frame:
    data: str | bytes


@dataclass(frozen=True)
class Closed:
    code: int | None  # of the far end's close frame


Event = Opened | Refused | Frame | Closed


class MediaSocket:
    """``run`` it in a task; it reports ``Opened``, frames, ``Closed``, or else ``Refused``."""

    def __init__(
        self,
        command: OpenSocket,
        report: Callable[[Event], None],
        *,
        to_bridge: Link | None,
        from_bridge: Link | None,
    ) -> None:
        self.is_open = False
        self._command = command
        self._report = report
        self._to_bridge = to_bridge
        self._from_bridge = from_bridge
        self._outgoing: asyncio.Queue[tuple[float, str | CloseSocket]] = asyncio.Queue()
        self._incoming: asyncio.Queue[tuple[float, Event]] = asyncio.Queue()
        self._peer: ClientConnection | None = None

    @property
    def congested(self) -> bool:
        """The far end reads too slowly (31930)."""
        if self._peer and self._peer.transport.get_write_buffer_size() >= CONGESTED_BYTES:
            return True
        return self._outgoing.qsize() >= CONGESTED

    def send(self, what: str | CloseSocket) -> None:
        """In order; a close goes after what was sent before it."""
        if isinstance(what, str) and self._is_straight():
            assert self._peer
            _write_now(self._peer, what)
            return
        now = time.monotonic()
        at = self._to_bridge.arrival(now) if self._to_bridge else now
        self._outgoing.put_nowait((at, what))

    def _is_straight(self) -> bool:
        """No network is in between and nothing waits: no second task is needed."""
        if self._to_bridge is not None or self._peer is None or not self._outgoing.empty():
            return False
        return self._peer.state is State.OPEN

    async def run(self) -> None:
        asked_at = time.monotonic()
        peer = await self._connect()
        if peer is None:
            return
        self.is_open, self._peer = True, peer
        try:
            self._report(Opened((time.monotonic() - asked_at) * 1000))
            async with asyncio.TaskGroup() as tasks:
                writer = tasks.create_task(self._write(peer))
                tasks.create_task(self._tell())
                await self._read(peer)
                writer.cancel()
        finally:
            peer.transport.abort()

    async def _connect(self) -> ClientConnection | None:
        """As captured: no Origin, no subprotocol, no extension. None where it failed."""
        try:
            return await connect(
                self._command.url,
                additional_headers=dict(self._command.headers),
                user_agent_header=USER_AGENT,
                compression=None,
                proxy=None,
                open_timeout=CONNECT_S,
                close_timeout=CLOSE_S,
                ping_interval=None,  # whether Twilio pings is undocumented
                max_size=None,
            )
        except (InvalidHandshake, InvalidURI, OSError, EOFError) as error:
            self._report(Refused(_code(error), f"{type(error).__name__}: {error}"))
            return None

    async def _read(self, peer: ClientConnection) -> None:
        try:
            while True:
                self._arrive(Frame(await peer.recv()))
        except ConnectionClosed as closed:
            self._arrive(Closed(closed.rcvd.code if closed.rcvd else None))

    def _arrive(self, event: Event) -> None:
        now = time.monotonic()
        if self._from_bridge is None and self._incoming.empty() and isinstance(event, Frame):
            self._report(event)  # the short way, without a second task
            return
        at = self._from_bridge.arrival(now) if self._from_bridge else now
        self._incoming.put_nowait((at, event))

    async def _tell(self) -> None:
        """Reports what has come when the network would have brought it."""
        while True:
            at, event = await self._incoming.get()
            await _until(at)
            self._report(event)
            if isinstance(event, Closed):
                return

    async def _write(self, peer: ClientConnection) -> None:
        with suppress(ConnectionClosed):  # the reader tells
            while True:
                at, what = await self._outgoing.get()
                await _until(at)
                match what:
                    case str(text):
                        await peer.send(text)
                    case CloseSocket(linger_s=linger_s):
                        await _close(peer, linger_s)
                        return


def _write_now(peer: ClientConnection, text: str) -> None:
    """One frame, as ``peer.send`` would, without its waiting (websockets, "Sans-I/O")."""
    peer.protocol.send_text(text.encode())
    peer.transport.writelines(peer.protocol.data_to_send())


async def _close(peer: ClientConnection, linger_s: float) -> None:
    if not linger_s:
        await peer.close()
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(linger_s):
            await peer.wait_closed()
    peer.transport.abort()


async def _until(at: float) -> None:
    if (wait_s := at - time.monotonic()) > 0:
        await asyncio.sleep(wait_s)


def _code(error: Exception) -> int:
    """The code of the error log for a handshake that failed (Error Dictionary, 319xx)."""
    match error:
        case TimeoutError():
            return 31901
        case ConnectionRefusedError():
            return 31902
        case ssl.SSLError():
            return 31910
        case InvalidURI():
            return 31923
        case InvalidHandshake():
            return 31920
        case OSError():
            return 31904
        case _:
            return 31903
