"""Word errors, beside jiwer's count of them."""

import random

import jiwer
import pytest

from bridge.sim.recordings import TWO_CITIES
from bridge.sim.word_errors import word_error_rate, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It was the season of Light,", ["it", "was", "the", "season", "of", "light"]),
        ("\u201cGood-bye\u201d\u2014said he\u2026", ["good", "bye", "said", "he"]),
        ("We\u2019re ALL 'going'", ["we're", "all", "going"]),
        ("4711, 1", ["four", "seven", "one", "one", "one"]),
        ("\u2014 ,", []),
    ],
)
def test_case_punctuation_hyphens_and_digits_make_no_difference(
    text: str, expected: list[str]
) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("reference", "heard", "rate"),
    [
        ("a b c d", "a b c d", 0.0),
        ("a b c d", "a x c d", 0.25),
        ("a b c d", "a c d", 0.25),
        ("a b c d", "a b b c d", 0.25),
        ("a b c d", "", 1.0),
        ("a", "b c d", 3.0),
    ],
)
def test_every_kind_of_error_counts_one(reference: str, heard: str, rate: float) -> None:
    assert word_error_rate(reference, heard) == rate


def test_the_count_is_jiwers() -> None:
    chance = random.Random(7)
    book = words(" ".join(TWO_CITIES))
    for _ in range(200):
        reference = chance.sample(book, chance.randint(1, 25))
        heard = [word for word in reference if chance.random() > 0.2]
        for _ in range(chance.randint(0, 5)):
            heard.insert(chance.randint(0, len(heard)), chance.choice(book))
        wanted = jiwer.wer(" ".join(reference), " ".join(heard)) if heard else 1.0
        assert word_error_rate(" ".join(reference), " ".join(heard)) == pytest.approx(wanted)


def test_a_reference_without_words_has_no_rate() -> None:
    with pytest.raises(ValueError, match="without words"):
        word_error_rate("\u2014", "a")
