"""A caller's words as sound that can be told apart without any engine.

Turn n is said as stream n of the time code; whoever transcribes it reads the stream off the sound
and knows the words again.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from bridge.sim.voice.jobs import Transcribe
from bridge.sim.voice.scripted import spoken_ms
from bridge.sim.voice.timecode import STREAMS, decode_all, encode
from telcodecs.g711 import ulaw_encode

CODE_HZ = 8_000


class WordCode:
    """``turn`` is the one being said, or said last: sixteen streams go round, so it tells which
    of those with the same stream is meant."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = list(texts)
        self.turn = -1

    def ulaw(self, turn: int) -> bytes:
        """The sound of a turn: 8 kHz mu-law, as long as its words take to say."""
        return ulaw_encode(encode(turn % STREAMS, spoken_ms(self._texts[turn]), CODE_HZ))

    def transcribe(self, job: Transcribe) -> str:
        """The words of a turn; empty where there are none in the sound."""
        samples = np.frombuffer(job.pcm, "<i2")[:: job.rate_hz // CODE_HZ]
        slots = decode_all(ulaw_encode(samples.tobytes()))
        streams = Counter(slot.stream for slot in slots if slot is not None)
        if not streams:
            return ""
        ((stream, _),) = streams.most_common(1)
        meant = next((n for n in range(self.turn, -1, -1) if n % STREAMS == stream), None)
        return "" if meant is None else self._texts[meant]
