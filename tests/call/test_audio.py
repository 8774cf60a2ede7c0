"""The two legs: telephone to model and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.call.audio import GAP_FILL_MAX_MS, InboundLeg, OutboundLeg
from bridge.wire.twilio import Media
from telcodecs.g711 import ulaw_decode, ulaw_encode
from telcodecs.resample import Downsampler, Upsampler
from tests.call.phone import sound

SILENCE = b"\xff" * 160


def frame(at_ms: int, byte: int = 0x55) -> Media:
    return Media(sound(20, byte), at_ms)


def test_pass_through_is_byte_identical() -> None:
    leg = InboundLeg("g711_ulaw")
    assert [leg.push(frame(at, at % 256)) for at in (5, 25, 45)] == [
        sound(20, 5),
        sound(20, 25),
        sound(20, 45),
    ]


def test_the_model_gets_the_caller_at_24_khz() -> None:
    leg = InboundLeg("pcm16")
    frames = [frame(at, byte) for at, byte in ((0, 0x12), (20, 0x90), (40, 0x33))]
    wanted = Upsampler().push(ulaw_decode(b"".join(f.payload for f in frames)))
    assert b"".join(map(leg.push, frames)) == wanted


def test_a_jump_of_the_timestamp_is_filled_with_silence() -> None:
    # Silence suppression or loss: the recogniser's clock counts bytes.
    leg = InboundLeg("g711_ulaw")
    leg.push(frame(118))
    assert leg.push(frame(178)) == SILENCE * 2 + sound(20)
    assert leg.filled_ms == 40
    assert leg.push(frame(198)) == sound(20)


def test_a_filled_gap_goes_through_the_filter_too() -> None:
    leg = InboundLeg("pcm16")
    wanted = Upsampler().push(ulaw_decode(sound(20) + SILENCE + sound(20)))
    assert leg.push(frame(0)) + leg.push(frame(40)) == wanted


def test_the_stream_s_first_timestamp_is_no_gap() -> None:
    leg = InboundLeg("g711_ulaw")
    assert leg.push(frame(900)) == sound(20)
    assert leg.filled_ms == 0


def test_a_stall_is_no_gap() -> None:
    # Late frames come in a burst; their timestamps go on as if nothing had been.
    leg = InboundLeg("g711_ulaw")
    assert b"".join(leg.push(frame(at)) for at in range(0, 400, 20)) == sound(400)
    assert (leg.filled_ms, leg.skipped_ms) == (0, 0)


@pytest.mark.parametrize("step_ms", [0, 5, 39])
def test_less_than_a_frame_is_no_gap(step_ms: int) -> None:
    leg = InboundLeg("g711_ulaw")
    leg.push(frame(100))
    assert leg.push(frame(100 + step_ms)) == sound(20)


def test_a_clock_that_runs_back_is_no_gap() -> None:
    leg = InboundLeg("g711_ulaw")
    leg.push(frame(5000))
    assert leg.push(frame(0)) == sound(20)
    assert leg.push(frame(20)) == sound(20)


@pytest.mark.parametrize("beyond_ms", [0, 20, 600_000])
def test_a_gap_is_filled_up_to_the_bound_and_the_rest_is_skipped(beyond_ms: int) -> None:
    leg = InboundLeg("g711_ulaw")
    leg.push(frame(0))
    at_ms = 20 + GAP_FILL_MAX_MS + beyond_ms
    assert leg.push(frame(at_ms)) == SILENCE * 50 + sound(20)
    assert (leg.filled_ms, leg.skipped_ms) == (GAP_FILL_MAX_MS, beyond_ms)
    assert leg.push(frame(at_ms + 20)) == sound(20)


def test_the_caller_gets_whole_frames() -> None:
    leg = OutboundLeg("g711_ulaw")
    assert leg.push(sound(15)) == b""
    assert leg.push(sound(15, 2)) == sound(15) + sound(5, 2)
    assert leg.duration_ms(sound(15)) == 15.0


def test_the_last_short_frame_is_flushed_with_its_answer() -> None:
    leg = OutboundLeg("g711_ulaw")
    leg.push(sound(30))
    assert leg.flush() == sound(10) + b"\xff" * 80
    assert leg.flush() == b""
    assert leg.push(sound(20, 2)) == sound(20, 2)


def test_the_filter_s_tail_is_flushed_with_its_answer() -> None:
    leg = OutboundLeg("pcm16")
    pcm = bytes(range(256)) * 19  # 4864 bytes: 101.33 ms
    heard = leg.push(pcm) + leg.flush()
    down = Downsampler()
    wanted = ulaw_encode(down.push(pcm) + down.flush())
    assert heard == wanted.ljust(960, b"\xff")
    assert leg.duration_ms(pcm) == pytest.approx(101.33, abs=0.01)


def test_after_a_reset_nothing_of_the_old_answer_is_left() -> None:
    for audio_format in ("pcm16", "g711_ulaw"):
        used = OutboundLeg(audio_format)
        used.push(b"\x11\x22" * 777)
        used.reset()
        fresh = OutboundLeg(audio_format)
        pcm = b"\x01\x10" * 2000
        assert used.push(pcm) + used.flush() == fresh.push(pcm) + fresh.flush()


@given(st.lists(st.binary(max_size=2000), max_size=6), st.booleans())
def test_it_does_not_matter_how_the_deltas_are_cut(deltas: list[bytes], pcm: bool) -> None:
    pieces, whole = (OutboundLeg("pcm16" if pcm else "g711_ulaw") for _ in range(2))
    heard = b"".join(map(pieces.push, deltas)) + pieces.flush()
    assert heard == whole.push(b"".join(deltas)) + whole.flush()
    assert len(heard) % 160 == 0
