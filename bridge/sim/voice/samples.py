"""Whole stretches of sound as float samples between -1 and 1."""

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

FULL_SCALE = 32768.0


def from_pcm(pcm: bytes) -> Samples:
    return (np.frombuffer(pcm, "<i2") / FULL_SCALE).astype(np.float32)


def to_pcm(samples: Samples) -> bytes:
    """PCM16; what lies beyond full scale is held there and never wraps."""
    scaled = np.rint(samples.astype(np.float64) * FULL_SCALE)
    return np.clip(scaled, -32768, 32767).astype("<i2").tobytes()


def level_dbfs(samples: Samples) -> float:
    """Root mean square against a full-scale square wave; -120 for silence."""
    if not samples.size:
        return -120.0
    power = float(np.mean(samples.astype(np.float64) ** 2))
    return 10 * float(np.log10(max(power, 1e-12)))


def resample(
    samples: Samples, source_hz: int, target_hz: int, band_hz: tuple[float, float] | None = None
) -> Samples:
    """The whole sound at another rate, through one Fourier transform; for use off the loop.

    ``band_hz`` keeps that band alone, with edges 100 Hz wide.
    """
    if source_hz == target_hz and band_hz is None:
        return samples
    # A second of silence behind, to whole seconds: the transform is cyclic, and in whole
    # seconds both rates have a whole number of samples.
    seconds = -(-samples.size // source_hz) + 1
    spectrum = np.fft.rfft(samples, seconds * source_hz)
    if band_hz is not None:
        spectrum *= _band(np.arange(spectrum.size) / seconds, *band_hz)
    kept = spectrum[: seconds * min(source_hz, target_hz) // 2 + 1]
    sound = np.fft.irfft(kept, seconds * target_hz) * (target_hz / source_hz)
    return sound[: samples.size * target_hz // source_hz].astype(np.float32)


def _band(hz: NDArray[np.float64], low_hz: float, high_hz: float) -> NDArray[np.float64]:
    edge_hz = 100.0
    rise = np.clip((hz - low_hz) / edge_hz + 0.5, 0, 1)
    fall = np.clip((high_hz - hz) / edge_hz + 0.5, 0, 1)
    return np.asarray(np.sin(np.pi / 2 * rise) ** 2 * np.sin(np.pi / 2 * fall) ** 2)
