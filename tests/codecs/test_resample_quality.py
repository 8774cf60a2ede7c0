"""How the resamplers sound: tones through the real classes, measured on PCM16."""

import numpy as np
import pytest

from telcodecs.resample import Downsampler, Upsampler
from tests.codecs import measure


def up() -> measure.Push:
    return Upsampler().push


def down() -> measure.Push:
    return Downsampler().push


SPEECH_HZ = [200, 317, 500, 731, 1013, 1459, 1999, 2503, 2801, 3001, 3203, 3301, 3389, 3400]


def test_images_are_100_db_down() -> None:
    below = [213, 1013, 2203, 3001, 3301, *np.arange(3403, 3990, 41)]
    assert measure.worst(measure.image_rejection, up, below) > 100


def test_aliases_are_100_db_down() -> None:
    above = [*np.arange(4010, 4600, 41), 5003, 6007, 7019, 7950, 8103, 9001, 10007, 11003, 11970]
    assert measure.worst(measure.alias_rejection, down, above) > 100


@pytest.mark.parametrize("gain, fresh", [(measure.gain_up, up), (measure.gain_down, down)])
def test_speech_keeps_its_level_within_a_tenth_of_a_decibel(
    gain: measure.Measure, fresh: measure.Fresh
) -> None:
    assert measure.ripple(gain, fresh, SPEECH_HZ) < 0.1


def test_the_delay_is_what_the_classes_say() -> None:
    assert measure.delay_ms(up, 8000, 24000) == pytest.approx(Upsampler.delay_ms, abs=0.02)
    assert measure.delay_ms(down, 24000, 8000) == pytest.approx(Downsampler.delay_ms, abs=0.02)
    assert Upsampler.delay_ms <= 3 and Downsampler.delay_ms <= 3
