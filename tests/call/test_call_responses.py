"""Who asks for an answer, when it fails, and what errors do."""

import pytest

from bridge.call.actions import EndCall, Note, Outcome
from bridge.call.turns import State
from bridge.wire import realtime, twilio
from bridge.wire.dialect import CreateResponse, UserText
from bridge.wire.session import SessionConfig
from tests.call.phone import DECIDING, ULAW, Phone, kinds, marks

CREATE = CreateResponse()
COMMITTED = realtime.Committed("u1")
STOPPED = realtime.SpeechStopped("u1")


def ready(phone: Phone) -> Phone:
    phone.ready()
    return phone


def failed(response: str, code: str = "inference_rate_limit_exceeded") -> realtime.ResponseDone:
    return realtime.ResponseDone(response, "failed", error_code=code)


def test_a_service_that_answers_by_itself_is_not_asked_to() -> None:
    phone = ready(Phone())
    assert phone.interrupts() + phone.model(STOPPED, COMMITTED) == []


@pytest.mark.parametrize(
    "session",
    [DECIDING, SessionConfig(instructions="", audio_format="g711_ulaw", turn_detection=None)],
)
def test_a_service_that_does_not_is_asked_for_each_turn(session: SessionConfig) -> None:
    assert ready(Phone(session)).model(COMMITTED) == [CREATE]


def test_typed_words_are_answered_like_speech() -> None:
    assert ready(Phone()).call.say("Hello?", 0.0) == [UserText("Hello?"), CREATE]


def test_nothing_is_asked_while_the_caller_speaks() -> None:
    phone = ready(Phone(DECIDING))
    phone.interrupts()
    assert phone.call.say("Hello?", 0.0) == [UserText("Hello?")]
    assert phone.model(STOPPED, COMMITTED) == [CREATE]  # one answer to both


def test_what_waited_for_the_caller_to_stop_is_asked_then() -> None:
    phone = ready(Phone())
    phone.interrupts()
    phone.call.say("Hello?", 0.0)
    assert phone.tick(1.0) == []
    phone.model(STOPPED)
    assert phone.tick(2.0) == [CREATE]


def test_two_answers_are_never_asked_for_at_once() -> None:
    phone = ready(Phone(DECIDING))
    phone.model(COMMITTED)
    assert phone.model(realtime.Committed("u2")) == []
    phone.begins("r1", "a")
    assert phone.ends("r1", "a") == [CREATE]


def test_an_answer_refused_for_another_is_asked_for_again() -> None:
    phone = ready(Phone())
    phone.call.say("Hello?", 0.0)
    phone.begins("r1")
    error = realtime.Error(
        "Conversation already has an active response",
        code="conversation_already_has_active_response",
    )
    assert kinds(phone.model(error)) == ["Note"]
    assert phone.ends("r1") == [CREATE]


def test_an_api_error_never_ends_a_call() -> None:
    phone = ready(Phone())
    for code in ("response_cancel_not_active", None, "invalid_value", "session_expired"):
        error = realtime.Error(
            "Audio content of 13600ms is already shorter than 55960ms", code=code
        )
        assert kinds(phone.model(error)) == ["Note"]
    assert phone.state() is State.LISTENING
    assert phone.call.counts.errors["unnamed"] == 1
    assert phone.model(realtime.Error("?", type="server_error")) == [
        Note("model_error", "server_error: ?")
    ]


def test_a_failed_response_is_retried_twice_and_then_the_call_ends() -> None:
    phone = ready(Phone())
    note = Note("response_failed", "inference_rate_limit_exceeded")
    phone.begins("r1")
    assert phone.model(failed("r1")) == [note]
    assert phone.call.deadline() == 1.0
    assert phone.tick(0.9) == []
    assert phone.tick(1.0) == [CREATE]
    phone.begins("r2")
    assert phone.model(failed("r2")) == [note]
    assert phone.tick(4.0) == [CREATE]
    phone.begins("r3")
    assert phone.model(failed("r3")) == [note, EndCall(Outcome.MODEL_FAILED)]


@pytest.mark.parametrize("session", [ULAW, DECIDING])
def test_the_caller_s_next_turn_is_answered_once_although_the_last_answer_failed(
    session: SessionConfig,
) -> None:
    phone = ready(Phone(session))
    phone.begins("r1")
    phone.model(failed("r1"))
    phone.at(0.5).model(COMMITTED)
    phone.begins("r2")
    assert phone.tick(2.0) == []
    assert phone.ends("r2") == []


def test_answers_between_make_failures_forgotten() -> None:
    phone = ready(Phone())
    for number in range(5):
        phone.begins(f"bad{number}")
        assert kinds(phone.model(failed(f"bad{number}"))) == ["Note"]
        assert phone.tick(phone.now + 5.0) == [CREATE]
        phone.begins(f"good{number}")
        phone.ends(f"good{number}")


@pytest.mark.parametrize("code", ["insufficient_quota", "account_deactivated"])
def test_an_account_without_credit_is_not_asked_again(code: str) -> None:
    phone = ready(Phone())
    phone.begins("r1")
    assert phone.model(failed("r1", code)) == [
        Note("response_failed", code),
        EndCall(Outcome.MODEL_FAILED),
    ]


