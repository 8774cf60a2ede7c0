"""A phone call as a state machine: events and a time in, messages out.

Feed it what each peer said (``from_carrier``, ``from_model``, ``from_function``) and the time,
send what it returns in that order, and call ``tick`` when ``deadline`` is due. After ``EndCall``
it returns nothing any more.
"""

from typing import assert_never

from bridge.call.actions import Action, EndCall, Note, Outcome, RunFunction
from bridge.call.config import CallConfig
from bridge.call.configuration import Configuration
from bridge.call.counts import BargeIn, Counts
from bridge.call.ending import Ending
from bridge.call.hearing import Hearing
from bridge.call.interruption import Verdict
from bridge.call.latency import Latency
from bridge.call.responses import Responses
from bridge.call.results import Results
from bridge.call.speech import Speech
from bridge.call.tape import Tape
from bridge.call.transcript import Transcript
from bridge.call.turns import Move, State, after
from bridge.call.usage import Usage, of_response, of_transcription
from bridge.wire import realtime, twilio
from bridge.wire.dialect import (
    CancelResponse,
    CreateResponse,
    FunctionOutput,
    ModelMessage,
    SystemText,
    UserText,
)

# Asked for with every frame, and Python 3.11 looks up a member of an enum slowly.
ENDED, CLOSING = State.ENDED, State.CLOSING

TOLD_BY_CARRIER = frozenset({Outcome.CALLER_HUNG_UP, Outcome.CARRIER_LOST})

Message = twilio.CarrierMessage | ModelMessage | Action

END_CALL = "end_call"  # the one function that the call itself answers
STRAY_RUNS_S = 0.3  # how long an answer that came at the wrong moment may run, unheard
ANNOUNCE = "Say exactly these words to the caller, and nothing else: "
GOODBYE = "Say goodbye to the caller in one short sentence."
FILTERED = "Say in one short sentence that you cannot help with that, and ask what else to do."
NOT_TO_BE_RETRIED = frozenset(
    {"insufficient_quota", "billing_hard_limit_reached", "account_deactivated"}
)


