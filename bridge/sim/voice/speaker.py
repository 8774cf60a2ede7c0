"""Text to speech: hibari's English voice at 24 kHz."""

from collections.abc import Iterator

import numpy as np
from hibari import Hibari

from bridge.sim.voice.jobs import Speech
from bridge.sim.voice.samples import to_pcm

SEED = 1  # the same text gives the same bytes
PEAK = 0.95


class Speaker:
    """Speaks sentence by sentence: the first audio costs the first sentence alone.

    Slow to make: about 0.5 s, as it says a word to itself first.
    """

    def __init__(self) -> None:
        self._voice = Hibari()
        self._voice("Hello.", seed=SEED)

    def speak(self, text: str) -> Iterator[Speech]:
        """PCM16 mono at 24 kHz for each sentence; the texts joined are ``text`` again."""
        sentences = split(text)
        for number, sentence in enumerate(sentences, start=1):
            yield Speech(sentence, self._say(sentence), last=number == len(sentences))

    def _say(self, sentence: str) -> bytes:
        sound = self._voice(sentence, seed=SEED)
        peak = float(np.abs(sound).max(initial=0.0))
        return to_pcm(sound * (PEAK / peak) if peak > PEAK else sound)


def split(text: str) -> list[str]:
    """The sentences of a text, each with the space behind it; never an empty list."""
    starts, at = [], 0
    for sentence in Hibari.split_sentences(text):
        at = text.index(sentence, at)
        starts.append(at)
        at += len(sentence)
    starts[:1] = [0]
    return [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]
