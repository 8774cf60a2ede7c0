"""What the service hears: appended audio, turns in it, and their words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bridge.sim.model.input_buffer import IDLE_KEEP_MS, InputBuffer
from bridge.sim.model.items import Item, Part
from bridge.sim.model.outbox import OnResult
from bridge.sim.model.refusal import Refusal
from bridge.sim.model.session_object import SessionObject
from bridge.sim.model.stage import Stage
from bridge.sim.model.transcription import Telling
from bridge.sim.model.turn_detector import Started, Stopped, TurnDetector
from bridge.sim.voice.jobs import WINDOW_MS, Detect, Probabilities, Result, Transcribe, Transcript

MIN_COMMIT_MS = 100


@dataclass(frozen=True)
class Reactions:
    """What the session does about what is heard."""

    speech_started: Callable[[float], None]  # may interrupt
    turn_ended: Callable[[float], None]  # may answer
    understood: Callable[[float], None]  # words of an item have become known


class Hearing:
    """Owns the input buffer and the turn detector; commits items."""

    def __init__(self, stage: Stage, session: SessionObject, reactions: Reactions) -> None:
        self._stage = stage
        self._session = session
        self._reactions = reactions
        self._buffer = InputBuffer()
        self._detector = TurnDetector()
        self._announced: tuple[str, int] | None = None  # item id and start of the open turn
        self._commits = 0

    @property
    def speaking(self) -> bool:
        return self._detector.speaking

    def check_format(self) -> None:
        """A session's audio keeps its rate (what the service does here is not known)."""
        if self._buffer.end_ms and self._session.input_format.rate_hz != self._buffer.rate_hz:
            message = "The input audio format cannot be changed once audio was appended."
            raise Refusal("invalid_value", message)

    # --- audio in -----------------------------------------------------------------------------

    def append(self, data: bytes) -> None:
        audio_format = self._session.input_format
        pcm = self._buffer.append(data, audio_format)
        record = self._stage.record
        if record is not None:
            end_ms, now = self._buffer.end_ms, self._stage.outbox.now
            record.appended(pcm, self._buffer.rate_hz, audio_format.name, end_ms, now)
        if pcm:
            self._stage.outbox.ask(Detect(pcm, self._buffer.rate_hz), self._detected(pcm))
        rules = self._session.turn_detection
        if rules is not None and not self._detector.speaking:
            keep_ms = max(IDLE_KEEP_MS, rules.idle_timeout_ms or 0)
            self._buffer.forget_before(keep_ms + rules.prefix_ms)

    def clear(self) -> None:
        self._buffer.clear()
        self.forget_onset()
        self._stage.outbox.send("input_audio_buffer.cleared")

    def forget_onset(self) -> None:
        """Also when turn detection changes: what was announced does not come."""
        self._detector.reset()
        self._announced = None

    def _detected(self, pcm: bytes) -> OnResult:
        windows = len(pcm) // 2 * 1000 // (self._buffer.rate_hz * WINDOW_MS)

        def on_result(result: Result, now: float) -> None:
            # Where detection failed there is silence, so that the clock of windows goes on.
            if isinstance(result, Probabilities):
                self._heard(result.values, now)
            else:
                self._heard((0.0,) * windows, now)

        return on_result

    def _heard(self, probabilities: Sequence[float], now: float) -> None:
        for event in self._detector.push(probabilities, self._session.turn_detection):
            if isinstance(event, Started):
                self._started(event, now)
            else:
                self._stopped(event, now)

    def _started(self, event: Started, now: float) -> None:
        item_id = self._stage.outbox.new_id("item")
        self._announced = (item_id, event.start_ms)
        self._stage.outbox.send(
            "input_audio_buffer.speech_started", audio_start_ms=event.start_ms, item_id=item_id
        )
        self._reactions.speech_started(now)

    def _stopped(self, event: Stopped, now: float) -> None:
        if self._announced is None:
            return
        item_id, start_ms = self._announced
        self._announced = None
        self._stage.outbox.send(
            "input_audio_buffer.speech_stopped", audio_end_ms=event.end_ms, item_id=item_id
        )
        self._commit(item_id, self._buffer.cut(start_ms, event.end_ms), now)
        self._reactions.turn_ended(now)

    # --- commits ------------------------------------------------------------------------------

    def commit(self, now: float) -> None:
        """The client's own commit; a turn that is open ends here, under its announced id."""
        waiting_ms = self._buffer.uncommitted_ms
        if waiting_ms < MIN_COMMIT_MS:
            message = (
                "Error committing input audio buffer: buffer too small. Expected at least "
                f"{MIN_COMMIT_MS}ms of audio, but buffer only has {waiting_ms:.2f}ms of audio."
            )
            raise Refusal("input_audio_buffer_commit_empty", message)
        item_id = self._announced[0] if self._announced else self._stage.outbox.new_id("item")
        self.forget_onset()
        self._commit(item_id, self._buffer.cut_all(), now)

    def has_pending(self) -> bool:
        return self._buffer.uncommitted_ms >= MIN_COMMIT_MS

    def time_out(self, idle_ms: int, now: float) -> None:
        """Nobody spoke for so long: an item of silence, and the model may say something."""
        end_ms = self._buffer.end_ms
        start_ms = max(end_ms - idle_ms, 0)
        item_id = self._stage.outbox.new_id("item")
        self._stage.outbox.send(
            "input_audio_buffer.timeout_triggered",
            audio_start_ms=start_ms,
            audio_end_ms=end_ms,
            item_id=item_id,
        )
        self._commit(item_id, self._buffer.cut(start_ms, end_ms), now, silent=True)
        self._reactions.turn_ended(now)

    def _commit(self, item_id: str, pcm: bytes, now: float, *, silent: bool = False) -> None:
        conversation, outbox = self._stage.conversation, self._stage.outbox
        part = self.heard_part(pcm, self._buffer.rate_hz)
        item = Item(item_id, role="user", parts=[part])
        outbox.send(
            "input_audio_buffer.committed",
            previous_item_id=conversation.last_id(),
            item_id=item_id,
        )
        conversation.add(item)
        delays_ms = self._stage.profile.transcription_delays_ms
        told_at = now + delays_ms[self._commits % len(delays_ms)] / 1000
        self._commits += 1
        telling = Telling(self._stage, item, part, self._session.transcription_model, told_at)
        if silent:
            part.heard = ""
            telling.understood(now)
        else:
            self.listen(part, pcm, telling.understood)

    def heard_part(self, pcm: bytes, rate_hz: int) -> Part:
        part = Part("input_audio", rate_hz=rate_hz)
        part.generated_ms = len(pcm) / 2 / rate_hz * 1000
        if self._stage.profile.keep_audio:
            part.audio += pcm
        return part

    def listen(
        self, part: Part, pcm: bytes, then: Callable[[float], None] = lambda now: None
    ) -> None:
        """Have the words found, for the mind; whether the client is told is another matter."""

        def on_result(result: Result, now: float) -> None:
            part.heard = result.text if isinstance(result, Transcript) else ""
            then(now)
            self._reactions.understood(now)

        self._stage.outbox.ask(Transcribe(pcm, part.rate_hz), on_result)
