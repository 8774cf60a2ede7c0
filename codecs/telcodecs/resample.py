"""Streaming conversion between the telephone's 8 kHz and the model's 24 kHz.

Both directions are one FIR filter (``lowpass``) in polyphase form, computed a millisecond at a
time: a window of samples times a fixed matrix that holds the coefficients, shifted for every
output sample of that millisecond. Samples are integers of 16 bits and coefficients integers over
2**24, so every product and partial sum is exact in float64. The order of summation, the size of
the blocks and the BLAS in use therefore cannot change a bit of the result:
``push(a) + push(b) == push(a + b)`` wherever the stream is cut, bytes within a sample included.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from telcodecs import lowpass
from telcodecs.pcm import MODEL_HZ, PEAK, SAMPLE_BYTES, TELEPHONE_HZ

_Floats = npt.NDArray[np.float64]

RATIO: Final = MODEL_HZ // TELEPHONE_HZ

# A unit is one sample at 8 kHz with the three at 24 kHz that share its time.
_ROW_UNITS = 8  # 1 ms: one row of the matrix product
_ROWS = 20  # 20 ms: what one product takes at most; longer pushes are worked off in turn
_AHEAD_UNITS = lowpass.LOOKAHEAD // RATIO
_PAST_UNITS = (lowpass.HISTORY + RATIO - 1) // RATIO
_CONTEXT_UNITS = _PAST_UNITS + _AHEAD_UNITS

_LOWEST = np.array(-PEAK, np.float64)  # arrays, since numpy would make them anew each time
_HIGHEST = np.array(PEAK - 1, np.float64)

DELAY_MS: Final = _AHEAD_UNITS * 1000 / TELEPHONE_HZ


def _shifted_taps(inputs_per_unit: int, outputs_per_unit: int, gain: int) -> _Floats:
    """The matrix from one row's window of input to its millisecond of output.

    The window starts ``_PAST_UNITS`` before the first output and ends ``_AHEAD_UNITS`` after the
    last. Time is counted in samples at 24 kHz, so a tap is the distance of output and input.
    """
    window = np.arange((_CONTEXT_UNITS + _ROW_UNITS) * inputs_per_unit)
    inputs_at = window * RATIO // inputs_per_unit - _PAST_UNITS * RATIO
    outputs_at = np.arange(_ROW_UNITS * outputs_per_unit) * RATIO // outputs_per_unit
    tap = outputs_at[None, :] - inputs_at[:, None] + lowpass.LOOKAHEAD
    taps = np.asarray(lowpass.COEFFICIENTS, dtype=np.float64) * (gain / lowpass.ONE)
    inside = (tap >= 0) & (tap < len(taps))
    return np.where(inside, taps[np.where(inside, tap, 0)], 0.0)


_UP = _shifted_taps(1, RATIO, gain=RATIO)  # two of three samples it filters are zeros
_DOWN = _shifted_taps(RATIO, 1, gain=1)


class _Stream:
    """Samples through one of the matrices, block by block."""

    def __init__(self, matrix: _Floats, inputs_per_unit: int, outputs_per_unit: int) -> None:
        self._matrix = matrix
        self._inputs_per_unit = inputs_per_unit
        self._outputs_per_unit = outputs_per_unit
        self._unit_bytes = inputs_per_unit * SAMPLE_BYTES
        self._row_inputs = _ROW_UNITS * inputs_per_unit
        self._context = _CONTEXT_UNITS * inputs_per_unit
        self._block_inputs = _ROWS * self._row_inputs
        self._samples = np.zeros(self._context + self._block_inputs)
        # Row r sees the window that starts r rows into the samples; the windows overlap, and
        # BLAS wants them apart.
        step = self._samples.itemsize
        self._windows: _Floats = np.ndarray(
            (_ROWS, len(matrix)), np.float64, self._samples, 0, (self._row_inputs * step, step)
        )
        self._apart = np.empty((_ROWS, len(matrix)))
        self._product = np.empty((_ROWS, matrix.shape[1]))
        self._flat = self._product.reshape(-1)
        self.reset()

    def reset(self) -> None:
        self._samples.fill(0.0)
        self._rest = b""
        self._early_units = _AHEAD_UNITS  # outputs still to come that lie before the stream

    def push(self, pcm: bytes) -> bytes:
        data = self._rest + pcm if self._rest else pcm
        whole = len(data) - len(data) % self._unit_bytes
        self._rest = data[whole:]
        samples = np.frombuffer(data, "<i2", whole // SAMPLE_BYTES)
        block = self._block_inputs
        if len(samples) <= block:
            return self._filtered(samples)
        starts = range(0, len(samples), block)
        return b"".join([self._filtered(samples[start : start + block]) for start in starts])

    def flush(self) -> bytes:
        # Zeros fill the unit under way and take the place of the look-ahead. Half a sample
        # at the very end is no sample and goes.
        rest = self._rest[: len(self._rest) // SAMPLE_BYTES * SAMPLE_BYTES]
        self._rest = b""
        last = rest.ljust(self._unit_bytes, b"\0") if rest else b""
        tail = self.push(last + bytes(_AHEAD_UNITS * self._unit_bytes))
        self.reset()
        return tail

    def _filtered(self, samples: npt.NDArray[np.int16]) -> bytes:
        """PCM16 made possible by one block of whole units."""
        count = len(samples)
        self._samples[self._context : self._context + count] = samples
        # Rows are computed whole; what a short last row makes of the samples beyond ``count``
        # (left from an earlier block) is cut off below and enters nothing else.
        rows = -(-count // self._row_inputs)
        apart = self._apart[:rows]
        apart[:] = self._windows[:rows]
        apart.dot(self._matrix, self._product[:rows])
        self._samples[: self._context] = self._samples[count : count + self._context]

        units = count // self._inputs_per_unit
        early = min(units, self._early_units)
        self._early_units -= early
        out = self._flat[early * self._outputs_per_unit : units * self._outputs_per_unit]
        np.rint(out, out=out)
        np.maximum(out, _LOWEST, out=out)
        np.minimum(out, _HIGHEST, out=out)
        return out.astype("<i2").tobytes()


class Upsampler:
    """8 kHz to 24 kHz. Output sample 3k has the time of input sample k.

    ``push`` returns what the samples so far determine: all but the last ``delay_ms``. ``flush``
    returns that tail, after which the output is three samples for each of the input, and the
    object is as new.
    """

    delay_ms: Final = DELAY_MS

    def __init__(self) -> None:
        self._stream = _Stream(_UP, inputs_per_unit=1, outputs_per_unit=RATIO)

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
        self._stream = _Stream(_DOWN, inputs_per_unit=RATIO, outputs_per_unit=1)

    def push(self, pcm: bytes) -> bytes:
        """PCM16 at 8 kHz; ``pcm`` may be cut anywhere, within a sample too."""
        return self._stream.push(pcm)

    def flush(self) -> bytes:
        """The held tail, as if silence followed."""
        return self._stream.flush()

    def reset(self) -> None:
        """Forgets the stream, its tail included."""
        self._stream.reset()
