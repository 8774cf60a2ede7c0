"""What somebody outside may do to a running call: say, whisper, hang up."""

from bridge.call.actions import EndCall, Note, Outcome
from bridge.call.call import ANNOUNCE, GOODBYE
from bridge.call.turns import State
from bridge.wire import realtime
from bridge.wire.dialect import CreateResponse, SystemText
from tests.call.phone import Phone, marks

SAID, WHISPERED, HUNG_UP = map(Note, ("operator_said", "operator_whispered", "operator_hung_up"))
WORDS = CreateResponse(ANNOUNCE + "We close in five minutes.")
TEXT = "We close in five minutes."


def ready() -> Phone:
    phone = Phone()
    phone.ready()
    return phone


def speaking() -> Phone:
    phone = ready()
    phone.begins("r1", "i1")
    phone.says("r1", "i1", 200)
    return phone


def test_words_are_said_at_once_where_nothing_is_being_said() -> None:
    assert ready().call.announce(TEXT, 0.0) == [SAID, WORDS]


def test_words_wait_for_the_answer_that_runs() -> None:
    phone = speaking()
    assert phone.call.announce(TEXT, 1.0) == [SAID]
    assert WORDS in phone.ends("r1", "i1")


def test_words_wait_for_the_caller_and_for_the_answer_to_the_caller() -> None:
    phone = ready()
    phone.interrupts()
    assert phone.call.announce(TEXT, 1.0) == [SAID]
    assert WORDS in phone.model(realtime.SpeechStopped("u1"), realtime.Committed("u1"))


def test_words_that_were_cut_short_by_the_caller_are_not_said_again() -> None:
    phone = ready()
    phone.call.announce(TEXT, 0.0)
    phone.begins("r1", "i1")
    phone.says("r1", "i1", 200)
    phone.interrupts()
    phone.ends("r1", "i1", cancelled=True)
    assert WORDS not in phone.model(realtime.SpeechStopped("u1"), realtime.Committed("u1"))


def test_a_whisper_joins_the_conversation_and_asks_for_no_answer() -> None:
    phone = speaking()
    assert phone.call.whisper("Offer to call back.", 1.0) == [
        WHISPERED,
        SystemText("Offer to call back."),
    ]
    assert phone.ends("r1", "i1") == []  # and nothing more is asked for


def test_a_whisper_before_the_session_is_agreed_upon_is_refused() -> None:
    assert Phone().call.whisper("Offer to call back.", 0.0) == []


def test_a_goodbye_is_said_behind_what_is_being_said_and_heard_out() -> None:
    phone = speaking()
    assert phone.call.hang_up(1.0, goodbye=True) == [HUNG_UP]
    assert phone.state() is State.CLOSING
    names = marks(phone.says("r1", "i1", 0))
    asked = phone.ends("r1", "i1")
    assert CreateResponse(GOODBYE) in asked
    phone.begins("r2", "i2")
    names = marks(asked) + marks(phone.says("r2", "i2", 20)) + marks(phone.ends("r2", "i2"))
    assert EndCall(Outcome.COMPLETED) in phone.at(2.0).hears(*names)


def test_a_goodbye_that_never_comes_ends_the_call_all_the_same() -> None:
    phone = ready()
    phone.call.hang_up(1.0, goodbye=True)
    assert phone.tick(1.0 + phone.call.config.goodbye_timeout_s) == [EndCall(Outcome.COMPLETED)]


def test_before_there_is_a_session_nobody_can_say_goodbye() -> None:
    assert EndCall(Outcome.COMPLETED) in Phone().call.hang_up(0.0, goodbye=True)


def test_at_once_is_at_once_even_where_the_call_is_ending() -> None:
    assert speaking().call.hang_up(1.0, goodbye=False) == [HUNG_UP, EndCall(Outcome.COMPLETED)]
    phone = speaking()
    phone.call.hang_up(1.0, goodbye=True)
    assert phone.call.hang_up(1.1, goodbye=False) == [HUNG_UP, EndCall(Outcome.COMPLETED)]


def test_a_call_that_is_ending_takes_no_words() -> None:
    phone = speaking()
    phone.call.hang_up(1.0, goodbye=True)
    for refused in (
        phone.call.announce(TEXT, 1.1),
        phone.call.whisper(TEXT, 1.1),
        phone.call.hang_up(1.1, goodbye=True),
    ):
        assert refused == []
    phone.call.hang_up(1.2, goodbye=False)
    assert phone.call.hang_up(1.3, goodbye=False) == []
