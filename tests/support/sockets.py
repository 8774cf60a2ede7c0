"""Two ends of a socket in memory."""

import asyncio
from collections.abc import Sequence

from bridge.transport.socket import SocketClosed


class MemorySocket:
    """A ``Socket``. Frames arrive at once and in order; a ``stuck`` one never finishes a send."""

    def __init__(self) -> None:
        self.closed = False
        self.stuck = False
        self.why_closed = "closed"  # told by the end that closed first
        self._peer = self
        self._arrived: list[str | bytes] = []
        self._changed = asyncio.Event()

    async def receive(self) -> Sequence[str | bytes] | None:
        while not self._arrived:
            if self.closed:
                return None
            self._changed.clear()
            await self._changed.wait()
        frames, self._arrived = self._arrived, []
        return frames

    async def send(self, frames: Sequence[str | bytes]) -> None:
        if self.stuck:
            await asyncio.Event().wait()
        if self.closed:
            raise SocketClosed("closed")
        self.put(frames)

    def put(self, frames: Sequence[str | bytes]) -> None:
        """As ``send``, without waiting; what is put on a closed socket is lost."""
        if not self.closed:
            self._peer._arrived += frames
            self._peer._changed.set()

    async def close(self) -> None:
        self.break_off()

    def break_off(self, why: str = "closed") -> None:
        """Both ends see it; what has arrived can still be read."""
        for end in (self, self._peer):
            if not end.closed:
                end.closed, end.why_closed = True, why
                end._changed.set()


def socket_pair() -> tuple[MemorySocket, MemorySocket]:
    one, other = MemorySocket(), MemorySocket()
    one._peer, other._peer = other, one
    return one, other
