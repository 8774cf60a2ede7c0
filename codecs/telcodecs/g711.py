"""Telephone companding: ITU-T G.711 mu-law and A-law, eight bits a sample.

Decoding is the tables 1a to 2b of ITU-T G.711 (11/88), left justified in 16 bits. Encoding is
what the reference software of ITU-T G.191 (Software Tools Library, module G711) makes of each
16-bit sample: mu-law sees its upper 14 bits, A-law its upper 12, and a negative sample is taken
as its one's complement.
"""

import numpy as np
import numpy.typing as npt

from telcodecs.pcm import SAMPLE_BYTES
from telcodecs.routines import audioop

FRAME_BYTES = 160  # 20 ms, what Media Streams sends in one message
BYTES_PER_MS = 8
ULAW_SILENCE = 0xFF
ALAW_SILENCE = 0xD5

_BIAS = 33  # moves the segment boundaries of mu-law onto powers of two (G.711, table 2a)
_CLIP = 0x1FFF


def _ulaw_codes() -> npt.NDArray[np.uint8]:
    """The code of every sample, indexed by the sample's 16 bits taken as unsigned.

    ``audioop`` negates a negative sample where G.191 complements it, which moves the 500-odd
    samples on a decision boundary to the next code; hence a table of our own.
    """
    sample = np.arange(1 << 16, dtype=np.uint16).view(np.int16).astype(np.int64)
    magnitude = np.where(sample < 0, ~sample, sample) >> 2
    biased = np.minimum(magnitude + _BIAS, _CLIP)
    segment = np.floor(np.log2(biased)).astype(np.int64) - 5
    step = (biased >> (segment + 1)) & 0x0F
    sign = np.where(sample < 0, 0x80, 0)
    # All bits are sent inverted (G.711, note 2 to table 2a).
    return np.asarray(~(sign | segment << 4 | step) & 0xFF, dtype=np.uint8)


_ULAW_CODES = _ulaw_codes()


def ulaw_decode(data: bytes) -> bytes:
    """PCM16 of mu-law."""
    pcm: bytes = audioop.ulaw2lin(data, SAMPLE_BYTES)
    return pcm


def ulaw_encode(pcm: bytes) -> bytes:
    """mu-law of whole PCM16 samples; half a sample is a ``ValueError``."""
    return _ULAW_CODES.take(np.frombuffer(pcm, "<u2")).tobytes()


def alaw_decode(data: bytes) -> bytes:
    """PCM16 of A-law."""
    pcm: bytes = audioop.alaw2lin(data, SAMPLE_BYTES)
    return pcm


def alaw_encode(pcm: bytes) -> bytes:
    """A-law of whole PCM16 samples; half a sample is a ``ValueError``."""
    if len(pcm) % SAMPLE_BYTES:
        raise ValueError("PCM16 ends within a sample")
    data: bytes = audioop.lin2alaw(pcm, SAMPLE_BYTES)
    return data
