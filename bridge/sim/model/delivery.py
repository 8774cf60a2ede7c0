"""The audio of one item on its way out: encoded, cut into deltas, with its words."""

import re

from bridge.sim.model.audio_format import VOICE_HZ, AudioFormat
from bridge.sim.model.items import Word
from bridge.sim.voice.jobs import Speech
from telcodecs.resample import Downsampler

# Delta sizes seen of the service, in milliseconds of audio.
FIRST_CHUNKS_MS = (100, 150)
CHUNK_MS = 250
LAST_CHUNK_MS = 600
WORDS_LEAD_MS = 400  # words run ahead of the sound
_PCM_BYTES_PER_MS = 48
_TOKEN = re.compile(r"\s*(?:[\w'’-]+|[^\w\s]+)")


class Delivery:
    """Takes speech as it is made; gives out deltas as they are due."""

    def __init__(
        self, audio_format: AudioFormat, stall_after_ms: int | None, stream: int = 0
    ) -> None:
        self.stream = stream  # of the scripted voice
        self._format = audio_format
        self._down = Downsampler() if audio_format.rate_hz != VOICE_HZ else None
        self._wire = bytearray()
        self._pcm = bytearray()  # 24 kHz, for retrieval
        self._made_ms = 0.0
        self._words: list[Word] = []
        self._chunks = 0
        self._stall_after_ms = stall_after_ms
        self.made = False  # all speech has come in
        self.sent_ms = 0.0

    def push(self, speech: Speech) -> None:
        self._words += _words(speech.text, self._made_ms, len(speech.pcm) / _PCM_BYTES_PER_MS)
        self._made_ms += len(speech.pcm) / _PCM_BYTES_PER_MS
        self._pcm += speech.pcm
        self.made = speech.last
        pcm = speech.pcm
        if self._down is not None:
            pcm = self._down.push(pcm) + (self._down.flush() if speech.last else b"")
        self._wire += self._format.encode(pcm)

    @property
    def finished(self) -> bool:
        return self.made and not self._wire

    @property
    def stalls_here(self) -> bool:
        return self._stall_after_ms is not None and self.sent_ms == self._stall_after_ms

    def chunk_ms(self) -> float | None:
        """The size of the next delta; None: more speech has to come first."""
        waiting_ms = len(self._wire) / self._format.bytes_per_ms
        planned_ms: float = (*FIRST_CHUNKS_MS, CHUNK_MS)[min(self._chunks, len(FIRST_CHUNKS_MS))]
        if self.made:
            is_last = self._chunks >= len(FIRST_CHUNKS_MS) and waiting_ms <= LAST_CHUNK_MS
            planned_ms = waiting_ms if is_last else min(planned_ms, waiting_ms)
        elif waiting_ms < planned_ms:
            return None
        if self._stall_after_ms is not None and self.sent_ms < self._stall_after_ms:
            planned_ms = min(planned_ms, self._stall_after_ms - self.sent_ms)
        return planned_ms or None

    def take_words(self, chunk_ms: float) -> list[Word]:
        """Words to be told before this chunk; all of them before the last one."""
        until_ms = self.sent_ms + chunk_ms + WORDS_LEAD_MS
        is_last = self.made and chunk_ms * self._format.bytes_per_ms >= len(self._wire)
        told = [word for word in self._words if is_last or word.at_ms < until_ms]
        del self._words[: len(told)]
        return told

    def take(self, chunk_ms: float) -> tuple[bytes, bytes]:
        """The next delta: as it goes on the wire, and as PCM16 at 24 kHz."""
        wire_bytes = round(chunk_ms * self._format.bytes_per_ms)
        pcm_bytes = round(chunk_ms * _PCM_BYTES_PER_MS) // 2 * 2
        wire, pcm = bytes(self._wire[:wire_bytes]), bytes(self._pcm[:pcm_bytes])
        del self._wire[:wire_bytes], self._pcm[:pcm_bytes]
        self.sent_ms += len(wire) / self._format.bytes_per_ms
        self._chunks += 1
        return wire, pcm


def tokens_of(text: str) -> list[str]:
    """Single words with a leading space, or punctuation: as the service cuts its text."""
    return _TOKEN.findall(text)


def _words(text: str, start_ms: float, length_ms: float) -> list[Word]:
    """Words spread over the sound by their length."""
    spaced = f" {text.strip()}" if start_ms and text.strip() else text.strip()
    words, position = [], 0
    for token in tokens_of(spaced):
        words.append(Word(token, start_ms + length_ms * position / max(len(spaced), 1)))
        position += len(token)
    return words
