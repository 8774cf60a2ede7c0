"""Text to speech."""

import numpy as np
import pytest

from bridge.sim.voice.speaker import PEAK, Speaker, split

TEXT = " Hello there, Dr. Smith.  How are you? \n\nFine "


@pytest.fixture(scope="module")
def speaker() -> Speaker:
    return Speaker()


def test_each_sentence_comes_by_itself_and_the_texts_are_whole(speaker: Speaker) -> None:
    pieces = list(speaker.speak(TEXT))
    assert [piece.text.strip() for piece in pieces] == [
        "Hello there, Dr. Smith.",
        "How are you?",
        "Fine",
    ]
    assert "".join(piece.text for piece in pieces) == TEXT
    assert [piece.last for piece in pieces] == [False, False, True]


def test_speech_is_audible_within_full_scale_and_about_as_long_as_words(speaker: Speaker) -> None:
    (piece,) = speaker.speak("It was the best of times, it was the worst of times.")
    samples = np.frombuffer(piece.pcm, "<i2")
    assert 2.0 < samples.size / 24000 < 6.0
    assert 3000 < np.abs(samples.astype(int)).max() <= round(PEAK * 32768)


def test_the_same_text_gives_the_same_bytes(speaker: Speaker) -> None:
    assert list(speaker.speak("Good-bye.")) == list(speaker.speak("Good-bye."))


@pytest.mark.parametrize("text", ["", " ", "...", "!"])
def test_a_text_without_words_is_one_last_piece(speaker: Speaker, text: str) -> None:
    (piece,) = speaker.speak(text)
    assert (piece.text, piece.last) == (text, True)


@pytest.mark.parametrize("text", ["", "One.", "  One. Two!  Three? ", "a\nb\n\nc", "No. No. No."])
def test_a_split_text_is_the_text_again(text: str) -> None:
    assert "".join(split(text)) == text