def test_after_the_end_nothing_is_asked_of_the_model() -> None:
    phone = ready(Phone())
    phone.begins("r1")
    phone.call.say("Hello?", 0.0)  # waits for the slot
    assert kinds(phone.model(failed("r1", "insufficient_quota"))) == ["Note", "EndCall"]
    assert phone.call.say("Hello?", 0.0) == []
    assert phone.tick(1e9) == []


def test_a_failure_without_a_code_is_one_too() -> None:
    phone = ready(Phone())
    phone.begins("r1")
    assert phone.model(realtime.ResponseDone("r1", "failed")) == [Note("response_failed")]


def test_an_answer_that_broke_off_is_noted() -> None:
    phone = ready(Phone())
    phone.begins("r1")
    done = realtime.ResponseDone("r1", "incomplete", reason="content_filter")
    assert phone.model(done) == [Note("response_incomplete", "content_filter")]
    assert phone.model(realtime.ResponseDone("r2", "incomplete")) == [Note("response_incomplete")]


def test_a_response_without_a_sound_leaves_the_call_listening() -> None:
    phone = ready(Phone())
    phone.begins("r1")
    assert phone.state() is State.THINKING
    assert phone.model(realtime.ResponseDone("r1", "cancelled", reason="turn_detected")) == []
    assert phone.state() is State.LISTENING


def test_a_response_that_goes_on_after_its_sound_was_heard_is_thinking() -> None:
    phone = ready(Phone())
    phone.begins("r1", "a")
    names = marks(phone.says("r1", "a", 100))
    phone.model(realtime.OutputItemDone("r1", realtime.Item("a")))
    phone.at(0.2).hears(*names)
    assert phone.state() is State.THINKING


def test_every_turn_is_timed() -> None:
    phone = ready(Phone())
    phone.at(1.0).model(STOPPED)
    phone.at(1.01).model(COMMITTED)
    phone.at(1.05).begins("r1", "a")
    names = marks(phone.at(1.3).says("r1", "a", 200))
    phone.at(1.45).hears(names[0])
    phone.at(1.55).hears(names[1])
    (turn,) = phone.call.latency.turns
    assert turn.stages_ms() == {
        "commit": 10.0,
        "function": None,
        "response": 40.0,
        "first_audio": 250.0,
        "heard": 50.0,  # the mark stands behind the first 100 ms
        "total": 350.0,
    }


def test_the_transcript_follows_the_conversation() -> None:
    phone = ready(Phone())
    system = realtime.Item("s1", role="system")
    phone.model(
        realtime.ItemAdded(system),
        realtime.Committed("u1", "s1"),
        realtime.ItemAdded(realtime.Item("u1", role="user"), "s1"),
        realtime.ItemAdded(realtime.Item("a1", role="assistant"), "u1"),
        realtime.TranscriptDelta("r1", "a1", "Good morning."),
        realtime.InputTranscript("u1", " Hello? \n"),
    )
    assert [(line.role, line.heard) for line in phone.call.transcript.lines()] == [
        ("caller", "Hello?"),
        ("assistant", "Good morning."),
    ]


def test_a_turn_has_its_place_before_its_words_are_known() -> None:
    phone = ready(Phone())
    phone.model(COMMITTED, realtime.TranscriptDelta("r1", "a1", "Good morning."))
    phone.model(realtime.InputTranscript("u1", "Hello?"))
    assert [line.item_id for line in phone.call.transcript.lines()] == ["u1", "a1"]


def test_a_transcription_that_failed_is_noted() -> None:
    phone = ready(Phone())
    error = realtime.Error("Input transcription failed")
    assert phone.model(realtime.InputTranscriptFailed("u1", error)) == [
        Note("transcription_failed", "Input transcription failed")
    ]
    assert phone.call.transcript.lines()[0].failed


def test_what_nobody_knows_is_counted_and_passed_over() -> None:
    phone = ready(Phone())
    assert phone.model(realtime.Unknown("response.hologram"), realtime.Unused("x")) == []
    assert phone.carrier(twilio.Unknown("weather"), twilio.Dtmf("5")) == []
    assert phone.model(realtime.ItemTruncated("a", 5), realtime.ItemDeleted("a")) == []
    assert phone.call.counts.unknown == {"model response.hologram": 1, "carrier weather": 1}


def test_a_message_that_could_not_be_read_is_counted_and_the_call_goes_on() -> None:
    phone = ready(Phone())
    assert phone.call.malformed("model", "no `id`") == [Note("model_malformed", "no `id`")]
    assert phone.call.counts.malformed == {"model": 1}
    assert phone.state() is State.LISTENING


def test_a_response_may_be_done_before_anybody_heard_of_it() -> None:
    phone = ready(Phone(DECIDING))
    assert phone.ends("r1") == []
    assert phone.says("r2", "a", 100)  # an announcement was lost; the words are not
    assert phone.state() is State.SPEAKING
    assert phone.model(COMMITTED) == [CREATE]


def test_a_retry_that_falls_due_while_the_caller_speaks_waits_and_wakes_nobody() -> None:
    phone = Phone()
    phone.ready()
    phone.begins("r1")
    phone.at(1.0).model(realtime.ResponseDone("r1", "failed", error_code="server_error"))
    phone.at(1.5).interrupts()
    due = phone.call.deadline()
    assert due is not None and due <= 2.0
    assert phone.tick(2.0) == []
    due = phone.call.deadline()
    assert due is not None and due > 2.0
