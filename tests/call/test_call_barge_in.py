"""Interruptions: silence at once, and the truth about what was heard."""

from bridge.call.interruption import Interruption
from bridge.call.turns import State
from bridge.wire import realtime, twilio
from bridge.wire.dialect import CancelResponse, DeleteItem, Truncate
from bridge.wire.twilio import Clear, Media
from tests.call.phone import DECIDING, Phone, kinds, marks, played, sound


def speaking(phone: Phone, ms: int = 3000) -> list[str]:
    """The assistant has begun to speak, at 0 s; returns the names of the marks."""
    phone.ready()
    phone.begins("r1", "a")
    return marks(phone.says("r1", "a", ms))


def test_an_answer_is_spoken_as_it_comes() -> None:
    phone = Phone()
    phone.ready()
    phone.begins("r1", "a")
    assert phone.state() is State.THINKING
    assert played(phone.says("r1", "a", 200)) == sound(200)
    assert phone.state() is State.SPEAKING


def test_barge_in_clears_first_and_then_truncates() -> None:
    phone = Phone()
    speaking(phone)
    phone.at(1.0).hears("0.0")
    assert phone.at(1.2).interrupts() == [Clear(), Truncate("a", 0, 1200)]
    assert phone.state() is State.LISTENING
    (barge_in,) = phone.call.barge_ins
    assert (barge_in.at, barge_in.items[0].heard_ms) == (1.2, 1200)


def test_what_is_held_up_on_its_way_is_cleared_although_its_time_is_over() -> None:
    phone = Phone(carrier_silence_timeout_s=100.0)
    names = speaking(phone, 200)
    phone.ends("r1", "a")
    phone.at(0.25).hears(*names)
    phone.at(1.0).begins("r2", "b")
    phone.says("r2", "b", 800)
    phone.ends("r2", "b")
    phone.at(1.7).carrier(twilio.Media(sound(20), 1700))
    assert phone.interrupts() == [Clear(), Truncate("b", 0, 100)]
    phone.at(3.0).model(realtime.SpeechStopped("u1"), realtime.Committed("u1"))
    phone.begins("r3", "c")
    phone.says("r3", "c", 500)
    phone.ends("r3", "c")
    phone.tick(10.0)
    assert phone.state() is State.LISTENING
    assert phone.interrupts() == [Clear()]


def test_order_on_barge_in_is_clear_cancel_truncate_delete() -> None:
    phone = Phone(DECIDING)
    speaking(phone)
    phone.model(realtime.OutputItemDone("r1", realtime.Item("a")))
    phone.model(realtime.OutputItemAdded("r1", realtime.Item("b")))
    phone.says("r1", "b", 500)
    phone.model(realtime.OutputItemDone("r1", realtime.Item("b")))
    assert phone.at(1.0).interrupts() == [
        Clear(),
        CancelResponse("r1"),
        Truncate("a", 0, 1000),
        DeleteItem("b"),
    ]


def test_a_service_that_interrupts_by_itself_is_sent_no_cancel() -> None:
    phone = Phone()
    speaking(phone)
    assert "CancelResponse" not in kinds(phone.at(1.0).interrupts())


def test_the_window_for_barge_in_lasts_until_the_last_mark() -> None:
    # The usual case on the phone: the response is long done, its audio is still playing.
    phone = Phone(DECIDING)
    speaking(phone)
    phone.ends("r1", "a")
    assert phone.state() is State.SPEAKING
    assert phone.at(2.0).interrupts() == [Clear(), Truncate("a", 0, 2000)]


def test_after_the_last_mark_speech_interrupts_nothing() -> None:
    phone = Phone(DECIDING)
    names = speaking(phone)
    phone.ends("r1", "a")
    phone.at(3.05).hears(*names)
    assert phone.state() is State.LISTENING
    assert phone.at(3.1).interrupts() == []
    assert phone.call.barge_ins == []


def test_a_response_that_is_still_silent_is_stopped_too() -> None:
    phone = Phone(DECIDING)
    phone.ready()
    phone.begins("r1", "a")
    assert phone.interrupts() == [CancelResponse("r1")]
    assert phone.state() is State.LISTENING
    assert phone.ends("r1", "a", cancelled=True) == [DeleteItem("a")]


def test_deltas_of_an_interrupted_response_stay_silent() -> None:
    phone = Phone()
    speaking(phone)
    phone.at(1.0).interrupts()
    assert phone.says("r1", "a", 500) == []
    assert phone.state() is State.LISTENING
    phone.model(realtime.Committed("u1"))
    assert phone.begins("r2", "b") == []
    assert played(phone.says("r2", "b", 100, byte=2)) == sound(100, 2)


