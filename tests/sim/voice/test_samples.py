"""Whole stretches of sound."""

import numpy as np
import pytest

from bridge.sim.voice.samples import Samples, from_pcm, level_dbfs, resample, to_pcm


def tone(hz: float, rate_hz: int, seconds: float = 1.5) -> Samples:
    times = np.arange(int(rate_hz * seconds)) / rate_hz
    return (0.5 * np.sin(2 * np.pi * hz * times)).astype(np.float32)


def middle(sound: Samples) -> Samples:
    return sound[sound.size // 4 : -sound.size // 4]


@pytest.mark.parametrize(
    ("source_hz", "target_hz"), [(48000, 8000), (24000, 16000), (8000, 16000), (16000, 16000)]
)
def test_a_tone_is_the_same_tone_at_another_rate(source_hz: int, target_hz: int) -> None:
    sound = resample(tone(1000, source_hz), source_hz, target_hz)
    wanted = tone(1000, target_hz)
    assert sound.size == wanted.size
    assert np.abs(middle(sound) - middle(wanted)).max() < 0.001


def test_what_the_lower_rate_cannot_hold_is_gone() -> None:
    assert level_dbfs(middle(resample(tone(5000, 48000), 48000, 8000))) < -60


@pytest.mark.parametrize(("hz", "passes"), [(100, False), (400, True), (3300, True), (3600, False)])
def test_a_band_keeps_what_is_within(hz: float, passes: bool) -> None:
    sound = middle(resample(tone(hz, 48000), 48000, 8000, (300, 3400)))
    assert (level_dbfs(sound) > -9.1) if passes else (level_dbfs(sound) < -60)


def test_full_scale_is_held_and_never_wraps() -> None:
    pcm = to_pcm(np.array([-2, -1, 0, 0.5, 1, 2], np.float32))
    assert np.frombuffer(pcm, "<i2").tolist() == [-32768, -32768, 0, 16384, 32767, 32767]


def test_pcm_is_the_same_after_a_round_trip() -> None:
    pcm = np.arange(-32768, 32768).astype("<i2").tobytes()
    assert to_pcm(from_pcm(pcm)) == pcm


def test_levels_are_against_full_scale() -> None:
    assert level_dbfs(np.full(10, 0.1, np.float32)) == pytest.approx(-20)
    assert level_dbfs(np.zeros(10, np.float32)) == -120
    assert level_dbfs(np.zeros(0, np.float32)) == -120
