"""Sound that says which millisecond of which item it is."""

from time import perf_counter

import numpy as np
import pytest

from bridge.sim.recordings import two_cities
from bridge.sim.voice.timecode import SLOTS, Slot, decode, decode_all, encode
from telcodecs.g711 import ulaw_encode
from telcodecs.resample import Downsampler


def telephone(pcm: bytes, rate_hz: int) -> bytes:
    if rate_hz == 8000:
        return ulaw_encode(pcm)
    down = Downsampler()
    return ulaw_encode(down.push(pcm) + down.flush())


@pytest.mark.parametrize("rate_hz", [8000, 24000])
def test_every_slot_of_a_minute_comes_back(rate_hz: int) -> None:
    heard = decode_all(telephone(encode(5, SLOTS * 20, rate_hz), rate_hz))
    assert heard == [Slot(5, slot) for slot in range(SLOTS)]


def test_streams_are_told_apart() -> None:
    for stream in range(16):
        assert decode(ulaw_encode(encode(stream, 20, 8000))) == Slot(stream, 0)
    assert decode(ulaw_encode(encode(17, 20, 8000))) == Slot(1, 0)


@pytest.mark.parametrize("offset", [1, 8, 24, 60, 79, 81, 100, 136, 159])
def test_a_frame_across_two_slots_is_the_one_it_holds_most_of(offset: int) -> None:
    ulaw = telephone(encode(11, 30_000, 24000), 24000)[offset:]
    expected = [Slot(11, slot + (offset > 80)) for slot in range(len(ulaw) // 160)]
    heard = decode_all(ulaw)
    wrong = [pair for pair in zip(heard, expected, strict=True) if pair[0] != pair[1]]
    if 60 < offset < 100:  # nearly half and half
        assert all(
            heard is not None and abs(heard.slot - expected.slot) == 1 for heard, expected in wrong
        )
    else:
        assert not wrong


def test_a_frame_halved_by_two_slots_is_one_of_them() -> None:
    ulaw = telephone(encode(3, 61_000, 24000), 24000)[80:]
    for slot, heard in enumerate(decode_all(ulaw)):
        assert heard in (Slot(3, slot), Slot(3, slot + 1))


def test_a_code_at_another_level_is_read_all_the_same() -> None:
    pcm = np.frombuffer(encode(2, 2000, 8000), "<i2")
    quiet = (pcm * 0.1).astype("<i2").tobytes()
    assert decode_all(ulaw_encode(quiet)) == [Slot(2, slot) for slot in range(100)]


def test_silence_noise_and_speech_are_not_code() -> None:
    noise = np.random.default_rng(1).normal(0, 3000, 80_000).astype("<i2").tobytes()
    voices = b"".join(utterance.ulaw for utterance in two_cities())
    for other in (b"\xff" * 16000, b"\x7f" * 16000, ulaw_encode(noise), voices):
        assert set(decode_all(other)) == {None}


def test_a_code_that_breaks_off_in_mid_frame_is_code_for_its_bigger_part() -> None:
    code, silence = ulaw_encode(encode(1, 40, 8000)), b"\xff" * 160
    assert decode(code[160:290] + silence[:30]) == Slot(1, 1)
    assert decode(code[160:190] + silence[:130]) is None


def test_a_length_between_slots_is_kept() -> None:
    assert len(encode(0, 1234, 24000)) == 1234 * 48
    assert len(encode(0, 0, 24000)) == 0
    assert decode_all(b"") == []


def test_the_level_is_twelve_below_full_scale_without_clipping() -> None:
    samples = np.frombuffer(encode(0, 61_000, 24000), "<i2") / 32768
    assert abs(10 * np.log10(np.mean(samples**2)) + 12) < 0.2
    assert np.abs(samples).max() < 0.95


def test_a_minute_costs_less_than_a_second_both_ways() -> None:
    began = perf_counter()
    decode_all(ulaw_encode(encode(0, 60_000, 8000)))
    encode(0, 60_000, 24000)
    assert perf_counter() - began < 1.0
