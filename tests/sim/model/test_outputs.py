"""What a caller is told of a function's output."""

import pytest

from bridge.sim.model.outputs import LONGEST_CHARACTERS, told


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("the parcel is here", "the parcel is here."),
        ('"It is sunny!"', "It is sunny!"),
        ("42", "I have it. It is 42."),
        ("true", "Done."),
        ("false", "I am sorry. That did not work."),
        ("null", "Done."),
        ("", "Done."),
        ("{}", "Done."),
        ("[]", "I found nothing."),
        ('["tea", "milk"]', "I found 2. tea, milk."),
        ('[{"answer": "Emma"}]', "Emma."),
        ('{"message": "All set.", "id": 3}', "All set."),
        (
            '{"openUntil": "six", "price": 4.5}',
            "I have it. The open until is six and the price is 4.5.",
        ),
        ('{"error": "no such order"}', "I am sorry. no such order."),
        ('{"error": {"message": "time-out", "code": 1}}', "I am sorry. time-out."),
    ],
)
def test_an_output_is_a_short_sentence(output: str, sentence: str) -> None:
    assert told(output) == sentence


def test_a_long_output_is_cut_behind_a_sentence() -> None:
    text = "A sentence of words. " * 30
    assert told(text) == ("A sentence of words. " * (LONGEST_CHARACTERS // 21)).strip()
    assert len(told("word " * 100)) <= LONGEST_CHARACTERS
