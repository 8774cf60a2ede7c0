"""A call with its peers' words written by hand: build, feed, compare what comes back."""

from collections.abc import Iterable
from typing import Any

from bridge.call.call import Call, Message
from bridge.call.config import CallConfig
from bridge.call.turns import State
from bridge.wire import realtime, twilio
from bridge.wire.session import SessionConfig, TurnDetection

START = twilio.Start(
    stream_sid="MZ" + "0" * 32,
    call_sid="CA" + "0" * 32,
    account_sid="AC" + "0" * 32,
    encoding="audio/x-mulaw",
    rate_hz=8000,
    channels=1,
    parameters={},
)
UPDATED = realtime.SessionUpdated("g711_ulaw", "g711_ulaw")
ULAW = SessionConfig(instructions="Be brief.", audio_format="g711_ulaw")
DECIDING = SessionConfig(  # the bridge interrupts and asks for answers itself
    instructions="Be brief.",
    audio_format="g711_ulaw",
    turn_detection=TurnDetection(create_response=False, interrupt_response=False),
)


def sound(ms: int, byte: int = 0x55) -> bytes:
    """Mu-law, 8 bytes a millisecond."""
    return bytes([byte]) * (ms * 8)


def kinds(messages: Iterable[object]) -> list[str]:
    return [type(message).__name__ for message in messages]


def marks(messages: Iterable[object]) -> list[str]:
    return [message.name for message in messages if isinstance(message, twilio.Mark)]


def played(messages: Iterable[object]) -> bytes:
    return b"".join(m.payload for m in messages if isinstance(m, twilio.Media))


class Phone:
    """One call over mu-law, so that sound goes through byte for byte."""

    def __init__(self, session: SessionConfig = ULAW, **config: Any) -> None:
        self.now = 0.0
        self.call = Call(CallConfig(session, **config), 0.0)

    def state(self) -> State:
        return self.call.state

    def at(self, now: float) -> "Phone":
        self.now = now
        return self

    def carrier(self, *events: twilio.CarrierEvent) -> list[Message]:
        return [m for event in events for m in self.call.from_carrier(event, self.now)]

    def model(self, *events: realtime.ModelEvent) -> list[Message]:
        return [m for event in events for m in self.call.from_model(event, self.now)]

    def tick(self, now: float) -> list[Message]:
        self.now = now
        return self.call.tick(now)

    def ready(self) -> list[Message]:
        return self.carrier(START) + self.model(realtime.SessionCreated("sess_1", None), UPDATED)

    def begins(self, response: str, *items: str) -> list[Message]:
        """A response runs and has opened its items."""
        added = [
            realtime.OutputItemAdded(response, realtime.Item(item, role="assistant"))
            for item in items
        ]
        return self.model(realtime.ResponseCreated(response), *added)

    def says(self, response: str, item: str, ms: int, byte: int = 0x55) -> list[Message]:
        return self.model(realtime.AudioDelta(response, item, sound(ms, byte)))

    def ends(self, response: str, *items: str, cancelled: bool = False) -> list[Message]:
        """All items of a response are closed, and so is the response."""
        status = "incomplete" if cancelled else "completed"
        closed = (
            event
            for item in items
            for event in (
                realtime.AudioDone(response, item),
                realtime.OutputItemDone(response, realtime.Item(item, status=status)),
            )
        )
        return self.model(
            *closed, realtime.ResponseDone(response, "cancelled" if cancelled else status)
        )

    def interrupts(self) -> list[Message]:
        return self.model(realtime.SpeechStarted("item_caller"))

    def hears(self, *names: str) -> list[Message]:
        """Marks come back."""
        return self.carrier(*map(twilio.Mark, names))
