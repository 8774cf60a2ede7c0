"""A call in two channels."""

import wave
from pathlib import Path

import numpy as np

from bridge.sim.stereo import write_stereo
from telcodecs.g711 import ulaw_decode


def test_left_and_right_are_what_was_given_as_long_as_the_shorter(tmp_path: Path) -> None:
    left, right = bytes(range(256)), bytes(range(255, 55, -1))
    write_stereo(tmp_path / "call.wav", left, right)
    with wave.open(str(tmp_path / "call.wav")) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, 8000, 2)
        sides = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    assert sides[:, 0].tobytes() == ulaw_decode(left[:200])
    assert sides[:, 1].tobytes() == ulaw_decode(right)
