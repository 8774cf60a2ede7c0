"""How calls end, and that they do."""

from typing import Any

from bridge.call.actions import EndCall, Note, Outcome
from bridge.call.call import END_CALL, GOODBYE
from bridge.call.turns import State
from bridge.wire import realtime, twilio
from bridge.wire.dialect import CreateResponse
from tests.call.phone import Phone, kinds, marks, sound

COMPLETED = [EndCall(Outcome.COMPLETED)]
STOP = twilio.Stop()


def speaking(ms: int = 1000, **config: Any) -> tuple[Phone, list[str]]:
    """The response is done, its audio is playing since 0 s."""
    phone = Phone(**config)
    phone.ready()
    phone.begins("r1", "a")
    names = marks(phone.says("r1", "a", ms) + phone.ends("r1", "a"))
    return phone, names


def says_goodbye(phone: Phone, response: str) -> None:
    item = realtime.Item(
        "f1", type="function_call", status="completed", name=END_CALL, call_id="c1"
    )
    phone.model(realtime.OutputItemDone(response, item))


def test_the_caller_hangs_up() -> None:
    phone, _ = speaking()
    assert phone.at(0.5).carrier(STOP) == [EndCall(Outcome.CALLER_HUNG_UP)]
    assert (phone.state(), phone.call.outcome) == (State.ENDED, Outcome.CALLER_HUNG_UP)


def test_a_lost_stop_is_made_up_for_by_the_socket() -> None:
    phone, _ = speaking()
    assert phone.call.carrier_lost(0.5) == [EndCall(Outcome.CARRIER_LOST)]


def test_stop_and_the_socket_s_end_come_in_any_order_and_end_it_once() -> None:
    phone, _ = speaking()
    phone.carrier(STOP)
    assert phone.call.carrier_lost(0.5) == []
    assert phone.carrier(STOP) == []
    assert phone.call.outcome is Outcome.CALLER_HUNG_UP


def test_after_the_end_nothing_is_said_any_more() -> None:
    phone, names = speaking()
    phone.carrier(STOP)
    assert phone.begins("r2", "b") + phone.says("r2", "b", 100) == []
    assert phone.carrier(twilio.Media(sound(20))) + phone.hears(*names) == []
    assert phone.call.close(Outcome.DRAINED, 1.0) == []
    assert phone.call.model_lost("gone", 1.0) == []
    assert phone.call.tick(1e6) == []
    assert phone.call.deadline() is None


def test_the_words_not_heard_before_the_hang_up_are_unheard() -> None:
    phone, _ = speaking(2000)
    phone.model(realtime.TranscriptDelta("r1", "a", "one two three four"))
    phone.at(1.0).carrier(STOP)
    assert phone.call.transcript.lines()[0].unheard == "three four"


def test_a_silent_carrier_ends_the_call() -> None:
    phone = Phone(carrier_silence_timeout_s=30.0)
    phone.at(2.0).ready()
    phone.at(5.0).carrier(twilio.Media(sound(20)))
    assert phone.call.deadline() == 35.0
    assert phone.tick(34.9) == []
    assert phone.tick(35.0) == [
        Note("carrier_silent", "no message for 30 s"),
        EndCall(Outcome.CARRIER_LOST),
    ]


def test_a_call_is_closed_at_its_time_limit_but_the_sentence_is_heard_out() -> None:
    phone, names = speaking(2000, max_call_s=1.0)
    assert phone.call.deadline() == 1.0
    assert phone.tick(1.0) == []
    assert phone.state() is State.CLOSING
    assert phone.at(2.05).hears(*names) == [EndCall(Outcome.TIME_LIMIT)]


def test_goodbye_waits_for_the_last_mark() -> None:
    phone = Phone()
    phone.ready()
    phone.begins("r1", "a")
    names = marks(phone.says("r1", "a", 1000))
    says_goodbye(phone, "r1")
    assert phone.ends("r1", "a") == []
    assert phone.at(0.95).hears(*names[:-1]) == []
    assert phone.at(1.05).hears(names[-1]) == COMPLETED


def test_goodbye_tolerates_a_lost_mark() -> None:
    phone = Phone()
    phone.ready()
    phone.begins("r1", "a")
    phone.says("r1", "a", 1000)
    says_goodbye(phone, "r1")
    phone.ends("r1", "a")
    due = phone.call.deadline()
    assert due == 1.5
    assert phone.tick(1.4) == []
    assert phone.tick(1.5) == COMPLETED


def test_goodbye_does_not_wait_for_ever() -> None:
    phone = Phone(goodbye_timeout_s=5.0)
    phone.ready()
    phone.begins("r1", "a")
    phone.says("r1", "a", 60_000)
    says_goodbye(phone, "r1")
    phone.at(1.0).ends("r1", "a")
    assert phone.call.deadline() == 6.0
    assert phone.tick(6.0) == COMPLETED


def test_a_model_that_ends_the_call_without_a_word_says_goodbye_first() -> None:
    phone = Phone()
    phone.ready()
    phone.begins("r1")
    says_goodbye(phone, "r1")
    assert phone.ends("r1") == [CreateResponse(GOODBYE)]
    phone.begins("r2", "a")
    names = marks(phone.says("r2", "a", 500) + phone.ends("r2", "a"))
    assert phone.at(0.6).hears(*names) == COMPLETED


def test_while_the_last_words_are_heard_nobody_listens() -> None:
    phone, names = speaking()
    assert phone.call.close(Outcome.COMPLETED, 0.5) == []
    assert phone.carrier(twilio.Media(sound(20))) == []
    assert phone.interrupts() == []
    assert phone.at(1.05).hears(*names) == COMPLETED


def test_a_call_with_nothing_to_say_closes_at_once() -> None:
    phone = Phone()
    phone.ready()
    assert phone.call.close(Outcome.DRAINED, 1.0) == [EndCall(Outcome.DRAINED)]


def test_a_call_is_closed_while_the_caller_speaks() -> None:
    phone = Phone()
    phone.ready()
    phone.interrupts()
    phone.begins("r1")
    says_goodbye(phone, "r1")
    assert phone.ends("r1") == [CreateResponse(GOODBYE)]


def test_when_the_model_is_lost_the_caller_hears_out_what_is_there() -> None:
    phone = Phone()
    phone.ready()
    phone.begins("r1", "a")
    names = marks(phone.says("r1", "a", 1050))
    messages = phone.call.model_lost("close code 1006", 0.2)
    assert messages[0] == Note("model_lost", "close code 1006")
    names += marks(messages)  # the item's end, although nobody announced it
    assert kinds(messages) == ["Note", "Media", "Mark"]
    assert phone.at(1.1).hears(*names) == [EndCall(Outcome.MODEL_LOST)]


def test_without_anything_to_hear_a_lost_model_ends_the_call_at_once() -> None:
    phone = Phone()
    phone.ready()
    assert phone.call.model_lost("refused", 0.2)[-1] == EndCall(Outcome.MODEL_LOST)


def test_audio_that_waits_here_is_sent_when_there_is_room() -> None:
    phone, names = speaking(70_000)
    assert len(names) == 600
    due = phone.call.deadline()
    assert due is not None
    assert kinds(phone.tick(due)) == ["Media", "Mark"]


def test_a_goodbye_that_the_caller_interrupts_ends_nothing() -> None:
    phone = Phone()
    phone.ready()
    phone.begins("r1", "a")
    phone.says("r1", "a", 500)
    says_goodbye(phone, "r1")
    phone.interrupts()
    phone.ends("r1", "a", cancelled=True)
    assert phone.call.outcome is None
    assert phone.state() is not State.CLOSING
