"""A Realtime session as the service keeps it: (event, now) -> messages."""

from dataclasses import dataclass
from typing import Any

from bridge.sim.model.agenda import Agenda
from bridge.sim.model.client_items import item_from
from bridge.sim.model.conversation import Conversation
from bridge.sim.model.dialect import Dialect
from bridge.sim.model.frames import appended, audio_bytes, parsed
from bridge.sim.model.hearing import Hearing, Reactions
from bridge.sim.model.ids import Ids
from bridge.sim.model.items import Item
from bridge.sim.model.options import ResponseOptions, options_for
from bridge.sim.model.outbox import Ask, Close, Out, Outbox, Send
from bridge.sim.model.profile import ModelProfile
from bridge.sim.model.records import SessionRecord
from bridge.sim.model.refusal import SERVER_ERROR, Refusal, wrong_value
from bridge.sim.model.reply import Mind
from bridge.sim.model.response import Response
from bridge.sim.model.responses import Responses
from bridge.sim.model.session_object import SessionObject, first_session, voice_refusal
from bridge.sim.model.shapes import Abilities
from bridge.sim.model.stage import Stage
from bridge.sim.voice.jobs import Result, Speech

__all__ = ["Ask", "Close", "ModelProfile", "Out", "RealtimeSession", "Send", "TruncationRecord"]

REASONING_MODELS = "gpt-realtime-2"
WALL_S = 1_795_000_000.0  # November 2026, where nobody says otherwise


@dataclass(frozen=True)
class TruncationRecord:
    """A truncate as it was asked for, and whether it was granted."""

    item_id: str
    audio_end_ms: int
    accepted: bool


