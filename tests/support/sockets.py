"""Two ends of a socket in memory."""

import asyncio
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from bridge.transport.carrier import CarrierPeer
from bridge.transport.model import ModelPeer
from bridge.transport.socket import Ear, Frame, Listener, Socket, SocketClosed


class MemorySocket:
    """A ``Socket``. Frames arrive at the loop's next turn, in order. A ``stuck`` one is given up
    by its sender: its next send finds it closed."""

    def __init__(self) -> None:
        self.closed = False
        self.stuck = False
        self.why_closed = "closed"  # told by the end that closed first
        self.paused = False
        self._peer = self
        self._ear = Ear(self._pause)
        self._loop = asyncio.get_running_loop()

    def _pause(self, paused: bool) -> None:
        self.paused = paused

    def listen(self, listener: Listener) -> None:
        self._ear.listen(listener)

    def send(self, frames: Sequence[bytes]) -> None:
        if self.stuck:
            self.break_off("it took nothing any more")
        if self.closed:
            raise SocketClosed("closed")
        self.put([frame.decode() for frame in frames])  # they travel as text frames

    def put(self, frames: Sequence[Frame]) -> None:
        """As ``send``; what is put on a closed socket is lost."""
        if not self.closed:
            self._loop.call_soon(self._peer._ear.hear, list(frames))

    async def close(self) -> None:
        self.break_off()

    def break_off(self, why: str = "closed") -> None:
        """Both ends see it, behind what is on its way."""
        for end in (self, self._peer):
            if not end.closed:
                end.closed, end.why_closed = True, why
                self._loop.call_soon(end._ear.close, why)


def socket_pair() -> tuple[MemorySocket, MemorySocket]:
    one, other = MemorySocket(), MemorySocket()
    one._peer, other._peer = other, one
    return one, other


T = TypeVar("T")


class Pulled(Generic[T]):
    """A listener whose frames, or events, are waited for."""

    def __init__(self) -> None:
        self.why_closed: str | None = None
        self._arrived: list[T] = []
        self._news = asyncio.Event()

    def heard(self, arrived: Sequence[T]) -> None:
        self._arrived += arrived
        self._news.set()

    def closed(self, why: str) -> None:
        self.why_closed = why
        self._news.set()

    async def receive(self) -> list[T] | None:
        """All that has come, at least one; None once it is closed."""
        while not self._arrived:
            if self.why_closed is not None:
                return None
            self._news.clear()
            await self._news.wait()
        arrived, self._arrived = self._arrived, []
        return arrived


def pulled_frames(socket: Socket) -> Pulled[Frame]:
    pulled = Pulled[Frame]()
    socket.listen(pulled)
    return pulled


def pulled_events(peer: CarrierPeer | ModelPeer) -> Pulled[Any]:
    pulled = Pulled[Any]()
    peer.listen(pulled.heard, pulled.closed)
    return pulled