def test_an_item_that_opens_after_the_interruption_is_deleted() -> None:
    phone = Phone()
    speaking(phone)
    phone.at(1.0).interrupts()
    phone.model(realtime.OutputItemAdded("r1", realtime.Item("late")))
    assert phone.ends("r1", "late", cancelled=True) == [DeleteItem("late")]


def test_marks_echoed_after_a_clear_do_not_count_as_heard() -> None:
    phone = Phone()
    names = speaking(phone)
    phone.at(0.5).interrupts()
    phone.ends("r1", "a", cancelled=True)
    phone.model(realtime.Committed("u1"))
    phone.begins("r2", "b")
    phone.says("r2", "b", 3000)
    phone.at(0.6).hears(*names)  # all flushed ones come back at once
    assert phone.at(1.5).interrupts() == [Clear(), Truncate("b", 0, 1000)]


def test_an_interruption_twice_cuts_once() -> None:
    phone = Phone()
    speaking(phone)
    phone.at(1.0).interrupts()
    assert phone.at(1.1).interrupts() == []
    assert len(phone.call.barge_ins) == 1


def test_nothing_heard_means_delete() -> None:
    phone = Phone()
    speaking(phone)
    assert phone.at(0.0).interrupts() == [Clear()]
    assert phone.ends("r1", "a", cancelled=True) == [DeleteItem("a")]


def test_an_item_in_two_parts_that_is_cut_in_the_first_is_kept_up_to_there() -> None:
    phone = Phone()
    phone.ready()
    phone.begins("r1", "a")
    phone.model(*(realtime.AudioDelta("r1", "a", sound(2000), part) for part in (0, 1)))
    assert phone.at(0.6).interrupts() == [Clear(), Truncate("a", 0, 600)]
    assert phone.ends("r1", "a", cancelled=True) == []


def test_what_was_heard_to_its_end_is_not_truncated() -> None:
    phone = Phone()
    speaking(phone)
    phone.ends("r1", "a")
    assert phone.at(2.95).interrupts() == [Clear()]


def test_interruption_off_means_off() -> None:
    phone = Phone(DECIDING, interruption=Interruption(enabled=False))
    speaking(phone)
    assert phone.at(1.0).interrupts() == []
    assert phone.call.counts.dismissed == 1
    assert played(phone.says("r1", "a", 500)) == sound(500)
    assert phone.state() is State.SPEAKING


def test_the_transcript_is_cut_where_the_caller_stopped_hearing() -> None:
    phone = Phone()
    speaking(phone, 2000)
    phone.model(realtime.TranscriptDelta("r1", "a", "one two three four"))
    phone.ends("r1", "a")
    phone.at(1.0).interrupts()
    (line,) = phone.call.transcript.lines()
    assert (line.heard, line.unheard) == ("one two", "three four")


def test_what_the_caller_sends_is_no_clock_of_what_the_caller_hears() -> None:
    phone = Phone()
    speaking(phone)
    phone.at(0.5).carrier(*(Media(sound(20), 5000 + n * 20) for n in range(100)))
    assert phone.interrupts() == [Clear(), Truncate("a", 0, 500)]


def test_the_next_item_s_clock_starts_where_it_begins() -> None:
    phone = Phone()
    speaking(phone, 1000)
    phone.says("r1", "b", 2000)
    assert phone.at(1.5).interrupts() == [Clear(), Truncate("b", 0, 500)]


def test_calls_share_nothing() -> None:
    one, other = Phone(), Phone()
    speaking(one)
    other.ready()
    assert other.at(1.0).interrupts() == []
    assert other.call.transcript.lines() == ()
    assert played(one.says("r1", "a", 100)) == sound(100)


def test_an_answer_that_begins_while_the_caller_speaks_is_stopped() -> None:
    # Asked for a moment before the caller began: the service does not interrupt it by itself.
    phone = Phone()
    phone.ready()
    phone.call.say("Hello?", 0.0)
    phone.interrupts()
    assert phone.begins("r1", "a") == []
    assert phone.says("r1", "a", 500) == []
    # A short one ends by itself; a long one is cancelled, once.
    assert phone.at(0.5).says("r1", "a", 500) == [CancelResponse("r1")]
    assert phone.says("r1", "a", 500) == []
    assert phone.ends("r1", "a", cancelled=True) == [DeleteItem("a")]
    assert phone.state() is State.LISTENING


def test_with_interruption_off_such_an_answer_is_heard() -> None:
    phone = Phone(interruption=Interruption(enabled=False))
    phone.ready()
    phone.call.say("Hello?", 0.0)
    phone.interrupts()
    assert phone.begins("r1", "a") == []
    assert played(phone.says("r1", "a", 500)) == sound(500)