class RealtimeSession:
    """No I/O and no clock: ``now`` is monotonic seconds and never goes back.

    Call ``open`` once, then ``receive``, ``answer`` and ``tick`` as things happen; ``tick``
    is due at ``deadline()``. After a ``Close`` nothing more comes.
    """

    def __init__(
        self,
        *,
        dialect: Dialect,
        model: str,
        mind: Mind,
        profile: ModelProfile | None = None,
        wall_s: float = WALL_S,
        seed: int = 0,
        record: SessionRecord | None = None,
    ) -> None:
        self._profile = profile or ModelProfile()
        self._dialect = dialect
        self._model = model
        ids = Ids(seed)
        self._outbox = Outbox(dialect, self._profile, ids, wall_s, record)
        self._record = record
        self._agenda = Agenda()
        self._conversation = Conversation(self._outbox, dialect, self._outbox.new_id("conv"))
        stage = Stage(
            outbox=self._outbox,
            conversation=self._conversation,
            dialect=dialect,
            profile=self._profile,
            mind=mind,
            ids=ids,
            agenda=self._agenda,
            record=record,
        )
        reasoning = self._profile.reasoning
        able = Abilities(
            voices=self._profile.voices or dialect.voices,
            reasoning=model.startswith(REASONING_MODELS) if reasoning is None else reasoning,
        )
        self._checks = dialect.client_events(able)
        self._responses = Responses(stage, self._response_done)
        self._session = SessionObject(dialect, {})
        self._hearing = Hearing(
            stage,
            self._session,
            Reactions(self._speech_started, self._turn_ended, self._responses.wake),
        )
        self._events = 0
        self._answer_owed = False  # a turn ended while a response went on
        self._idle_since: float | None = None  # end of the last response's playback
        self.truncations: list[TruncationRecord] = []

    # --- the four ways in ---------------------------------------------------------------------

    def open(self, now: float) -> list[Out]:
        self._outbox.now = now
        expires_s = self._profile.session_expires_after_s
        self._session.wire = first_session(
            self._dialect,
            self._model,
            self._outbox.new_id("sess"),
            int(self._outbox.wall_s() + expires_s),
        )
        self._agenda.at(now + expires_s, self._expire)
        self._outbox.send("session.created", session=self._session.wire)
        return self._settle(now)

    def receive(self, frame: str | bytes, now: float) -> list[Out]:
        self._outbox.now = now
        audio = appended(frame)
        if audio is not None:
            self._hearing.append(audio)
            return self._settle(now)
        event_id = None
        try:
            event = parsed(frame)
            event_id = event.get("event_id")
            self._handle(event, now)
        except Refusal as refusal:
            self._outbox.refuse(refusal, event_id if isinstance(event_id, str) else None)
        return self._settle(now)

    def answer(self, job_id: int, result: Result, now: float) -> list[Out]:
        """One result of a job; for ``Speak`` there may be several, the last one marked."""
        self._outbox.now = now
        more = isinstance(result, Speech) and not result.last
        self._outbox.answered(job_id, result, last=not more)
        self._responses.sweep(now)
        return self._settle(now)

    def tick(self, now: float) -> list[Out]:
        self._outbox.now = now
        return self._settle(now)

    def wants(self, job_id: int) -> bool:
        """Whether anybody still waits for this job; speech of a cancelled response is not."""
        return self._outbox.waits_for(job_id)

    def deadline(self) -> float | None:
        if self._outbox.closed:
            return None
        due = self._agenda.due
        for other in (self._responses.due, self._idle_due()):
            if other is not None and (due is None or other < due):
                due = other
        return due

    def _settle(self, now: float) -> list[Out]:
        """Do all that is due by now, in the order it is due."""
        while (due := self.deadline()) is not None and due <= now:
            if due == self._agenda.due:
                self._agenda.run_next()
            elif due == self._responses.due:
                self._responses.step()
            else:
                self._time_out(due)
        return self._outbox.take()

    # --- for tests ----------------------------------------------------------------------------

    @property
    def items(self) -> list[Item]:
        """Every item there ever was, as it is now."""
        return self._conversation.every_item

    @property
    def responses(self) -> list[Response]:
        return self._responses.every

    @property
    def errors(self) -> list[Refusal]:
        """Every error event sent."""
        return self._outbox.errors

    @property
    def settings(self) -> SessionObject:
        return self._session

    # --- client events ------------------------------------------------------------------------

    def _handle(self, event: dict[str, Any], now: float) -> None:
        if "type" not in event:
            raise Refusal("invalid_event", "The 'type' field is missing.")
        kind = event["type"]
        if not isinstance(kind, str) or kind not in self._checks:
            raise wrong_value("type", kind, tuple(self._checks))
        self._fail_if_told(kind)
        self._checks[kind](event, "")
        match kind:
            case "session.update":
                self._update(event)
            case "input_audio_buffer.append":
                self._hearing.append(audio_bytes(event["audio"]))
            case "input_audio_buffer.commit":
                self._hearing.commit(now)
            case "input_audio_buffer.clear":
                self._hearing.clear()
            case "conversation.item.create":
                self._create_item(event)
            case "conversation.item.truncate":
                self._truncate(event)
            case "conversation.item.delete":
                self._conversation.delete(event["item_id"])
            case "conversation.item.retrieve":
                self._conversation.retrieve(event["item_id"])
            case "response.create":
                self._create_response(event.get("response", {}), now)
            case "response.cancel":
                self._responses.cancel("client_cancelled", now, event.get("response_id"))

    def _fail_if_told(self, kind: str) -> None:
        if kind == "input_audio_buffer.append":
            return
        self._events += 1
        if self._events in self._profile.server_errors:
            message = (
                "The server had an error while processing your request. Sorry about that! "
                f"(session id: {self._session.wire['id']})"
            )
            raise Refusal(None, message, type=SERVER_ERROR)

    def _update(self, event: dict[str, Any]) -> None:
        before, rules = self._session.wire, self._session.turn_detection
        locked = self._responses.has_spoken
        self._session.update(event["session"], voice_locked=locked)
        try:
            self._hearing.check_format()
        except Refusal:
            self._session.wire = before
            raise
        if self._session.turn_detection != rules:
            self._hearing.forget_onset()
        self._outbox.send("session.updated", session=self._session.wire)

    def _create_item(self, event: dict[str, Any]) -> None:
        place = self._conversation.place_of(event.get("previous_item_id"))
        item = item_from(event["item"], self._outbox.new_id, self._hearing, self._session)
        if self._conversation.find(item.id) is not None:
            message = f"Error adding item: an item with id '{item.id}' already exists."
            raise Refusal("item_create_duplicate_item_id", message)
        if item.kind == "function_call_output" and not self._conversation.has_call(item.call_id):
            message = f"Tool call ID '{item.call_id}' not found in conversation."
            raise Refusal("invalid_tool_call_id", message)
        self._conversation.add(item, place)

    def _truncate(self, event: dict[str, Any]) -> None:
        item_id, audio_end_ms = event["item_id"], event["audio_end_ms"]
        accepted = False
        try:
            self._conversation.truncate(
                item_id, event["content_index"], audio_end_ms, self._profile.deficit_ms
            )
            accepted = True
        finally:
            self.truncations.append(TruncationRecord(item_id, audio_end_ms, accepted))
            if self._record is not None:
                self._record.truncated(item_id, audio_end_ms, accepted, self._outbox.now)

    def _create_response(self, asked: dict[str, Any], now: float) -> None:
        if self._dialect.commits_and_cancels:
            if asked.get("cancel_previous", True) and self._responses.active is not None:
                self._responses.cancel("client_cancelled", now)
            if asked.get("commit", True) and self._hearing.has_pending():
                self._hearing.commit(now)
        options = options_for(self._dialect, self._session, asked)
        if self._responses.has_spoken and options.voice != self._session.voice:
            raise voice_refusal("response.voice")
        for item in asked.get("append_input_items", ()):
            made = item_from(item, self._outbox.new_id, self._hearing, self._session)
            self._conversation.add(made)
        self._responses.create(options, now, self._input_items(options))

    def _input_items(self, options: ResponseOptions) -> list[Item] | None:
        """Items that replace the history as context; some may refer to it."""
        if options.input is None:
            return None
        items = []
        for index, wire in enumerate(options.input):
            if wire["type"] != "item_reference":
                made = item_from(wire, self._outbox.new_id, self._hearing, self._session)
                items.append(made)
                continue
            found = self._conversation.find(wire["id"])
            if found is None:
                message = f"Item with id '{wire['id']}' not found."
                raise Refusal("invalid_value", message, param=f"response.input[{index}].id")
            items.append(found)
        return items

    # --- turns --------------------------------------------------------------------------------

    def _speech_started(self, now: float) -> None:
        rules = self._session.turn_detection
        self._idle_since = None
        self._answer_owed = False
        if rules is not None and rules.interrupt_response and self._responses.active is not None:
            self._responses.cancel("turn_detected", now)

    def _turn_ended(self, now: float) -> None:
        rules = self._session.turn_detection
        if rules is None or not rules.create_response:
            return
        if self._responses.active is not None:
            # Only where nothing interrupts. What the service does here is not known; the
            # caller gets an answer as soon as the slot is free.
            self._answer_owed = True
            return
        self._responses.create(options_for(self._dialect, self._session, {}), now)

    def _response_done(self, response: Response, now: float) -> None:
        if not response.options.in_conversation:
            return
        self._idle_since = now + response.audio_ms / 1000
        if self._answer_owed and self._responses.active is None:
            self._answer_owed = False
            self._turn_ended(now)

    def _idle_due(self) -> float | None:
        """``idle_timeout_ms`` counts from the end of the last response's playback, once."""
        rules = self._session.turn_detection
        if rules is None or rules.idle_timeout_ms is None or self._idle_since is None:
            return None
        if self._hearing.speaking or self._responses.active is not None:
            return None
        return self._idle_since + rules.idle_timeout_ms / 1000

    def _time_out(self, now: float) -> None:
        self._idle_since = None
        rules = self._session.turn_detection
        if rules is not None and rules.idle_timeout_ms is not None:
            self._hearing.time_out(rules.idle_timeout_ms, now)

    def _expire(self, now: float) -> None:
        minutes = self._profile.session_expires_after_s / 60
        message = f"Your session hit the maximum duration of {minutes:g} minutes."
        self._outbox.refuse(Refusal("session_expired", message), None)
        self._outbox.close(1001, message)
