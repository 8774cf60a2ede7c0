import struct

import numpy as np
import pytest

from telcodecs import pcm


def test_durations_and_bytes_are_each_others_inverse() -> None:
    assert pcm.duration_ms(960, pcm.MODEL_HZ) == 20.0
    assert pcm.duration_ms(160, pcm.TELEPHONE_HZ, sample_bytes=1) == 20.0
    assert pcm.bytes_for(20, pcm.MODEL_HZ) == 960
    assert pcm.bytes_for(20, pcm.TELEPHONE_HZ, sample_bytes=1) == 160


def test_a_part_of_a_sample_is_left_out() -> None:
    assert pcm.bytes_for(0.3, pcm.TELEPHONE_HZ) == 4


def test_a_full_scale_square_wave_is_0_dbfs() -> None:
    assert pcm.level_dbfs(struct.pack("<4h", -32768, -32768, -32768, -32768)) == 0.0


def test_a_full_scale_sine_is_3_db_below() -> None:
    sine = 32767 * np.sin(2 * np.pi * np.arange(8000) / 80)
    assert pcm.level_dbfs(np.rint(sine).astype("<i2").tobytes()) == pytest.approx(-3.01, abs=0.01)


def test_one_step_is_90_db_below() -> None:
    assert pcm.level_dbfs(struct.pack("<2h", 1, -1)) == pytest.approx(-90.31, abs=0.01)


@pytest.mark.parametrize("silence", [b"", b"\x05", bytes(320)])
def test_silence_has_a_level_too(silence: bytes) -> None:
    assert pcm.level_dbfs(silence) == pcm.SILENCE_DBFS


def test_nothing_measures_less_than_silence() -> None:
    lone_step = struct.pack("<h", 1) + bytes(2 * 4000)
    assert pcm.level_dbfs(lone_step) == pcm.SILENCE_DBFS


def test_an_odd_last_byte_does_not_count() -> None:
    assert pcm.level_dbfs(b"\xe8\x03\xe8\x03\x7f") == pcm.level_dbfs(b"\xe8\x03\xe8\x03")
