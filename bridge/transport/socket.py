"""What a call needs of a WebSocket, whichever library keeps it."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

# What a peer has not taken yet. A minute of speech is 0.7 MB on the carrier's side and 4 MB on
# the model's; a peer this far behind is lost.
UNSENT_MAX_BYTES = 8 * 1024 * 1024
UNHEARD_MAX_FRAMES = 500  # that came before anybody listened; then the peer has to wait

Frame = str | bytes


class SocketClosed(Exception):
    """The socket is gone, or so stuck that it is as good as gone."""


class Listener(Protocol):
    """Who is told what a socket hears. Neither method may raise."""

    def heard(self, frames: Sequence[Frame]) -> None:
        """Whole messages, in order, as soon as they have come."""

    def closed(self, why: str) -> None:
        """Nothing more will come. Told once."""


class Socket(Protocol):
    """Text frames both ways. Nothing here waits: no frame costs a switch of tasks."""

    def listen(self, listener: Listener) -> None:
        """From now on this one is told, first of all what came before; it replaces another."""

    def send(self, frames: Sequence[bytes]) -> None:
        """Hand over texts in UTF-8, a frame each, in order, with one write. Raises SocketClosed,
        also for a peer that has taken nothing for too long."""

    async def close(self) -> None:
        """Close cleanly and let go of everything; harmless when closed already."""


class Ear:
    """Where a socket's frames go: to the listener, or they wait for one.

    ``pause`` is called with True when too many wait and with False when they are gone.
    """

    def __init__(self, pause: Callable[[bool], None]) -> None:
        self._pause = pause
        self._listener: Listener | None = None
        self._waiting: list[Frame] = []
        self._why_closed: str | None = None
        self._paused = False

    def listen(self, listener: Listener) -> None:
        self._listener = listener
        waiting, self._waiting = self._waiting, []
        if waiting:
            listener.heard(waiting)
        if self._paused:
            self._paused = False
            self._pause(False)
        if self._why_closed is not None:
            listener.closed(self._why_closed)

    def hear(self, frames: Sequence[Frame]) -> None:
        if self._listener is not None:
            self._listener.heard(frames)
            return
        self._waiting += frames
        if len(self._waiting) >= UNHEARD_MAX_FRAMES and not self._paused:
            self._paused = True
            self._pause(True)

    def close(self, why: str) -> None:
        if self._why_closed is None:
            self._why_closed = why
            if self._listener is not None:
                self._listener.closed(why)


class SendTimeout:
    """How long a peer may take nothing of what it is sent, before it is given up."""

    def __init__(self, timeout_s: float, give_up: Callable[[], None]) -> None:
        self._timeout_s = timeout_s
        self._give_up = give_up
        self._timer: asyncio.TimerHandle | None = None

    def blocked(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = self._timer or loop.call_later(self._timeout_s, self._give_up)

    def unblocked(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
