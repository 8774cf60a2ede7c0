"""The media socket: frames of the carrier as events, messages as frames."""

from collections.abc import Sequence

from bridge.transport.socket import Socket
from bridge.wire import twilio
from bridge.wire.errors import WireError


class CarrierPeer:
    """The carrier of one call. Nothing can be sent before its ``Start`` was received."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self._stream_sid = ""

    async def receive(self) -> list[twilio.CarrierEvent | WireError] | None:
        """Events that have come, malformed messages as the error they made; None: it is over."""
        frames = await self._socket.receive()
        return None if frames is None else [self._read(frame) for frame in frames]

    def _read(self, frame: str | bytes) -> twilio.CarrierEvent | WireError:
        try:
            event = twilio.parse(frame)
        except WireError as error:
            return error
        if isinstance(event, twilio.Start) and not self._stream_sid:
            self._stream_sid = event.stream_sid
        return event

    async def send(self, messages: Sequence[twilio.CarrierMessage]) -> None:
        stream_sid = self._stream_sid
        await self._socket.send([twilio.serialize(message, stream_sid) for message in messages])

    async def close(self) -> None:
        await self._socket.close()
