"""Time code that comes back out of what a caller appended."""

import numpy as np
import pytest

from bridge.sim.model.caller_code import CallerCode
from bridge.sim.voice.timecode import LEVEL_DBFS, encode


def read(code: CallerCode, pcm: bytes, rate_hz: int, piece_bytes: int) -> list[list[int]]:
    for at in range(0, len(pcm), piece_bytes):
        code.push(pcm[at : at + piece_bytes], rate_hz)
    return code.runs()


@pytest.mark.parametrize("rate_hz", [8_000, 24_000])
@pytest.mark.parametrize("piece_bytes", [320, 962, 50_000])
def test_runs_say_where_which_slots_lie(rate_hz: int, piece_bytes: int) -> None:
    silence = bytes(2 * rate_hz // 2)  # half a second
    pcm = encode(3, 5_000, rate_hz) + silence + encode(7, 600, rate_hz)
    assert read(CallerCode(), pcm, rate_hz, piece_bytes) == [[0, 3, 0, 250], [5_500, 7, 0, 30]]


def test_a_piece_that_is_lost_begins_a_run() -> None:
    pcm = encode(3, 1_000, 8_000)
    frame = 320
    lost = pcm[: 20 * frame] + pcm[25 * frame :]
    assert read(CallerCode(), lost, 8_000, frame) == [[0, 3, 0, 20], [400, 3, 25, 25]]


def test_what_was_told_once_stays_as_it_was_told() -> None:
    code = CallerCode()
    code.push(encode(1, 200, 8_000), 8_000)
    told = code.runs()
    code.push(encode(1, 400, 8_000)[2 * 1_600 :], 8_000)
    assert told == [[0, 1, 0, 10]]
    code.close()
    assert code.runs() == [[0, 1, 0, 20]]


@pytest.mark.parametrize("rate_hz", [8_000, 24_000])
def test_each_run_has_its_level(rate_hz: int) -> None:
    loud = encode(3, 1_000, rate_hz)
    faint = (np.frombuffer(encode(7, 600, rate_hz), "<i2") // 10).astype("<i2").tobytes()
    code = CallerCode()
    read(code, loud + bytes(2 * rate_hz) + faint, rate_hz, 320)
    assert code.levels_dbfs() == pytest.approx([LEVEL_DBFS, LEVEL_DBFS - 20], abs=0.2)
    assert len(code.runs()) == 2
