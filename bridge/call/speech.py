"""The assistant's side of a call: what it says, as far as it is heard."""

from bridge.call.actions import Note
from bridge.call.audio import OutboundLeg
from bridge.call.format_guard import FormatGuard
from bridge.call.playback import Heard, Playback
from bridge.call.transcript import Transcript
from bridge.call.truncation import Truncations
from bridge.wire.dialect import CancelResponse, DeleteItem, Truncate
from bridge.wire.realtime import AudioDelta
from bridge.wire.session import AudioFormat
from bridge.wire.twilio import Clear, Mark, Media

SpeechMessage = Media | Mark | Clear | CancelResponse | Truncate | DeleteItem | Note


class Speech:
    """Items of the assistant from their first delta until they are heard, cut or deleted."""

    def __init__(
        self,
        audio_format: AudioFormat,
        transcript: Transcript,
        *,
        mark_interval_ms: int,
        margin_ms: int,
    ) -> None:
        self.playback = Playback(mark_interval_ms=mark_interval_ms)
        self.truncations = Truncations(margin_ms)
        self.late_deltas = 0
        self._dropping = False
        self._transcript = transcript
        self._leg = OutboundLeg(audio_format)
        self._guard = FormatGuard(audio_format)
        self._in_leg: tuple[str, int] | None = None  # the item whose samples the leg holds back
        self._open: dict[str, str] = {}  # items that may still grow: id to response
        self._sounded: set[str] = set()  # those of them of which there was audio to be heard
        self._audible: set[str] = set()  # running responses of which there was audio

    def use(self, audio_format: AudioFormat) -> None:
        """The format the model speaks after all; only before its first delta."""
        self._leg = OutboundLeg(audio_format)
        self._guard = FormatGuard(audio_format)

    def delta(self, event: AudioDelta, dead: bool, now: float) -> list[SpeechMessage]:
        """Audio to be heard, or, of a ``dead`` response, audio that is only counted."""
        ms = self._leg.duration_ms(event.delta)
        if dead:
            self.late_deltas += 1
            self._transcript.unheard(event.item_id, ms)
            return [*self.truncations.late_audio(event.item_id, ms)]
        messages: list[SpeechMessage] = [*self._guard.from_model(event.delta)]
        self._audible.add(event.response_id)
        self._open.setdefault(event.item_id, event.response_id)
        self._sounded.add(event.item_id)
        item = (event.item_id, event.content_index)
        if self._in_leg != item:
            messages += self._flush(now)
        self._in_leg = item
        messages += self.playback.add(*item, self._leg.push(event.delta), ms, now)
        if self._dropped(self.playback.take_dropped_ms()):
            messages.append(Note("playback_full", "the model is minutes ahead: speech is dropped"))
        return messages

    def _dropped(self, ms: float) -> bool:
        """Speech is dropped, and that is news: once for each time it begins."""
        began = bool(ms) and not self._dropping
        self._dropping = bool(ms)
        return began

    def item_added(self, response_id: str, item_id: str, dead: bool) -> list[SpeechMessage]:
        self._open[item_id] = response_id
        if dead:  # announced too late for anybody to hear it
            return [*self._cut((Heard(item_id, 0, 0.0, 0.0),))]
        return []

    def audio_done(self, item_id: str, now: float) -> list[SpeechMessage]:
        """All audio of the item is here; its last mark can go out."""
        held = self._flush(now) if self._in_leg and self._in_leg[0] == item_id else []
        return [*held, *self.playback.close(item_id, now)]

    def item_done(self, item_id: str, now: float) -> list[SpeechMessage]:
        """No more audio will come for the item."""
        self._open.pop(item_id, None)
        self._sounded.discard(item_id)
        return [*self.truncations.item_closed(item_id), *self.audio_done(item_id, now)]

    def response_done(self, response_id: str, now: float) -> list[SpeechMessage]:
        """Every item of the response is closed, whether that was announced or not."""
        left = [item_id for item_id, of in self._open.items() if of == response_id]
        self._audible.discard(response_id)
        return [message for item_id in left for message in self.item_done(item_id, now)]

    def audible(self, response_id: str) -> bool:
        """There was audio of this response, and it is not done."""
        return response_id in self._audible

    def _flush(self, now: float) -> list[SpeechMessage]:
        """The last short frame of an item leaves with its item, never with the next one."""
        if self._in_leg is None:
            return []
        item, self._in_leg = self._in_leg, None
        return [*self.playback.add(*item, self._leg.flush(), 0.0, now)]

    def model_gone(self, now: float) -> list[SpeechMessage]:
        """Nothing more will come of any item."""
        return [message for item_id in [*self._open] for message in self.item_done(item_id, now)]

    def silence(self, response_id: str | None, cancel: bool, now: float) -> list[SpeechMessage]:
        """Barge-in: silence at once, then tell the model what was heard.

        ``response_id`` is the running response, if any: nothing more of it will be heard, and
        ``cancel`` says that the service does not stop it by itself.
        """
        messages: list[SpeechMessage] = [Clear()] if self.playback.may_sound else []
        cut = self.playback.clear(now)
        self._leg.reset()
        self._in_leg = None
        if response_id is not None and cancel:
            messages.append(CancelResponse(response_id))
        # What has sounded and was not cut has been heard in full.
        without_sound = (
            Heard(item_id, 0, 0.0, 0.0)
            for item_id, of in self._open.items()
            if of == response_id and item_id not in self._sounded
        )
        return [*messages, *self._cut((*cut.items, *without_sound))]

    def _cut(self, items: tuple[Heard, ...]) -> list[Truncate | DeleteItem]:
        for heard in items:
            self._transcript.cut(heard.item_id, heard.heard_ms, heard.received_ms)
        closed = {heard.item_id for heard in items} - self._open.keys()
        return self.truncations.cut(items, closed)

    def hang_up(self, now: float, *, by_carrier: bool) -> None:
        """The line is gone: what was not heard never will be. ``by_carrier``: it says so itself."""
        for heard in self.playback.hang_up(now, by_carrier=by_carrier):
            self._transcript.cut(heard.item_id, heard.heard_ms, heard.received_ms)
