"""Speech to text on real recordings."""

from pathlib import Path

import numpy as np
import pytest

from bridge.sim.recordings import two_cities
from bridge.sim.voice.parts import VoiceMissing, moonshine_weights
from bridge.sim.voice.samples import Samples
from bridge.sim.voice.transcriber import (
    LONGEST_SAMPLES,
    RATE_HZ,
    Transcriber,
    pieces,
    text_of,
    trimmed,
)
from bridge.sim.word_errors import word_error_rate
from telcodecs.g711 import ulaw_decode
from telcodecs.resample import Upsampler


@pytest.fixture(scope="module")
def transcriber() -> Transcriber:
    return Transcriber()


def test_a_telephone_recording_is_understood_at_both_rates(transcriber: Transcriber) -> None:
    utterance = two_cities()[4]
    narrow = ulaw_decode(utterance.ulaw)
    up = Upsampler()
    wide = up.push(narrow) + up.flush()
    for pcm, rate_hz in ((narrow, 8000), (wide, 24000)):
        heard = transcriber.transcribe(pcm, rate_hz)
        assert word_error_rate(utterance.text, heard) <= 0.1, heard


def test_silence_has_no_words(transcriber: Transcriber) -> None:
    assert transcriber.transcribe(bytes(48000), 24000) == ""


@pytest.mark.parametrize("samples", [0, 1, 100, 800])
def test_a_sound_too_short_for_the_network_does_no_harm(
    transcriber: Transcriber, samples: int
) -> None:
    assert isinstance(transcriber.transcribe(b"\x00\x20" * samples, 8000), str)


def noise_with_pause(seconds: float, pause_s: float) -> Samples:
    sound = np.random.default_rng(1).normal(0, 0.1, int(seconds * RATE_HZ)).astype(np.float32)
    sound[int(pause_s * RATE_HZ) : int((pause_s + 0.3) * RATE_HZ)] = 0
    return sound


def test_a_long_turn_is_cut_in_its_pauses_and_nothing_is_lost() -> None:
    sound = noise_with_pause(40, pause_s=13.5)
    cut = pieces(sound)
    assert all(piece.size <= LONGEST_SAMPLES for piece in cut)
    assert np.array_equal(np.concatenate(cut), sound)
    assert 13.5 * RATE_HZ <= cut[0].size <= 13.8 * RATE_HZ


def test_the_quiet_around_words_is_cut_to_a_margin() -> None:
    words = np.full(RATE_HZ, 0.3, np.float32)
    for before_s, after_s in ((1.0, 2.0), (0.0, 0.5), (0.05, 0.0)):
        quiet = [np.full(int(each * RATE_HZ), 0.001, np.float32) for each in (before_s, after_s)]
        seconds = trimmed(np.concatenate([quiet[0], words, quiet[1]])).size / RATE_HZ
        assert seconds == pytest.approx(min(before_s, 0.15) + 1.0 + min(after_s, 0.15))


def test_tokens_are_spaces_raw_bytes_and_text() -> None:
    tokens = ["\u2581caf".encode(), b"<0xC3>", b"<0xA9>", "\u2581au".encode()]
    assert text_of(tokens) == "caf\u00e9 au"


def test_missing_weights_are_refused_with_their_mend(tmp_path: Path) -> None:
    with pytest.raises(VoiceMissing, match=r"absent.*pip install 'moonshine-voice==0\.1\.0'"):
        moonshine_weights(tmp_path)


def test_other_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "encoder_model.ort").write_bytes(b"of another release")
    with pytest.raises(VoiceMissing, match=r"has sha256 .*mend: pip install --force-reinstall"):
        moonshine_weights(tmp_path)
