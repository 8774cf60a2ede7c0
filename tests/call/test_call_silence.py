"""A model that owes an answer and does not give it: the caller never waits for nothing."""

import pytest

from bridge.call.actions import EndCall, Note, Outcome
from bridge.wire import realtime, twilio
from bridge.wire.dialect import Append, CancelResponse, CreateResponse, SessionUpdate
from tests.call.phone import DECIDING, START, ULAW, Phone, kinds, marks, sound

GREET = CreateResponse("Greet.")
OWES = Note("model_silent", "it owes an answer")
TURN = (realtime.SpeechStopped("u1"), realtime.Committed("u1"))
SERVER_ERROR = realtime.Error("sorry, sess_1", type="server_error")


def greeted() -> Phone:
    """The greeting has been asked for, and a frame of the caller waits for it."""
    phone = Phone(greeting="Greet.", carrier_silence_timeout_s=1e6)
    assert phone.ready()[-1] == GREET
    phone.carrier(twilio.Media(sound(20), 20))
    return phone


def ready(phone: Phone) -> Phone:
    phone.ready()
    return phone


def patient() -> Phone:
    return ready(Phone(carrier_silence_timeout_s=1e6))


def test_a_greeting_that_does_not_begin_is_asked_for_again_and_the_caller_is_heard() -> None:
    phone = greeted()
    assert phone.call.deadline() == 5.0
    assert phone.tick(4.9) == []
    assert phone.tick(5.0) == [OWES, Append(sound(20)), GREET]
    assert phone.tick(10.0) == [OWES, GREET]
    assert phone.tick(15.0) == [
        Note("model_lost", "it owes an answer and says nothing"),
        EndCall(Outcome.MODEL_LOST),
    ]


def test_an_answer_that_comes_late_is_waited_for_no_longer() -> None:
    phone = greeted()
    phone.tick(5.0)
    phone.begins("r1", "a")
    phone.says("r1", "a", 100)
    phone.ends("r1", "a")
    phone.hears("0.0")
    assert phone.tick(1000.0) == []


def test_a_service_that_does_not_answer_a_turn_by_itself_is_asked_to() -> None:
    phone = patient()
    phone.interrupts()
    phone.at(3.0).model(*TURN)
    assert phone.tick(7.9) == []
    assert phone.tick(8.0) == [OWES, CreateResponse()]


@pytest.mark.parametrize("announced_first", [True, False])
def test_a_turn_that_the_service_answers_late_is_answered_once(announced_first: bool) -> None:
    phone = patient()
    phone.interrupts()
    phone.at(3.0).model(*TURN)
    phone.tick(8.0)
    refusal = realtime.Error("busy", code="conversation_already_has_active_response")
    created = realtime.ResponseCreated("r1")
    phone.at(8.4).model(*((created, refusal) if announced_first else (refusal, created)))
    assert phone.ends("r1") == []
    assert phone.tick(60.0) == []


def test_a_caller_who_goes_on_speaking_is_not_owed_an_answer_yet() -> None:
    phone = patient()
    phone.at(3.0).model(*TURN)
    phone.at(4.0).interrupts()
    assert phone.tick(100.0) == []


def test_an_answer_that_stops_in_the_middle_is_cancelled_and_asked_for_anew() -> None:
    phone = patient()
    phone.begins("r1", "a")
    phone.at(1.0)
    names = marks(phone.says("r1", "a", 100))
    phone.at(1.1).hears(*names)
    assert phone.call.deadline() == 21.0
    cancelled = phone.tick(21.0)
    assert cancelled == [
        Note("model_silent", "it owes an answer that has begun"),
        CancelResponse("r1"),
    ]
    assert CreateResponse() in phone.ends("r1", "a", cancelled=True)


def test_a_greeting_that_was_interrupted_is_not_given_again_by_a_model_that_got_stuck() -> None:
    phone = greeted()
    phone.begins("r1", "a")
    phone.says("r1", "a", 100)
    phone.at(0.05).interrupts()
    phone.model(*TURN)  # and the end of r1 never comes
    assert CancelResponse("r1") in phone.tick(20.05)
    assert CreateResponse() in phone.ends("r1", "a", cancelled=True)


def test_a_model_that_does_not_even_cancel_is_given_up() -> None:
    phone = patient()
    phone.begins("r1", "a")
    phone.tick(20.0)
    assert phone.tick(24.9) == []
    assert kinds(phone.tick(25.0)) == ["Note", "EndCall"]
    assert phone.call.outcome is Outcome.MODEL_LOST


