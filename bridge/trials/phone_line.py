"""A phone call without a telephone: the carrier's stream in memory, in the time of the loop."""

import asyncio
from collections.abc import Sequence
from typing import Final

from bridge.sim.carrier.caller import Caller
from bridge.sim.carrier.stream import MediaStream
from bridge.transport.socket import Ear, Listener, SocketClosed
from bridge.trials.stereo import Stereo

ACCOUNT_SID: Final = "AC" + "0" * 32
CALL_SID: Final = "CA" + "0" * 32
STREAM_SID: Final = "MZ" + "0" * 32
OVER: Final = "the call is over"


class PhoneLine:
    """A ``Socket`` whose other end is a caller. ``run`` it beside whoever answers."""

    def __init__(self, caller: Caller) -> None:
        self.stream = MediaStream(
            account_sid=ACCOUNT_SID,
            call_sid=CALL_SID,
            stream_sid=STREAM_SID,
            parameters={},
            caller=caller,
        )
        self._loop = asyncio.get_running_loop()
        self._ear = Ear(lambda paused: None)
        self._closed = False

    async def run(self) -> None:
        """Until either side has ended the call."""
        self._hear(self.stream.open(self._loop.time()))
        while not self.stream.ended:
            due = self.stream.deadline()
            assert due is not None
            await asyncio.sleep(max(0.0, due - self._loop.time()))
            self._hear(self.stream.tick(self._loop.time()))
        self._end()

    def hang_up(self) -> None:
        """The call ends at the carrier."""
        self._hear(self.stream.stop(self._loop.time()))
        self._end()

    @property
    def sound(self) -> Stereo:
        """What each side has heard of the other by now."""
        caller, agent = self.stream.sent_ulaw, self.stream.heard
        length = min(len(caller), len(agent))
        return Stereo(caller[:length], agent[:length])

    # --- the socket -----------------------------------------------------------------------------

    def listen(self, listener: Listener) -> None:
        self._ear.listen(listener)

    def send(self, frames: Sequence[bytes]) -> None:
        if self._closed:
            raise SocketClosed(OVER)
        for frame in frames:
            self._hear(self.stream.receive(frame.decode(), self._loop.time()))

    async def close(self) -> None:
        if not self.stream.ended:
            self.stream.closed(self._loop.time())
        self._end()

    def _hear(self, messages: Sequence[str]) -> None:
        """At the loop's next turn: whoever sends is not called from within."""
        if messages and not self._closed:
            self._loop.call_soon(self._ear.hear, list(messages))

    def _end(self) -> None:
        if not self._closed:
            self._closed = True
            self._loop.call_soon(self._ear.close, OVER)
