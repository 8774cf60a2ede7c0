"""A telephone line as the stream sees it: 8 kHz mu-law in ticks of 20 ms."""

import math
from functools import lru_cache
from typing import Final

import numpy as np

RATE_HZ: Final = 8000
TICK_MS: Final = 20
TICK_S: Final = 0.020
FRAME_BYTES: Final = 160  # one tick
BYTES_PER_MS: Final = 8
SILENCE: Final = 0xFF  # +0; 0x7F is -0
SILENT_FRAME: Final = bytes([SILENCE]) * FRAME_BYTES
FULL_SCALE: Final = 32768.0
REMEMBERED: Final = 4096  # frames: many callers hear and say the same


def _linear(code: int) -> int:
    """One mu-law code as PCM16: ITU-T G.711, table 2, times four."""
    flipped = ~code & 0xFF
    magnitude = (((flipped & 0x0F) * 8 + 0x84) << (flipped >> 4 & 7)) - 0x84
    return -magnitude if flipped & 0x80 else magnitude


LINEAR: Final = np.array([_linear(code) for code in range(256)], dtype=np.int16)
_POWER: Final = LINEAR.astype(np.float64) ** 2


@lru_cache(maxsize=REMEMBERED)
def level_dbfs(ulaw: bytes) -> float:
    """RMS level of a piece of line, 0 dBFS being a full-scale square wave; silence is -inf."""
    if not ulaw or ulaw == SILENT_FRAME:
        return -math.inf
    power = float(_POWER[np.frombuffer(ulaw, dtype=np.uint8)].mean())
    return 10 * math.log10(power / FULL_SCALE**2) if power else -math.inf


def mulaw(pcm: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bytes:
    """Samples in PCM16 units, each as the nearest code; what is too loud is clipped."""
    places = np.searchsorted(_EDGES, pcm)
    return _ASCENDING[places].tobytes()


# Codes by rising amplitude; -0 (0x7F) is left out, so zero is always 0xFF.
_ASCENDING: Final = np.array(
    sorted((code for code in range(256) if code != 0x7F), key=lambda code: int(LINEAR[code])),
    dtype=np.uint8,
)
_EDGES: Final = (
    LINEAR[_ASCENDING][:-1].astype(np.float64) + LINEAR[_ASCENDING][1:].astype(np.float64)
) / 2


def padded(ulaw: bytes) -> bytes:
    """A piece of line filled with silence to whole frames."""
    return ulaw + bytes([SILENCE]) * (-len(ulaw) % FRAME_BYTES)
