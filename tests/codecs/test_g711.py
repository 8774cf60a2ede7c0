"""ITU-T G.711 and G.191, against the decision values of the Recommendation itself."""

import struct
from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate

import pytest

from telcodecs import g711

EVERY_CODE = bytes(range(256))
EVERY_SAMPLE = range(-32768, 32768)
EVERY_PCM = struct.pack("<65536h", *EVERY_SAMPLE)

# G.711 table 2a, column 4: decision values x of mu-law in 14-bit steps. The first interval is
# half as wide as its fifteen neighbours; every later segment of 16 doubles the step.
ULAW_DECISIONS = list(accumulate([1] + [2] * 15 + [2 << s for s in range(1, 8) for _ in range(16)]))
ULAW_DECISIONS.insert(0, 0)
# G.711 table 1a, column 4: decision values of A-law in 13-bit steps; the first two segments share
# a step.
ALAW_DECISIONS = list(accumulate([2] * 32 + [2 << s for s in range(1, 7) for _ in range(16)]))
ALAW_DECISIONS.insert(0, 0)


def ulaw_value(code: int) -> int:
    """Tables 2a and 2b: bits inverted, the sign bit set for positive; output halfway, y0 = 0."""
    interval = ~code & 0x7F
    half = ULAW_DECISIONS[interval] + ULAW_DECISIONS[interval + 1]
    magnitude = 0 if interval == 0 else half // 2
    return 4 * (magnitude if code & 0x80 else -magnitude)


def alaw_value(code: int) -> int:
    """Tables 1a and 1b: even bits inverted, the sign bit set for positive; output halfway."""
    plain = code ^ 0x55
    interval = plain & 0x7F
    magnitude = (ALAW_DECISIONS[interval] + ALAW_DECISIONS[interval + 1]) // 2
    return 8 * (magnitude if plain & 0x80 else -magnitude)


def magnitude_of(sample: int) -> int:
    """G.191: the one's complement of a negative sample."""
    return ~sample if sample < 0 else sample


def ulaw_code(sample: int) -> int:
    interval = min(bisect_right(ULAW_DECISIONS, magnitude_of(sample) >> 2) - 1, 127)
    return ~((0x80 if sample < 0 else 0) | interval) & 0xFF


def alaw_code(sample: int) -> int:
    # G.191 keeps 12 bits, one fewer than the decision values are counted in.
    interval = bisect_right(ALAW_DECISIONS, (magnitude_of(sample) >> 4) * 2) - 1
    return ((0 if sample < 0 else 0x80) | interval) ^ 0x55


def test_the_oracle_has_the_ends_that_g711_prints() -> None:
    assert len(ULAW_DECISIONS) == len(ALAW_DECISIONS) == 129
    assert ULAW_DECISIONS[:4] == [0, 1, 3, 5] and ULAW_DECISIONS[-2:] == [7903, 8159]
    assert ALAW_DECISIONS[:3] == [0, 2, 4] and ALAW_DECISIONS[-2:] == [3968, 4096]


def test_every_ulaw_code_decodes_as_in_g711() -> None:
    assert struct.unpack("<256h", g711.ulaw_decode(EVERY_CODE)) == tuple(
        ulaw_value(code) for code in range(256)
    )


def test_every_alaw_code_decodes_as_in_g711() -> None:
    assert struct.unpack("<256h", g711.alaw_decode(EVERY_CODE)) == tuple(
        alaw_value(code) for code in range(256)
    )


def test_every_sample_encodes_to_ulaw_as_in_g191() -> None:
    assert g711.ulaw_encode(EVERY_PCM) == bytes(ulaw_code(sample) for sample in EVERY_SAMPLE)


def test_every_sample_encodes_to_alaw_as_in_g191() -> None:
    assert g711.alaw_encode(EVERY_PCM) == bytes(alaw_code(sample) for sample in EVERY_SAMPLE)


@pytest.mark.parametrize(
    ("sample", "ulaw", "alaw"),
    [
        (0, 0xFF, 0xD5),
        (-1, 0x7F, 0x55),
        (-4, 0x7F, 0x55),  # the complement of -4 is 3, still in the first interval
        (-5, 0x7E, 0x55),
        (4, 0xFE, 0xD5),
        (1000, 0xCE, 0xFA),
        (-1000, 0x4E, 0x7A),
        (32767, 0x80, 0xAA),
        (-32768, 0x00, 0x2A),
    ],
)
def test_known_samples_have_known_codes(sample: int, ulaw: int, alaw: int) -> None:
    pcm = struct.pack("<h", sample)
    assert (g711.ulaw_encode(pcm)[0], g711.alaw_encode(pcm)[0]) == (ulaw, alaw)


def test_a_round_trip_is_stable() -> None:
    """Both mu-law zeros decode to 0, so the negative one comes back as the positive one."""
    ulaw = g711.ulaw_encode(g711.ulaw_decode(EVERY_CODE))
    assert ulaw == EVERY_CODE.replace(b"\x7f", b"\xff")
    assert g711.alaw_encode(g711.alaw_decode(EVERY_CODE)) == EVERY_CODE


def test_silence_is_the_code_of_a_zero_sample() -> None:
    assert g711.ulaw_encode(b"\0\0") == bytes([g711.ULAW_SILENCE])
    assert g711.alaw_encode(b"\0\0") == bytes([g711.ALAW_SILENCE])


def test_a_frame_is_twenty_milliseconds() -> None:
    assert g711.FRAME_BYTES == 20 * g711.BYTES_PER_MS == 8000 // 50


@pytest.mark.parametrize("encode", [g711.ulaw_encode, g711.alaw_encode])
def test_half_a_sample_is_refused(encode: Callable[[bytes], bytes]) -> None:
    with pytest.raises(ValueError):
        encode(b"\0\0\0")


@pytest.mark.parametrize(
    "convert", [g711.ulaw_encode, g711.alaw_encode, g711.ulaw_decode, g711.alaw_decode]
)
def test_nothing_becomes_nothing(convert: Callable[[bytes], bytes]) -> None:
    assert convert(b"") == b""
