"""Streaming conversion between the telephone's 8 kHz and the model's 24 kHz.

Both directions are one FIR filter (``lowpass``) in polyphase form, computed a few output samples
at a time: a window of samples times a fixed matrix that holds the coefficients, shifted for each
of those outputs. Samples are integers of 16 bits and coefficients integers over
2**24, so every product and partial sum is exact in float64. The order of summation, the size of
the blocks and the BLAS in use therefore cannot change a bit of the result:
``push(a) + push(b) == push(a + b)`` wherever the stream is cut, bytes within a sample included.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from telcodecs import lowpass
from telcodecs.pcm import MODEL_HZ, PEAK, SAMPLE_BYTES, TELEPHONE_HZ
from telcodecs.routines import audioop

_Floats = npt.NDArray[np.float64]

RATIO: Final = MODEL_HZ // TELEPHONE_HZ

# A unit is one sample at 8 kHz with the three at 24 kHz that share its time.
_AHEAD_UNITS = lowpass.LOOKAHEAD // RATIO
_PAST_UNITS = (lowpass.HISTORY + RATIO - 1) // RATIO
_CONTEXT_UNITS = _PAST_UNITS + _AHEAD_UNITS
# What one row of the matrix product makes: longer rows repeat fewer samples and hold more zeros.
_UP_ROW_UNITS = 8
_DOWN_ROW_UNITS = 20

_MOST_BYTES = 9_600  # of one product; longer pushes are worked off in turn, to stay in the cache

_PCM16 = np.dtype("<i2")
_FLOAT = np.dtype(np.float64)
_LOWEST = np.array(-PEAK, _FLOAT)
_HIGHEST = np.array(PEAK - 1, _FLOAT)

DELAY_MS: Final = _AHEAD_UNITS * 1000 / TELEPHONE_HZ


def _shifted_taps(
    row_units: int, inputs_per_unit: int, outputs_per_unit: int, gain: int
) -> _Floats:
    """The matrix from one row's window of input to its samples of output.

    The window starts ``_PAST_UNITS`` before the first output and ends ``_AHEAD_UNITS`` after the
    last. Time is counted in samples at 24 kHz, so a tap is the distance of output and input.
    """
    window = np.arange((_CONTEXT_UNITS + row_units) * inputs_per_unit)
    inputs_at = window * RATIO // inputs_per_unit - _PAST_UNITS * RATIO
    outputs_at = np.arange(row_units * outputs_per_unit) * RATIO // outputs_per_unit
    tap = outputs_at[None, :] - inputs_at[:, None] + lowpass.LOOKAHEAD
    taps = np.asarray(lowpass.COEFFICIENTS, dtype=np.float64) * (gain / lowpass.ONE)
    inside = (tap >= 0) & (tap < len(taps))
    return np.where(inside, taps[np.where(inside, tap, 0)], 0.0)


# Two of three samples that the upsampler's taps meet are zeros put between; hence its gain.
_UP = _shifted_taps(_UP_ROW_UNITS, 1, RATIO, gain=RATIO)
_DOWN = np.asfortranarray(_shifted_taps(_DOWN_ROW_UNITS, RATIO, 1, gain=1))  # BLAS is quicker so


class _Stream:
    """Samples through one of the matrices. All its state is the input it may need again."""

    def __init__(
        self, matrix: _Floats, row_units: int, inputs_per_unit: int, outputs_per_unit: int
    ) -> None:
        self._matrix = matrix
        self._window = len(matrix)
        self._row_units = row_units
        self._unit_bytes = inputs_per_unit * SAMPLE_BYTES
        self._out_bytes = outputs_per_unit * SAMPLE_BYTES
        self._row_bytes = row_units * self._unit_bytes
        self._strides = (self._row_bytes, SAMPLE_BYTES)
        # Input that never exceeds this cannot come out beyond full scale, whatever its shape.
        self._safe_peak = int((PEAK - 1) / np.abs(matrix).sum(axis=0).max())
        self.reset()

    def reset(self) -> None:
        self._held = bytes(_PAST_UNITS * self._unit_bytes)  # silence before the stream

    def push(self, pcm: bytes) -> bytes:
        if len(pcm) > _MOST_BYTES:
            starts = range(0, len(pcm), _MOST_BYTES)
            return b"".join([self.push(pcm[at : at + _MOST_BYTES]) for at in starts])
        data = self._held + pcm
        units = len(data) // self._unit_bytes - _CONTEXT_UNITS
        if units <= 0:
            self._held = data
            return b""
        self._held = data[units * self._unit_bytes :]
        rows, rest = divmod(units, self._row_units)
        if rest:
            rows += 1
            data += bytes(self._row_bytes)  # the row is computed whole, and cut off below
        # One window a row, each a row further into the data: they overlap.
        windows: npt.NDArray[np.int16] = np.ndarray(
            (rows, self._window), _PCM16, data, 0, self._strides
        )
        out: _Floats = windows.astype(_FLOAT).dot(self._matrix)
        np.rint(out, out)
        if audioop.max(data[: len(data) & ~1], SAMPLE_BYTES) > self._safe_peak:
            out.clip(_LOWEST, _HIGHEST, out)
        return out.astype(_PCM16).tobytes()[: units * self._out_bytes]

    def flush(self) -> bytes:
        # Zeros fill the unit under way and take the place of the look-ahead. Half a sample
        # at the very end is no sample and goes.
        self._held = self._held[: len(self._held) // SAMPLE_BYTES * SAMPLE_BYTES]
        missing = -len(self._held) % self._unit_bytes
        tail = self.push(bytes(missing + _AHEAD_UNITS * self._unit_bytes))
        self.reset()
        return tail


class Upsampler:
    """8 kHz to 24 kHz. Output sample 3k has the time of input sample k.

    ``push`` returns what the samples so far determine: all but the last ``delay_ms``. ``flush``
    returns that tail, after which the output is three samples for each of the input, and the
    object is as new.
    """

    delay_ms: Final = DELAY_MS

    def __init__(self) -> None:
        self._stream = _Stream(_UP, _UP_ROW_UNITS, 1, RATIO)

    def push(self, pcm: bytes) -> bytes:
        """PCM16 at 24 kHz; ``pcm`` may be cut anywhere, within a sample too."""
        return self._stream.push(pcm)

    def flush(self) -> bytes:
        """The held tail, as if silence followed."""
        return self._stream.flush()

    def reset(self) -> None:
        """Forgets the stream, its tail included."""
        self._stream.reset()


class Downsampler:
    """24 kHz to 8 kHz. Output sample k has the time of input sample 3k.

    ``push`` returns what the samples so far determine: all but the last ``delay_ms``. ``flush``
    returns that tail, after which the output is one sample for every three of the input (the last
    one or two count as three), and the object is as new.
    """

    delay_ms: Final = DELAY_MS

    def __init__(self) -> None:
        self._stream = _Stream(_DOWN, _DOWN_ROW_UNITS, RATIO, 1)

    def push(self, pcm: bytes) -> bytes:
        """PCM16 at 8 kHz; ``pcm`` may be cut anywhere, within a sample too."""
        return self._stream.push(pcm)

    def flush(self) -> bytes:
        """The held tail, as if silence followed."""
        return self._stream.flush()

    def reset(self) -> None:
        """Forgets the stream, its tail included."""
        self._stream.reset()
