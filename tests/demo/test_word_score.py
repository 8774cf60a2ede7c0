"""Word errors, dealt out to the utterances they belong to."""

from bridge.demo.word_score import overall, scores
from bridge.sim.word_errors import word_error_rate

SAID = ["it was the best of times", "we had nothing before us", "in short"]


def errors(heard: str) -> list[int]:
    return [score.errors for score in scores(SAID, heard)]


def test_all_heard_right_has_no_errors_however_the_turns_were_cut() -> None:
    assert errors("It was the best of times, we had nothing. Before us in short.") == [0, 0, 0]


def test_each_error_counts_where_it_happened() -> None:
    assert errors("it was a best of times we had nothing before us in short") == [1, 0, 0]
    assert errors("it was the best of times had nothing before us in short") == [0, 1, 0]
    assert errors("it was the best of times we had nothing before us in short it is") == [0, 0, 2]


def test_nothing_heard_is_every_word_wrong() -> None:
    assert errors("") == [6, 5, 2]
    assert overall(scores(SAID, "")) == 1.0


def test_the_sum_is_the_word_error_rate_of_the_whole() -> None:
    heard = "it was the west of times he had nothing for us in shorts"
    assert overall(scores(SAID, heard)) == word_error_rate(" ".join(SAID), heard)


def test_what_fell_to_an_utterance_is_told_beside_it() -> None:
    told = scores(SAID, "it was best of times we had nothing before us")
    assert [score.heard for score in told] == [
        "it was best of times",
        "we had nothing before us",
        "",
    ]
