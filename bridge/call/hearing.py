"""The caller's side of a call: what is heard of the caller, on its way to the model."""

from collections import deque

from bridge.call.actions import Note
from bridge.call.audio import InboundLeg
from bridge.call.caller_clock import CallerClock
from bridge.call.format_guard import FormatGuard
from bridge.wire.dialect import Append
from bridge.wire.session import AudioFormat
from bridge.wire.twilio import Media

HELD_FRAMES = 500  # ten seconds, the newest, are kept while the model cannot take them
TIMED_FRAMES = 8  # one of so many is looked at for the caller's clock


class Hearing:
    """Holds caller audio until it is let go, then passes each frame on at once."""

    def __init__(self, audio_format: AudioFormat) -> None:
        self.leg = InboundLeg(audio_format)
        self.holding = True
        self.frames = 0
        self._guard = FormatGuard(audio_format)
        self._held: deque[Media] = deque(maxlen=HELD_FRAMES)
        self._clock = CallerClock()

    def use(self, audio_format: AudioFormat) -> None:
        """The format the model takes after all; only before the first frame was passed on."""
        self.leg = InboundLeg(audio_format)

    def push(self, media: Media, now: float) -> list[Append | Note]:
        if not self.frames % TIMED_FRAMES:
            self._clock.frame(media.timestamp_ms, now)
        self.frames += 1
        notes = self._guard.from_carrier(media)
        if self.holding:
            self._held.append(media)
            return [*notes]
        return [*notes, Append(self.leg.push(media))]

    def let_go(self) -> list[Append]:
        """From now on the model listens; first it gets what was held."""
        self.holding = False
        held = [Append(self.leg.push(media)) for media in self._held]
        self._held.clear()
        return held

    def said_at(self, position_ms: float, now: float) -> float | None:
        """When the caller said what lies at this position of the model's input: see
        ``CallerClock``."""
        return self._clock.said_at(position_ms, self.leg.first_ms, self.leg.skipped_ms, now)
