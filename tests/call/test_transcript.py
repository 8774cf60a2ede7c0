"""Heard and unheard words, in the order of the conversation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.call.transcript import Line, Transcript, split


def test_order_is_that_of_the_items_not_of_the_words() -> None:
    transcript = Transcript()
    transcript.item("u1", "caller")
    transcript.item("a1", "assistant", "u1")
    transcript.words("a1", "Good ")
    transcript.words("a1", "morning.")
    transcript.caller_said("u1", "Hello?")  # transcriptions of the caller come late
    assert transcript.lines() == (
        Line("u1", "caller", "Hello?"),
        Line("a1", "assistant", "Good morning."),
    )


def test_an_item_goes_behind_the_one_it_follows() -> None:
    transcript = Transcript()
    transcript.item("u1", "caller")
    transcript.item("a2", "assistant", "u2")  # nobody has announced u2 yet
    transcript.item("u2", "caller", "u1")
    assert [line.item_id for line in transcript.lines()] == ["u1", "u2", "a2"]


def test_an_item_announced_twice_is_there_once() -> None:
    transcript = Transcript()
    transcript.item("u1", "caller")
    transcript.item("a1", "assistant")
    transcript.item("u1", "caller", "a1")
    assert [line.item_id for line in transcript.lines()] == ["u1", "a1"]


def test_words_and_transcriptions_may_come_before_their_item() -> None:
    transcript = Transcript()
    transcript.words("a1", "Hello.")
    transcript.caller_said("u1", "Hi.")
    assert [line.role for line in transcript.lines()] == ["assistant", "caller"]


def test_a_failed_transcription_is_a_line_without_words() -> None:
    transcript = Transcript()
    transcript.caller_said("u1", None)
    assert transcript.lines() == (Line("u1", "caller", "", failed=True),)


def test_an_interruption_parts_heard_from_unheard_words() -> None:
    transcript = Transcript()
    transcript.words("a1", " Your order left yesterday and arrives on Monday.")
    transcript.cut("a1", 1500.0, 3000.0)
    assert transcript.lines() == (
        Line("a1", "assistant", "Your order left", "yesterday and arrives on Monday."),
    )


def test_words_that_come_after_the_cut_are_unheard() -> None:
    transcript = Transcript()
    transcript.words("a1", "One two ")
    transcript.cut("a1", 1000.0, 1000.0)
    transcript.words("a1", "three four")
    transcript.unheard("a1", 1000.0)
    assert transcript.lines()[0].heard == "One two"
    assert transcript.lines()[0].unheard == "three four"


def test_of_an_item_without_sound_nothing_was_heard() -> None:
    transcript = Transcript()
    transcript.words("a1", "Hello there")
    transcript.cut("a1", 0.0, 0.0)
    assert transcript.lines() == (Line("a1", "assistant", "", "Hello there"),)


def test_an_item_in_parts_is_cut_as_a_whole() -> None:
    transcript = Transcript()
    transcript.words("a1", "One two three four")
    transcript.cut("a1", 900.0, 1000.0)
    transcript.cut("a1", 0.0, 800.0)
    assert transcript.lines() == (Line("a1", "assistant", "One two", "three four"),)


def test_cuts_of_items_without_words_leave_no_line() -> None:
    transcript = Transcript()
    transcript.cut("a1", 1.0, 2.0)
    transcript.unheard("a1", 5.0)
    assert transcript.lines() == ()


@pytest.mark.parametrize(
    ("share", "heard"),
    [(0.0, ""), (0.15, ""), (0.3, "Good"), (0.5, "Good"), (0.99, "Good morning,"), (1.0, "all")],
)
def test_a_word_begun_is_not_heard(share: float, heard: str) -> None:
    text = "Good morning, caller"
    assert split(text, share)[0] == (text if heard == "all" else heard)


@given(
    st.lists(st.text("abcé,", min_size=1), max_size=8).map(" ".join),
    st.floats(0, 2),
    st.floats(0, 2),
)
def test_no_word_is_lost_and_more_heard_means_more_words(text: str, a: float, b: float) -> None:
    heard, unheard = split(text, a)
    assert [*heard.split(), *unheard.split()] == text.split()
    less, more = sorted((a, b))
    assert split(text, more)[0].startswith(split(text, less)[0])
