"""Words that instructions dictate."""

import pytest

from bridge.sim.model.dictation import dictated_always, dictated_by_request, dictated_greeting


@pytest.mark.parametrize(
    ("requested", "words"),
    [
        ('Say exactly: "Hello."', "Hello."),
        ('Say exactly "Hello." and nothing else.', "Hello."),
        ("Say exactly the following: Hello: you.", "Hello: you."),
        ("Please say the following sentence, word for word: Hello.", "Hello."),
        ("repeat exactly the following sentence:\n\nHello.", "Hello."),
        ("Repeat verbatim: \u201cHello.\u201d", "Hello."),
        ("Say: Hello.", "Hello."),
        ("Speak 'it' exactly: 'It isn't.'", "It isn't."),
        ("Greet the caller with: Hello there.\n\nThen wait.", "Hello there."),
        ('Greet the caller with "Hello."', "Hello."),
        ("Answer briefly: the caller is in a hurry.", None),
        ("Say hello.", None),
        ("Say exactly:", None),
        ('Say exactly: ""', None),
        ('Say exactly: " "', None),
    ],
)
def test_a_request_is_obeyed_to_the_letter(requested: str, words: str | None) -> None:
    assert dictated_by_request(requested) == words


def test_within_a_longer_text_only_an_exact_repetition_is_meant() -> None:
    text = "You are a parrot. Repeat exactly the following sentence: Polly, hello.\n\nBe kind."
    assert dictated_always(text) == "Polly, hello."
    assert dictated_always("Say exactly: no. Greet the caller with: no.") is None


def test_instructions_may_hold_a_greeting() -> None:
    assert dictated_greeting("Be kind.\nGreet the caller with: Hello.\n\nBe brief.") == "Hello."
    assert dictated_greeting("Be kind: greet every caller.") is None
