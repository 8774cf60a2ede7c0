"""The three audio formats of the wire."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from telcodecs.g711 import alaw_decode, alaw_encode, ulaw_decode, ulaw_encode

TICKS_PER_MS = 24  # positions in a session's audio are counted in samples of 24 kHz
VOICE_HZ = 24_000


@dataclass(frozen=True)
class AudioFormat:
    """One way to put audio on the wire; ``decode`` and ``encode`` keep the rate."""

    name: str  # as the previews spell it
    ga: Mapping[str, Any]
    rate_hz: int
    sample_bytes: int
    decode: Callable[[bytes], bytes]  # to PCM16
    encode: Callable[[bytes], bytes]

    @property
    def bytes_per_ms(self) -> int:
        return self.rate_hz * self.sample_bytes // 1000

    @property
    def ticks_per_sample(self) -> int:
        return VOICE_HZ // self.rate_hz


PCM16 = AudioFormat("pcm16", {"type": "audio/pcm", "rate": 24_000}, 24_000, 2, bytes, bytes)
ULAW = AudioFormat("g711_ulaw", {"type": "audio/pcmu"}, 8_000, 1, ulaw_decode, ulaw_encode)
ALAW = AudioFormat("g711_alaw", {"type": "audio/pcma"}, 8_000, 1, alaw_decode, alaw_encode)

FORMATS = (PCM16, ULAW, ALAW)


def format_of(wire: str | Mapping[str, Any]) -> AudioFormat:
    """From the preview's string or GA's object, which has been checked."""
    name = wire if isinstance(wire, str) else wire["type"]
    return next(f for f in FORMATS if name in (f.name, f.ga["type"]))
