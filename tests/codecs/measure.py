"""What a resampler does to tones, measured on PCM16.

A tone near full scale goes through the stream in 20 ms frames; the amplitudes of all sinusoids
that can be in the result are then fitted together by least squares, over the middle of the
signal. Fitting them together keeps the loud one from leaking into the faint one. What rounding
to 16 bits adds is spread over the whole band and averages out: 0.4 s resolve -130 dB.

A tone that a downsampler removes leaves less than one step of a sample, which rounding alone
could hide. A second tone, 20 dB below and in the passband, keeps the rounding busy.
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Push = Callable[[bytes], bytes]
Fresh = Callable[[], Push]  # a new stream, and the function that takes its frames
Measure = Callable[[Fresh, float], float]  # at one frequency

LOW_HZ = 8_000
HIGH_HZ = 24_000
FRAMES = 30  # 0.6 s, of which the first and last 0.1 s are not looked at
LOUD = 29_000.0  # amplitudes: -1.1 dBFS, and with the faint one still below full scale
FAINT = 2_900.0


def tone(rate_hz: int, hz: float, amplitude: float, seconds: float = FRAMES * 0.02) -> Array:
    t = np.arange(round(rate_hz * seconds)) / rate_hz
    return amplitude * np.sin(2 * np.pi * hz * t + 0.3)


def pcm16(samples: Array) -> bytes:
    return np.rint(samples).astype("<i2").tobytes()


def samples_of(pcm: bytes) -> Array:
    return np.frombuffer(pcm, "<i2").astype(np.float64)


def through(push: Push, signal: Array, rate_hz: int) -> Array:
    """The signal through a stream in 20 ms frames, without the tail it holds."""
    pcm = pcm16(signal)
    size = rate_hz // 50 * 2
    frames = [push(pcm[at : at + size]) for at in range(0, len(pcm), size)]
    return samples_of(b"".join(frames))


def phasors(samples: Array, rate_hz: int, hz: Sequence[float]) -> npt.NDArray[np.complex128]:
    """Complex amplitude of each frequency, fitted together, away from both ends."""
    edge = rate_hz // 10
    t = np.arange(len(samples))[edge:-edge] / rate_hz
    waves = [wave(2 * np.pi * f * t) for f in hz for wave in (np.sin, np.cos)]
    fitted = np.linalg.lstsq(np.stack(waves, axis=1), samples[edge:-edge], rcond=None)[0]
    return np.asarray(fitted[0::2] + 1j * fitted[1::2])


def decibels(ratio: float) -> float:
    return float(20 * np.log10(max(ratio, 1e-9)))


def gain_up(fresh: Fresh, hz: float) -> float:
    """Decibels."""
    out = through(fresh(), tone(LOW_HZ, hz, LOUD), LOW_HZ)
    return decibels(abs(phasors(out, HIGH_HZ, [hz])[0]) / LOUD)


def gain_down(fresh: Fresh, hz: float) -> float:
    """Decibels."""
    out = through(fresh(), tone(HIGH_HZ, hz, LOUD), HIGH_HZ)
    return decibels(abs(phasors(out, LOW_HZ, [hz])[0]) / LOUD)


def image_rejection(fresh: Fresh, hz: float) -> float:
    """Decibels from a tone below 4 kHz down to the louder of its images at 8 kHz -+ hz."""
    out = through(fresh(), tone(LOW_HZ, hz, LOUD), LOW_HZ)
    heard = np.abs(phasors(out, HIGH_HZ, [hz, LOW_HZ - hz, LOW_HZ + hz]))
    return -decibels(max(heard[1], heard[2]) / LOUD)


def alias_rejection(fresh: Fresh, hz: float) -> float:
    """Decibels from a tone above 4 kHz down to what it becomes below 4 kHz."""
    alias = abs(hz - LOW_HZ * round(hz / LOW_HZ))
    beside = 1013.0 if abs(alias - 1013.0) > 300 else 2207.0
    signal = tone(HIGH_HZ, hz, LOUD) + tone(HIGH_HZ, beside, FAINT)
    out = through(fresh(), signal, HIGH_HZ)
    return -decibels(abs(phasors(out, LOW_HZ, [alias, beside])[0]) / LOUD)


def worst(measure: Measure, fresh: Fresh, hz: Iterable[float]) -> float:
    """The smallest of a sweep: for rejections."""
    return min(measure(fresh, f) for f in hz)


def ripple(measure: Measure, fresh: Fresh, hz: Iterable[float]) -> float:
    """The largest deviation from a gain of one, in decibels."""
    return max(abs(measure(fresh, f)) for f in hz)


def delay_ms(fresh: Fresh, from_hz: int, to_hz: int) -> float:
    """How long after a sound went in it can be heard, beyond the frame itself.

    The audio the stream holds back at worst, plus the shift of what it does hand out.
    """
    probe_hz = 250.0  # unambiguous up to +-2 ms
    push, size = fresh(), from_hz // 50
    signal = tone(from_hz, probe_hz, LOUD)
    pieces, held_ms = [], 0.0
    for at in range(0, len(signal), size):
        pieces.append(push(pcm16(signal[at : at + size])))
        given = sum(len(piece) for piece in pieces) // 2
        if at >= len(signal) // 2:
            held_ms = max(held_ms, (at + size) * 1000 / from_hz - given * 1000 / to_hz)
    out = phasors(samples_of(b"".join(pieces)), to_hz, [probe_hz])[0]
    lag = np.angle(np.exp(0.3j) / out) / (2 * np.pi * probe_hz)
    return held_ms + float(lag) * 1000
