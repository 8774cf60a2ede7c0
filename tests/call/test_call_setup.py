"""From the socket's opening to the first words."""

import pytest
from msgspec import structs

from bridge.call.actions import EndCall, Note, Outcome
from bridge.call.turns import State
from bridge.wire import realtime, twilio
from bridge.wire.dialect import Append, CreateResponse, SessionUpdate
from bridge.wire.session import SessionConfig
from tests.call.phone import START, ULAW, UPDATED, Phone, kinds, sound

CREATED = realtime.SessionCreated("sess_1", None)
HELLO = "Greet the caller."
FRAME = twilio.Media(sound(20), 100)


def test_the_session_is_configured_as_soon_as_it_is_there() -> None:
    assert Phone().model(CREATED) == [SessionUpdate(ULAW)]


def test_the_greeting_waits_for_both_peers_in_either_order() -> None:
    phone = Phone(greeting=HELLO)
    assert phone.carrier(twilio.Connected(), START) == []
    assert phone.model(CREATED, UPDATED) == [SessionUpdate(ULAW), CreateResponse(HELLO)]
    other = Phone(greeting=HELLO)
    other.model(CREATED, UPDATED)  # a model connection that was warm
    assert other.state() is State.WAITING
    assert other.carrier(START) == [CreateResponse(HELLO)]
    assert other.state() is State.LISTENING


def test_the_caller_is_held_until_the_greeting_runs() -> None:
    # A crackle on the line must not cancel a greeting that has not begun.
    phone = Phone(greeting=HELLO)
    phone.ready()
    assert phone.carrier(FRAME) == []
    assert phone.model(realtime.ResponseCreated("r1")) == [Append(sound(20))]
    assert phone.carrier(FRAME) == [Append(sound(20))]


def test_without_a_greeting_the_model_listens_at_once() -> None:
    phone = Phone()
    phone.carrier(START, FRAME)
    assert phone.model(CREATED, UPDATED) == [SessionUpdate(ULAW), Append(sound(20))]


def test_a_format_the_model_keeps_is_used_and_noted() -> None:
    phone = Phone(SessionConfig(instructions="", audio_format="pcm16"))
    phone.carrier(START, FRAME)
    messages = phone.model(CREATED, realtime.SessionUpdated("g711_ulaw", None))[1:]
    assert messages == [
        Note(
            "format_mismatch",
            "asked the model for pcm16 input, it keeps g711_ulaw: using that",
        ),
        Append(sound(20)),
    ]


def test_a_voice_that_keeps_its_format_is_heard_all_the_same() -> None:
    phone = Phone(SessionConfig(instructions="", audio_format="pcm16"))
    phone.carrier(START)
    (_, note) = phone.model(CREATED, realtime.SessionUpdated("pcm16", "g711_ulaw"))
    assert kinds([note]) == ["Note"]
    phone.begins("r1", "a")
    assert phone.says("r1", "a", 20) == [twilio.Media(sound(20))]


def test_a_session_that_echoes_no_format_has_the_one_asked_for() -> None:
    phone = Phone()
    phone.carrier(START)
    assert kinds(phone.model(CREATED, realtime.SessionUpdated(None, None))) == ["SessionUpdate"]
    phone.begins("r1", "a")
    assert phone.says("r1", "a", 20) == [twilio.Media(sound(20))]


def test_a_later_session_updated_changes_nothing() -> None:
    phone = Phone()
    phone.ready()
    assert phone.model(realtime.SessionUpdated("pcm16", "pcm16")) == []
    assert phone.carrier(FRAME) == [Append(sound(20))]


def test_a_repeated_start_is_noted_and_changes_nothing() -> None:
    phone = Phone(greeting=HELLO)
    phone.ready()
    again = structs.replace(START, call_sid="CA" + "1" * 32)
    assert phone.carrier(again) == [Note("carrier_repeated_start")]
    assert phone.call.start == START


@pytest.mark.parametrize(
    "changed", [{"encoding": "audio/l16"}, {"rate_hz": 16000}, {"channels": 2}]
)
def test_a_carrier_format_we_do_not_speak_ends_the_call(changed: dict[str, str]) -> None:
    note, end = Phone().carrier(structs.replace(START, **changed))
    assert isinstance(note, Note)
    assert note.kind == "format_mismatch"
    assert str(next(iter(changed.values()))) in note.detail
    assert end == EndCall(Outcome.CARRIER_LOST)


def test_a_session_that_is_refused_ends_the_call() -> None:
    # One wrong key voids the whole update: the model would be somebody else's agent.
    phone = Phone()
    phone.carrier(START)
    phone.model(CREATED)
    error = realtime.Error("Unknown parameter: 'session.speed'.", code="unknown_parameter")
    assert phone.model(error) == [
        Note("model_error", "unknown_parameter: Unknown parameter: 'session.speed'."),
        EndCall(Outcome.MODEL_FAILED),
    ]


def test_a_model_that_is_never_ready_ends_the_call() -> None:
    phone = Phone(ready_timeout_s=8.0)
    phone.carrier(START)
    assert phone.call.deadline() == 8.0
    assert phone.tick(7.9) == []
    assert phone.tick(8.0) == [
        Note("not_ready", "the model's session did not come in time"),
        EndCall(Outcome.MODEL_LOST),
    ]
    assert phone.call.deadline() is None


def test_a_carrier_that_never_starts_ends_the_call() -> None:
    phone = Phone(ready_timeout_s=8.0)
    phone.model(CREATED, UPDATED)
    assert phone.tick(8.0) == [
        Note("not_ready", "the carrier's start did not come in time"),
        EndCall(Outcome.CARRIER_LOST),
    ]


def test_once_ready_the_time_for_it_is_no_concern() -> None:
    phone = Phone(ready_timeout_s=8.0, carrier_silence_timeout_s=100.0)
    phone.ready()
    assert phone.tick(9.0) == []
    assert phone.call.deadline() == 100.0


def test_nothing_is_asked_of_the_model_before_both_are_ready() -> None:
    phone = Phone()
    phone.carrier(START)
    assert kinds(phone.call.say("Hello?", 0.0)) == ["UserText"]
    assert kinds(phone.model(CREATED, UPDATED)) == ["SessionUpdate"]
    assert phone.tick(0.1) == [CreateResponse()]


def test_a_greeting_that_is_refused_does_not_keep_the_caller_unheard() -> None:
    phone = Phone(greeting="Greet.")
    phone.ready()
    phone.carrier(twilio.Media(sound(20), 20))
    heard = phone.model(realtime.Error("no such thing", code="invalid_value"))
    assert [type(message) for message in heard] == [Note, Append]