class Call:
    def __init__(self, config: CallConfig, now: float, tape: Tape | None = None) -> None:
        self.config = config
        self._tape = tape
        self.state = State.WAITING
        self.outcome: Outcome | None = None
        self.start: twilio.Start | None = None
        self.transcript = Transcript()
        turn = config.session.turn_detection
        self.latency = Latency(service_answers=turn is not None and turn.create_response)
        self.counts = Counts()
        self.usage = Usage()
        self.barge_ins: list[BargeIn] = []
        self.hearing = Hearing(config.session.audio_format)
        self.speech = Speech(
            config.session.audio_format,
            self.transcript,
            mark_interval_ms=config.mark_interval_ms,
            margin_ms=config.truncation_margin_ms,
        )
        self.speech.playback.tape = tape
        self._responses = Responses(config.response_timeout_s, config.model_silence_timeout_s)
        self._ending = Ending(config.goodbye_timeout_s)
        self._results = Results()
        self._stray: tuple[str, float] | None = None  # a silent response, and when to cancel it
        self._farewell: str | None = None  # the response that asked for the end of the call
        self._configuration = Configuration(config.session)
        self._model_lost = False
        self._caller_speaking = False
        self._opened_at = now
        self._carrier_heard_at = now

    # --- the carrier ------------------------------------------------------------------------

    def from_carrier(self, event: twilio.CarrierEvent, now: float) -> list[Message]:
        if self.state is ENDED:
            return []
        self._carrier_heard_at = self.speech.playback.carrier_heard_at = now
        match event:
            case twilio.Media():
                if self._tape is not None:
                    self._tape.add(now, event)
                # While the last words are heard nobody listens any more.
                return [] if self.state is CLOSING else [*self.hearing.push(event, now)]
            case twilio.Mark(name):
                return [*self._mark(name, now), *self._played_out(now)]
            case twilio.Start():
                return self._started(event, now)
            case twilio.Stop():
                return self._end(Outcome.CALLER_HUNG_UP, now)
            case twilio.Unknown(kind):
                self.counts.unknown_event(f"carrier {kind}")
            case twilio.Dtmf() | twilio.Connected():
                pass
            case _:
                assert_never(event)
        return []

    def _mark(self, name: str, now: float) -> list[Message]:
        messages: list[Message] = [*self.speech.playback.mark(name, now)]
        for item_id, began_at in self.speech.playback.take_begun():
            self.latency.heard(item_id, began_at)
        return messages

    def carrier_lost(self, now: float) -> list[Message]:
        """The media socket is gone, without a stop."""
        return self._end(Outcome.CARRIER_LOST, now)

    def _started(self, start: twilio.Start, now: float) -> list[Message]:
        if self.start is not None:
            return [Note("carrier_repeated_start")]
        self.start = start
        if self._tape is not None:
            self._tape.add(now, start)
        if (start.encoding, start.rate_hz, start.channels) != (twilio.ENCODING, twilio.RATE_HZ, 1):
            detail = (
                f"the carrier announced {start.encoding} at {start.rate_hz} Hz, "
                f"{start.channels} channel(s), instead of {twilio.ENCODING} at {twilio.RATE_HZ} Hz"
            )
            return [Note("format_mismatch", detail), *self._end(Outcome.CARRIER_LOST, now)]
        return self._ready(now)

    # --- the model --------------------------------------------------------------------------

    def from_model(self, event: realtime.ModelEvent, now: float) -> list[Message]:
        if self.state is State.ENDED:
            return []
        self._responses.heard(now)
        match event:
            case realtime.AudioDelta():
                return self._speech(event, now)
            case realtime.AudioDone(_, item_id):
                return [*self.speech.audio_done(item_id, now)]
            case realtime.TranscriptDelta(_, item_id, delta):
                self.transcript.words(item_id, delta)
            case realtime.SpeechStarted():
                return self._speech_started(now)
            case realtime.SpeechStopped(_, audio_end_ms):
                self._caller_speaking = False
                self.latency.speech_stopped(now, self._speech_ended_at(audio_end_ms, now))
            case realtime.Committed(item_id, previous):
                return self._committed(item_id, previous, now)
            case realtime.ItemAdded(item, previous):
                if item.role in ("assistant", "user"):
                    role = "assistant" if item.role == "assistant" else "caller"
                    self.transcript.item(item.id, role, previous)
            case realtime.InputTranscript(item_id, text):
                self.transcript.caller_said(item_id, text.strip())
                if event.usage is not None:
                    self.usage += of_transcription(event.usage)
                return [*_usage_note(event)]
            case realtime.InputTranscriptFailed(item_id, error):
                self.transcript.caller_said(item_id, None)
                return [Note("transcription_failed", error.message)]
            case realtime.ResponseCreated(response_id):
                return self._response_created(response_id, now)
            case realtime.OutputItemAdded(response_id, item):
                if item.type == "message":
                    dead = self._responses.dead(response_id)
                    return [*self.speech.item_added(response_id, item.id, dead)]
            case realtime.OutputItemDone(response_id, item):
                if item.type == "function_call":
                    return self._function_call(response_id, item)
                return [*self.speech.item_done(item.id, now)]
            case realtime.ResponseDone():
                return self._response_done(event, now)
            case realtime.SessionCreated():
                return [self._configuration.ask()]
            case realtime.SessionUpdated():
                return self._session_updated(event, now)
            case realtime.Error():
                return self._error(event, now)
            case realtime.Unknown(kind):
                self.counts.unknown_event(f"model {kind}")
            case realtime.ItemTruncated() | realtime.ItemDeleted() | realtime.Unused():
                pass
            case _:
                assert_never(event)
        return []

    def model_lost(self, reason: str, now: float) -> list[Message]:
        """No model connection, or it broke: the caller hears out what is there."""
        if self.state is State.ENDED or self._model_lost:
            return []
        self._model_lost = True
        self._responses = Responses()
        messages: list[Message] = [Note("model_lost", reason), *self.speech.model_gone(now)]
        return messages + self.close(Outcome.MODEL_LOST, now)

    def malformed(self, peer: str, problem: str) -> list[Message]:
        """A message that could not be read was dropped; the call goes on."""
        self.counts.malformed[peer] += 1
        return [Note(f"{peer}_malformed", problem)]

    def _session_updated(self, event: realtime.SessionUpdated, now: float) -> list[Message]:
        if self._configuration.agreed:
            return []
        notes: list[Message] = [*self._configuration.echoed(event)]
        agreed = self.config.session.audio_format
        # Speaking the service's format beats a call of noise.
        self.hearing.use(event.input_format or agreed)
        self.speech.use(event.output_format or agreed)
        return notes + self._ready(now)

    def _ready(self, now: float) -> list[Message]:
        if self.start is None or not self._configuration.agreed or self.state is not State.WAITING:
            return []
        self._move(Move.READY)
        if self.config.greeting is None:
            return [*self.hearing.let_go()]
        # What the caller says meanwhile waits until the greeting runs, so that a crackle on the
        # line cannot cancel a greeting that has not begun.
        self._responses.want(CreateResponse(self.config.greeting))
        return self._respond(now)

    def _error(self, error: realtime.Error, now: float) -> list[Message]:
        code = error.code or error.type or "unnamed"
        self.counts.errors[code] += 1
        messages: list[Message] = [Note("model_error", f"{code}: {error.message}")]
        if not self._configuration.agreed:
            again = self._configuration.refused(error)
            return messages + ([again] if again else self.close(Outcome.MODEL_FAILED, now))
        if error.code == "conversation_already_has_active_response":
            self._responses.refused(error.event_id)
            return messages
        if self.hearing.holding:
            messages += self.hearing.let_go()  # the greeting may have been refused
        bad_request = error.type == "invalid_request_error"
        code_known = error.code or (None if bad_request else error.type)
        if self._responses.error(code_known, error.event_id):
            messages += self._retry(error.code, now)
        return messages

    # --- responses --------------------------------------------------------------------------

    def _respond(self, now: float) -> list[Message]:
        if self.state in (State.WAITING, State.ENDED) or self._caller_speaking:
            return []
        asked = self._responses.next(now)
        for each in asked:
            self.latency.asked(each.instructions)
        return [*asked]

    def _speech_ended_at(self, audio_end_ms: int, now: float) -> float | None:
        """Realtime, "speech_stopped": its position includes the silence that server_vad waits
        for. What semantic_vad waits for is not known. 0: the service has not said."""
        turn = self.config.session.turn_detection
        silence_ms = None if turn is None else turn.silence_duration_ms
        if turn is None or turn.type != "server_vad" or silence_ms is None or not audio_end_ms:
            return None
        return self.hearing.said_at(audio_end_ms - silence_ms, now)

    def _committed(self, item_id: str, previous: str | None, now: float) -> list[Message]:
        self._caller_speaking = False
        self.latency.committed(now)
        self.transcript.item(item_id, "caller", previous)
        turn = self.config.session.turn_detection
        self._responses.answered_anyway()
        self._results.answered()
        if turn is None or not turn.create_response:
            self._responses.want(CreateResponse())
        else:
            self._responses.expect(now)
        return self._respond(now)

    def _response_created(self, response_id: str, now: float) -> list[Message]:
        self._responses.created(response_id)
        self.latency.response_created(response_id, now)
        self._move(Move.RESPONSE_BEGAN)
        held: list[Message] = [*self.hearing.let_go()] if self.hearing.holding else []
        if self._caller_speaking and self.config.interruption.speech_started() is Verdict.CONFIRMED:
            # Asked for before the caller began to speak: the service, which interrupts at the
            # beginning of speech, lets it run. The answer to the caller's turn will do for it.
            self._stray = (response_id, now + STRAY_RUNS_S)
            return [*held, *self._barge_in(now, by_server=True)]
        return held

    def _speech(self, delta: realtime.AudioDelta, now: float) -> list[Message]:
        dead = self._responses.dead(delta.response_id)
        messages: list[Message] = [*self.speech.delta(delta, dead, now)]
        if not dead:
            self.latency.audio(delta.response_id, delta.item_id, now)
            self._move(Move.AUDIO)
        elif self._stray and self._stray[0] == delta.response_id and now >= self._stray[1]:
            # Most are over by then; to cancel at once would cross with their end (an error).
            self._stray = None
            messages.append(CancelResponse(delta.response_id))
        return messages

    def _response_done(self, event: realtime.ResponseDone, now: float) -> list[Message]:
        response_id = event.response_id
        audible = self.speech.audible(response_id)
        self._responses.done(response_id)
        if event.usage is not None:
            self.usage += of_response(event.usage)
        messages: list[Message] = [
            *_usage_note(event),
            *self.speech.response_done(response_id, now),
        ]
        if not audible:
            self._move(Move.RESPONSE_EMPTY)
        if self._farewell == response_id:
            self._farewell = None
            if event.status == "completed":  # else the caller has more to say
                messages += self._said_farewell(response_id, audible, now)
        match event.status:
            case "failed":
                self.latency.again(response_id)
                messages += self._response_failed(event.error_code, now)
            case "incomplete":
                messages.append(Note("response_incomplete", event.reason or ""))
                if not audible:
                    filtered = event.reason == "content_filter"
                    instead = CreateResponse(FILTERED) if filtered else None
                    self.latency.again(response_id, FILTERED if filtered else None)
                    messages += self._retry(None, now, instead)
            case "completed":
                self._responses.succeeded()
        self._results_done(response_id, now)
        return [*messages, *self._respond(now), *self._played_out(now)]

    def _response_failed(self, code: str | None, now: float) -> list[Message]:
        return [Note("response_failed", code or ""), *self._retry(code, now)]

    def _retry(
        self, code: str | None, now: float, instead: CreateResponse | None = None
    ) -> list[Message]:
        """Silence for the caller: ask once more, a little later, or give the model up."""
        if code not in NOT_TO_BE_RETRIED and self._responses.failed(now, instead):
            return []
        return self.close(Outcome.MODEL_FAILED, now)

    def _overdue(self, now: float) -> list[Message]:
        """The model owes an answer and says nothing: ask again, or give it up."""
        running = self._responses.active
        self._results.answered()
        if not self._responses.overdue(now):
            return self.model_lost("it owes an answer and says nothing", now)
        what = "an answer that has begun" if running else "an answer"
        messages: list[Message] = [Note("model_silent", f"it owes {what}"), *self._let_hear()]
        if running:
            self.latency.again(running)
        return messages + ([CancelResponse(running)] if running else [])

    def _let_hear(self) -> list[Message]:
        """What was held for a greeting goes to the model: it must not be deaf as well."""
        waiting = self.state is State.WAITING or not self.hearing.holding
        return [] if waiting else [*self.hearing.let_go()]

    def _played_out(self, now: float) -> list[Message]:
        if not self.speech.playback.settle(now):
            return []
        self._move(Move.PLAYED_OUT)
        if self._responses.running:
            self._move(Move.RESPONSE_BEGAN)
        return self._finish_if_over(now)

    # --- barge-in ---------------------------------------------------------------------------

    def _speech_started(self, now: float) -> list[Message]:
        if self.state is State.CLOSING:
            return []
        self._caller_speaking = True
        self._responses.turn_began()
        if not (self.speech.playback.may_sound or self._responses.running):
            return []
        if self.config.interruption.speech_started() is Verdict.DISMISSED:
            self.counts.dismissed += 1
            return []
        turn = self.config.session.turn_detection
        return self._barge_in(now, by_server=turn is not None and turn.interrupt_response)

    def _barge_in(self, now: float, *, by_server: bool) -> list[Message]:
        self.barge_ins.append(BargeIn(now, self.speech.playback.account(now)))
        interrupted = self._responses.interrupt()
        self._move(Move.BARGE_IN)
        return [*self.speech.silence(interrupted, not by_server, now)]

    # --- functions --------------------------------------------------------------------------

    def _function_call(self, response_id: str, item: realtime.Item) -> list[Message]:
        # Arguments of a cancelled call may be cut off anywhere: only a completed one is run.
        if item.status != "completed" or not item.name or not item.call_id:
            return []
        if item.name == END_CALL:
            self._farewell = response_id
            return [FunctionOutput(item.call_id, '{"ok":true}')]
        self._results.called(item.call_id, response_id)
        self.latency.calls_function(response_id)
        return [RunFunction(item.call_id, item.name, item.arguments or "{}")]

    def from_function(self, call_id: str, output: str, now: float) -> list[Message]:
        """The result of a ``RunFunction``; a late one, when the call is ending, is dropped."""
        response_id = self._results.returned(call_id)
        if response_id is None or not self.open:
            return []
        self._answer_results(response_id, now)
        return [FunctionOutput(call_id, output), *self._respond(now)]

    def _answer_results(self, response_id: str, now: float) -> None:
        """All results of one response first, then one answer to them."""
        done = response_id != self._responses.active
        if done and self._results.due(response_id):
            self._responses.want(CreateResponse())
            self.latency.goes_on(response_id, None, now)

    def _results_done(self, response_id: str, now: float) -> None:
        """No more functions are called by this response."""
        if not self.open:
            return
        if self._results.missing(response_id):
            # The answer to its results will do for what it failed to say.
            self._responses.call_off_retry()
        elif self._responses.retrying:
            self._results.answered()
        else:
            self._answer_results(response_id, now)

    def say(self, text: str, now: float) -> list[Message]:
        """Text typed in the caller's place: it is answered like speech, while the call goes on."""
        if self.state in (State.CLOSING, State.ENDED):
            return []
        self._responses.want(CreateResponse())
        return [UserText(text), *self._respond(now)]

    def announce(self, text: str, now: float) -> list[Message]:
        """The assistant says these words, behind what it is saying and once the caller has
        finished. None is said when the call is ending."""
        if not self.open:
            return []
        self._responses.want(CreateResponse(ANNOUNCE + text))
        return [Note("operator_said"), *self._respond(now)]

    def whisper(self, text: str, now: float) -> list[Message]:
        """An instruction to the model from outside, for its answers from now on; not spoken."""
        if not self.open or not self._configuration.agreed:
            return []
        return [Note("operator_whispered"), SystemText(text)]

    # --- the end ----------------------------------------------------------------------------

    @property
    def open(self) -> bool:
        """Neither ending nor over: what is said now can still be heard."""
        return self.state not in (State.CLOSING, State.ENDED)

    def hang_up(self, now: float, *, goodbye: bool) -> list[Message]:
        """End the call from outside: at once, or when the assistant has said goodbye (bounded)."""
        note = Note("operator_hung_up")
        if self.state is not State.ENDED and not goodbye:
            return [note, *self._end(Outcome.COMPLETED, now)]
        if not self.open:
            return []
        if self._configuration.agreed:
            self._responses.want(CreateResponse(GOODBYE))
        return [note, *self.close(Outcome.COMPLETED, now), *self._respond(now)]

    def _said_farewell(self, response_id: str, audible: bool, now: float) -> list[Message]:
        """The model asked for the end. If it said no word with that, it shall say goodbye."""
        if not audible:
            self._responses.want(CreateResponse(GOODBYE))
            self.latency.goes_on(response_id, GOODBYE, now)
        return self.close(Outcome.COMPLETED, now)

    def close(self, outcome: Outcome, now: float) -> list[Message]:
        """End the call once what is being said has been heard (bounded)."""
        if self.state is not State.ENDED:
            self._ending.ask(outcome, now)
            self._caller_speaking = False
            self._move(Move.CLOSE)
        return self._finish_if_over(now)

    def _finish_if_over(self, now: float) -> list[Message]:
        answering = not self._responses.idle
        audible = self.speech.playback.outstanding
        if self._ending.outcome and self._ending.over(
            answering=answering, audible=audible, now=now
        ):
            return self._end(self._ending.outcome, now)
        return []

    def _end(self, outcome: Outcome, now: float) -> list[Message]:
        if self.state is State.ENDED:
            return []
        self.speech.hang_up(now, by_carrier=outcome in TOLD_BY_CARRIER)
        self.outcome = outcome
        self._move(Move.END)
        return [EndCall(outcome)]

    # --- time -------------------------------------------------------------------------------

    def deadline(self) -> float | None:
        """When ``tick`` is due, were nothing to happen before."""
        if self.state is State.ENDED:
            return None
        return min(
            self._carrier_heard_at + self.config.carrier_silence_timeout_s,
            self._limit_at(),
            self._ready_by(),
            self._ending.deadline(),
            self._responses.deadline(),
            self.speech.playback.deadline(),
        )

    def _ready_by(self) -> float:
        if self.state is not State.WAITING:
            return float("inf")
        if self.start is None:
            return self._opened_at + self.config.carrier_start_timeout_s
        return self._opened_at + self.config.ready_timeout_s

    def _limit_at(self) -> float:
        ending = self._ending.outcome is not None
        return float("inf") if ending else self._opened_at + self.config.max_call_s

    def tick(self, now: float) -> list[Message]:
        """What is due by now; harmless at any other time."""
        if self.state is State.ENDED:
            return []
        if now >= self._carrier_heard_at + self.config.carrier_silence_timeout_s:
            note = Note("carrier_silent", f"no message for {now - self._carrier_heard_at:.0f} s")
            return [note, *self._end(Outcome.CARRIER_LOST, now)]
        messages: list[Message] = [*self.speech.playback.release(now)]
        if now >= self._ready_by():
            missing = "the carrier's start" if self.start is None else "the model's session"
            messages.append(Note("not_ready", f"{missing} did not come in time"))
            lost = Outcome.CARRIER_LOST if self.start is None else Outcome.MODEL_LOST
            messages += self.close(lost, now)
        if now >= self._limit_at():
            messages += self.close(Outcome.TIME_LIMIT, now)
        if self._responses.owed_by() <= now < self._ending.deadline():
            messages += self._overdue(now)
        self._responses.wake(now)
        messages += self._respond(now)
        return [*messages, *self._played_out(now), *self._finish_if_over(now)]

    def _move(self, move: Move) -> None:
        self.state = after(self.state, move)


def _usage_note(event: realtime.ResponseDone | realtime.InputTranscript) -> list[Note]:
    """A bill that cannot be read is too small: somebody should know."""
    return [Note("usage_unreadable", event.usage_problem)] if event.usage_problem else []
