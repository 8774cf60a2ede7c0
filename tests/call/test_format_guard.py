"""Audio that is not what was agreed is spoken of, once and soon."""

import numpy as np
import pytest

from bridge.call.format_guard import WINDOW_BYTES, FormatGuard
from bridge.wire.session import AudioFormat
from bridge.wire.twilio import Media
from telcodecs.g711 import ulaw_encode


def voiced(ms: int, rate_hz: int, peak: float = 9000.0) -> bytes:
    """PCM16 like a voice: a buzz of harmonics that swells and fades."""
    t = np.arange(ms * rate_hz // 1000) / rate_hz
    wave = sum(np.sin(2 * np.pi * 140 * k * t) / k for k in range(1, 12))
    wave = wave * (0.55 + 0.45 * np.sin(2 * np.pi * 3 * t))
    scaled: bytes = (wave / np.abs(wave).max() * peak).astype("<i2").tobytes()
    return scaled


def as_format(audio_format: AudioFormat, ms: int, peak: float = 9000.0) -> bytes:
    if audio_format == "pcm16":
        return voiced(ms, 24000, peak)
    return ulaw_encode(voiced(ms, 8000, peak))


def notes(guard: FormatGuard, audio: bytes, delta_bytes: int = 800) -> list[str]:
    deltas = (audio[at : at + delta_bytes] for at in range(0, len(audio), delta_bytes))
    return [note.detail for delta in deltas for note in guard.from_model(delta)]


@pytest.mark.parametrize("agreed", ["pcm16", "g711_ulaw"])
@pytest.mark.parametrize("peak", [0.0, 60.0, 3000.0, 20000.0])
def test_audio_as_agreed_is_never_spoken_of(agreed: AudioFormat, peak: float) -> None:
    assert notes(FormatGuard(agreed), as_format(agreed, 2000, peak)) == []


@pytest.mark.parametrize(
    ("agreed", "sent", "rates"),
    [("pcm16", "g711_ulaw", (8000, 48000)), ("g711_ulaw", "pcm16", (48000, 8000))],
)
def test_the_other_format_is_spoken_of_once_within_200_ms(
    agreed: AudioFormat, sent: AudioFormat, rates: tuple[int, int]
) -> None:
    guard = FormatGuard(agreed)
    audio = as_format(sent, 2000)
    assert notes(guard, audio[:WINDOW_BYTES]) == [
        f"the model sends {rates[0]} bytes a second of sound, agreed: {rates[1]}"
    ]
    assert notes(guard, audio[WINDOW_BYTES:]) == []


def test_a_window_is_judged_when_it_is_full() -> None:
    guard = FormatGuard("pcm16")
    wrong = as_format("g711_ulaw", 200)
    assert guard.from_model(wrong[:-1]) == []
    assert len(guard.from_model(wrong[-1:])) == 1


def carrier(guard: FormatGuard, frame_bytes: int, step_ms: int, frames: int = 40) -> list[str]:
    return [
        note.detail
        for n in range(frames)
        for note in guard.from_carrier(Media(b"\xff" * frame_bytes, 100 + n * step_ms))
    ]


@pytest.mark.parametrize("frame_bytes", [160, 200])
def test_a_carrier_that_keeps_its_rate_is_not_spoken_of(frame_bytes: int) -> None:
    assert carrier(FormatGuard("pcm16"), frame_bytes, 20) == []


def test_a_carrier_that_sends_more_bytes_than_time_is_spoken_of_once() -> None:
    assert carrier(FormatGuard("pcm16"), 320, 20) == [
        "the carrier sends 16000 bytes a second of sound, agreed: 8000"
    ]


def test_a_rate_that_changes_is_noticed_however_long_it_was_right() -> None:
    guard = FormatGuard("pcm16")
    for n in range(500):
        assert guard.from_carrier(Media(b"\xff" * 160, n * 20)) == []
    doubled = [Media(b"\xff" * 320, (500 + n) * 20) for n in range(20)]
    assert len([note for media in doubled for note in guard.from_carrier(media)]) == 1


def test_frames_sent_twice_are_more_bytes_than_time() -> None:
    guard = FormatGuard("pcm16")
    twice = [Media(b"\xff" * 160, 100 + n // 2 * 20) for n in range(40)]
    assert len([note for media in twice for note in guard.from_carrier(media)]) == 1


def test_it_speaks_up_within_200_ms_of_the_carrier_s_sound() -> None:
    assert len(carrier(FormatGuard("pcm16"), 320, 20, frames=11)) == 1
    assert carrier(FormatGuard("pcm16"), 320, 20, frames=10) == []


def test_lost_frames_and_jumps_of_the_clock_are_not_its_business() -> None:
    assert carrier(FormatGuard("pcm16"), 160, 60) == []
    assert carrier(FormatGuard("pcm16"), 320, 1000) == []
    assert carrier(FormatGuard("pcm16"), 320, -20) == []