def test_whatever_the_model_says_shows_that_it_lives() -> None:
    phone = patient()
    phone.begins("r1")
    for second in range(15, 150, 15):
        phone.at(second).model(realtime.Unused("response.function_call_arguments.delta"))
        assert phone.tick(second + 14.0) == []


@pytest.mark.parametrize("code", [None, "rate_limit_exceeded", "invalid_value"])
def test_an_answer_refused_with_an_error_is_asked_for_again(code: str | None) -> None:
    phone = greeted()
    kind = "server_error" if code is None else None
    assert kinds(phone.model(realtime.Error("no", type=kind, code=code))) == ["Note", "Append"]
    assert phone.tick(0.9) == []
    assert phone.tick(1.0) == [GREET]
    phone.model(realtime.Error("no", type=kind, code=code))
    assert phone.tick(4.0) == [GREET]
    last = phone.model(realtime.Error("no", type=kind, code=code))
    assert last[1:] == [EndCall(Outcome.MODEL_FAILED)]


def test_an_error_about_something_else_asks_for_nothing_twice() -> None:
    phone = greeted()
    phone.model(realtime.Error("no such item", code="item_truncate_invalid_item_id"))
    phone.model(realtime.Error("shorter than that", type="invalid_request_error"))
    assert phone.tick(4.9) == []
    phone.model(realtime.Error("what?", code="invalid_value"))  # this one may be about it
    phone.begins("r1", "a")  # but it was not
    phone.says("r1", "a", 100)
    phone.ends("r1", "a")
    phone.hears("0.0")
    assert phone.tick(1000.0) == []


def test_an_error_that_names_another_message_asks_for_nothing_twice() -> None:
    phone = greeted()
    for kind in ("server_error", "invalid_request_error"):
        other = realtime.Error("no", type=kind, code="invalid_value", event_id="truncate-a")
        phone.model(other)
    assert phone.tick(4.9) == []
    phone.model(realtime.Error("no", type="invalid_request_error", event_id="offhook-1"))
    assert phone.tick(4.9) == []
    assert phone.tick(5.9) == [GREET]


def test_without_credit_a_refused_answer_ends_the_call() -> None:
    phone = greeted()
    told = phone.model(realtime.Error("no", code="insufficient_quota"))
    assert told[-1] == EndCall(Outcome.MODEL_FAILED)


def test_after_a_filtered_answer_without_a_sound_something_else_is_said() -> None:
    phone = patient()
    phone.begins("r1")
    phone.model(realtime.ResponseDone("r1", "incomplete", reason="content_filter"))
    (asked,) = phone.tick(1.0)
    assert isinstance(asked, CreateResponse) and "cannot help" in str(asked.instructions)


def test_what_was_heard_of_a_filtered_answer_is_enough() -> None:
    phone = patient()
    phone.begins("r1", "a")
    names = marks(phone.says("r1", "a", 100))
    phone.model(realtime.ResponseDone("r1", "incomplete", reason="content_filter"))
    phone.hears(*names)
    assert phone.tick(10.0) == []


def waiting() -> Phone:
    phone = Phone(DECIDING)
    phone.carrier(START)
    phone.model(realtime.SessionCreated("sess_1", None))
    return phone


def test_a_configuration_that_the_service_fumbled_is_sent_once_more() -> None:
    phone = waiting()
    assert phone.model(SERVER_ERROR)[1:] == [SessionUpdate(DECIDING)]
    assert phone.model(SERVER_ERROR)[1:] == [EndCall(Outcome.MODEL_FAILED)]


def test_where_the_type_of_the_session_is_refused_it_is_left_out() -> None:
    refused = realtime.Error("?", code="unknown_parameter", param="session.type")
    phone = waiting()
    assert phone.model(refused)[1:] == [SessionUpdate(DECIDING, typed=False)]
    other = realtime.Error("?", code="unknown_parameter", param="session.audio")
    assert waiting().model(other)[1:] == [EndCall(Outcome.MODEL_FAILED)]


def test_a_refused_goodbye_is_asked_for_again() -> None:
    phone = ready(Phone(ULAW))
    phone.call.hang_up(0.0, goodbye=True)
    phone.model(SERVER_ERROR)
    assert kinds(phone.tick(1.0)) == ["CreateResponse"]
