"""The media socket: frames of the carrier as events, messages as frames."""

from collections.abc import Callable, Sequence

from bridge.transport.socket import Frame, Socket
from bridge.wire import twilio
from bridge.wire.errors import WireError

Heard = Callable[[list[twilio.CarrierEvent | WireError]], None]


class CarrierPeer:
    """The carrier of one call. Nothing can be sent before its ``Start`` was heard."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self._stream_sid: str | None = None

    def listen(self, heard: Heard, closed: Callable[[str], None]) -> None:
        """Events as they come, malformed messages as the error they made; then the end."""
        self._heard = heard
        self.closed = closed
        self._socket.listen(self)

    def heard(self, frames: Sequence[Frame]) -> None:
        self._heard([self._read(frame) for frame in frames])

    def _read(self, frame: Frame) -> twilio.CarrierEvent | WireError:
        try:
            event = twilio.parse(frame, self._stream_sid)
        except WireError as error:
            return error
        if isinstance(event, twilio.Start) and not self._stream_sid:
            self._stream_sid = event.stream_sid
        return event

    def send(self, messages: Sequence[twilio.CarrierMessage]) -> None:
        """Raises SocketClosed."""
        stream_sid = self._stream_sid or ""
        self._socket.send([twilio.serialize(message, stream_sid) for message in messages])

    async def close(self) -> None:
        await self._socket.close()
