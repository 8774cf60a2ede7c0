"""How long a caller waited for an answer."""

from dataclasses import replace

from bridge.demo.latencies import answers_ms
from tests.demo.calls import OPENED_AT, RECORDS, STREAM


def test_an_answer_counts_from_the_last_word_to_the_first_one_heard() -> None:
    assert answers_ms(STREAM, RECORDS) == [1500.0, None]


def test_speech_that_began_in_the_next_turn_is_no_answer_to_this_one() -> None:
    early = replace(RECORDS[1], began=OPENED_AT + 5.0)
    assert answers_ms(STREAM, (RECORDS[0], early)) == [None, None]


def test_a_turn_that_was_never_finished_has_no_answer() -> None:
    assert answers_ms(STREAM, (replace(RECORDS[0], ended=None),)) == [None]
