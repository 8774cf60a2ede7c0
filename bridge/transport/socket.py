"""What a call needs of a WebSocket, whichever library keeps it."""

from collections.abc import Sequence
from typing import Protocol


class SocketClosed(Exception):
    """The socket is gone, or so stuck that it is as good as gone."""


class Socket(Protocol):
    """Text frames both ways. One task receives and one sends."""

    async def receive(self) -> Sequence[str | bytes] | None:
        """All frames that have come since the last time, at least one; None once it is closed."""

    async def send(self, frames: Sequence[str]) -> None:
        """Hand over frames in order. Raises SocketClosed."""

    async def close(self) -> None:
        """Close cleanly and let go of everything; harmless when closed already."""
