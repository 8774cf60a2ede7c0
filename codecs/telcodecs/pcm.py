"""Linear audio: PCM16 little endian, mono, and what its bytes amount to."""

import math

import numpy as np

TELEPHONE_HZ = 8_000
MODEL_HZ = 24_000
SAMPLE_BYTES = 2
PEAK = 32_768  # 0 dBFS: the magnitude no PCM16 sample exceeds
SILENCE_DBFS = -120.0  # what digital silence measures; far below one step of one sample


def duration_ms(n_bytes: int, hz: int, sample_bytes: int = SAMPLE_BYTES) -> float:
    """How long so many bytes play."""
    return n_bytes * 1000 / (hz * sample_bytes)


def bytes_for(ms: float, hz: int, sample_bytes: int = SAMPLE_BYTES) -> int:
    """Bytes of the whole samples that fit into ``ms``."""
    return math.floor(ms * hz / 1000) * sample_bytes


def level_dbfs(pcm: bytes) -> float:
    """RMS level: 0 for a full-scale square wave, -3.01 for a full-scale sine.

    Never below ``SILENCE_DBFS``, which is also the level of no audio at all. An odd last byte
    is not a sample and does not count.
    """
    samples = np.frombuffer(pcm, "<i2", len(pcm) // SAMPLE_BYTES).astype(np.float64)
    if not samples.any():
        return SILENCE_DBFS
    power = float(samples @ samples) / len(samples)
    return max(SILENCE_DBFS, 10 * math.log10(power / PEAK**2))
