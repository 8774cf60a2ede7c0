"""The input buffer counts bytes."""

import pytest

from bridge.sim.model.audio_format import ALAW, FORMATS, PCM16, ULAW, AudioFormat
from bridge.sim.model.input_buffer import InputBuffer
from tests.sim.model.client import pcm


@pytest.mark.parametrize("audio_format", FORMATS, ids=lambda f: f.name)
def test_milliseconds_are_bytes(audio_format: AudioFormat) -> None:
    buffer = InputBuffer()
    buffer.append(bytes(audio_format.bytes_per_ms * 250), audio_format)
    assert (buffer.end_ms, buffer.uncommitted_ms) == (250, 250)


def test_half_a_sample_waits_for_its_other_half() -> None:
    buffer, stream = InputBuffer(), pcm(3, 0x1234)
    taken = b"".join(buffer.append(stream[at : at + 5], PCM16) for at in range(0, len(stream), 5))
    assert taken == stream
    assert buffer.cut_all() == stream


def test_a_cut_takes_its_stretch_and_leaves_what_follows() -> None:
    buffer = InputBuffer()
    buffer.append(pcm(100, 1) + pcm(100, 2) + pcm(100, 3), PCM16)
    assert buffer.cut(100, 200) == pcm(100, 2)
    assert buffer.cut_all() == pcm(100, 3)
    assert buffer.uncommitted_ms == 0


def test_a_cut_may_reach_back_into_what_was_committed() -> None:
    buffer = InputBuffer()
    buffer.append(pcm(100, 1) + pcm(100, 2), PCM16)
    buffer.cut(0, 100)
    assert buffer.cut(50, 150) == pcm(50, 1) + pcm(50, 2)


def test_what_is_forgotten_is_no_longer_there_to_commit() -> None:
    buffer = InputBuffer()
    buffer.append(pcm(100, 1) + pcm(100, 2), PCM16)
    buffer.forget_before(150)
    assert buffer.uncommitted_ms == 150
    assert buffer.cut_all() == pcm(50, 1) + pcm(100, 2)
    assert buffer.end_ms == 200


def test_clear_keeps_the_clock() -> None:
    buffer = InputBuffer()
    buffer.append(pcm(100), PCM16)
    buffer.clear()
    buffer.append(pcm(30), PCM16)
    assert (buffer.end_ms, buffer.uncommitted_ms) == (130, 30)


@pytest.mark.parametrize("audio_format", [ULAW, ALAW], ids=lambda f: f.name)
def test_g711_is_kept_as_pcm_at_8_khz(audio_format: AudioFormat) -> None:
    buffer = InputBuffer()
    codes = bytes(range(256)) * 2
    assert buffer.append(codes, audio_format) == audio_format.decode(codes)
    assert buffer.rate_hz == 8_000
    assert buffer.cut(8, 16) == audio_format.decode(codes[64:128])
