"""Levels and codes of the simulated line."""

import math

import numpy as np

from bridge.sim.carrier.line import (
    FRAME_BYTES,
    LINEAR,
    SILENT_FRAME,
    level_dbfs,
    mulaw,
    padded,
)


def test_the_ends_and_the_middle_of_the_code_are_those_of_g711() -> None:
    assert [int(LINEAR[code]) for code in (0x00, 0x80, 0x7F, 0xFF, 0x7E, 0xFE)] == [
        -32124,
        32124,
        0,
        0,
        -8,
        8,
    ]


def test_every_code_but_negative_zero_survives_a_round_trip() -> None:
    codes = bytes(code for code in range(256) if code != 0x7F)
    assert mulaw(LINEAR[np.frombuffer(codes, dtype=np.uint8)].astype(np.float64)) == codes
    assert mulaw(np.array([0.0])) == b"\xff"


def test_what_is_louder_than_full_scale_is_clipped() -> None:
    assert mulaw(np.array([1e9, -1e9])) == b"\x80\x00"


def test_silence_of_either_sign_has_no_level() -> None:
    assert level_dbfs(SILENT_FRAME) == -math.inf
    assert level_dbfs(b"\x7f" * FRAME_BYTES) == -math.inf
    assert level_dbfs(b"") == -math.inf


def test_a_full_square_wave_is_near_0_dbfs() -> None:
    assert abs(level_dbfs(b"\x00\x80" * 80)) < 0.2


def test_padding_fills_to_whole_frames_with_silence() -> None:
    assert padded(b"") == b""
    assert padded(b"\x00" * 160) == b"\x00" * 160
    assert padded(b"\x00" * 161) == b"\x00" * 161 + b"\xff" * 159
