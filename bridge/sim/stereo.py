"""A call as a WAV file of two channels."""

import wave
from pathlib import Path

import numpy as np

from telcodecs.g711 import ulaw_decode

RATE_HZ = 8000


def write_stereo(path: Path, left_ulaw: bytes, right_ulaw: bytes) -> None:
    """Left: the caller as sent; right: what the caller heard. 8 kHz PCM16, as long as the shorter
    of both."""
    frames = min(len(left_ulaw), len(right_ulaw))
    sides = [
        np.frombuffer(ulaw_decode(each[:frames]), np.int16) for each in (left_ulaw, right_ulaw)
    ]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(np.column_stack(sides).astype("<i2").tobytes())
