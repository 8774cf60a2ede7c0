"""What a stream may rely on; how it sounds is measured in test_resample_quality."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telcodecs import lowpass
from telcodecs.resample import Downsampler, Upsampler

Resampler = Upsampler | Downsampler
KINDS = [Upsampler, Downsampler]
kinds = pytest.mark.parametrize("kind", KINDS)


def noise(n_bytes: int, seed: int = 1) -> bytes:
    return np.random.default_rng(seed).bytes(n_bytes)


def whole(resampler: Resampler, pcm: bytes) -> bytes:
    return resampler.push(pcm) + resampler.flush()


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    length=st.integers(0, 4000),
    cuts=st.lists(st.integers(0, 4000), max_size=12),
    seed=st.integers(0, 99),
)
def test_any_cutting_gives_the_same_bytes(
    kind: type[Resampler], length: int, cuts: list[int], seed: int
) -> None:
    pcm = noise(length, seed)
    edges = sorted([0, length, *(cut for cut in cuts if cut < length)])
    resampler = kind()
    pieces = [resampler.push(pcm[start:end]) for start, end in pairwise(edges)]
    assert b"".join(pieces) == kind().push(pcm)
    assert b"".join(pieces) + resampler.flush() == whole(kind(), pcm)


@kinds
@pytest.mark.parametrize("size", [1, 7, 333])
def test_odd_pieces_give_the_same_as_one_push(kind: type[Resampler], size: int) -> None:
    pcm = noise(1500)
    resampler = kind()
    pieces = [resampler.push(pcm[at : at + size]) for at in range(0, len(pcm), size)]
    assert b"".join(pieces) == kind().push(pcm)


@kinds
def test_a_second_of_audio_in_one_push_is_the_same_as_in_frames(kind: type[Resampler]) -> None:
    pcm = noise(48_000)
    resampler = kind()
    frames = [resampler.push(pcm[at : at + 320]) for at in range(0, len(pcm), 320)]
    assert b"".join(frames) == kind().push(pcm)


@kinds
def test_the_matrix_product_equals_the_sum_in_integers(kind: type[Resampler]) -> None:
    """Against the convolution written out in Python's own integers, rounded half to even."""
    samples = [int(s) for s in np.random.default_rng(3).integers(-20000, 20000, 700)]
    up = kind is Upsampler
    step, hop, gain, many = (3, 1, 3, 2100) if up else (1, 3, 1, 234)

    def exact(at: int) -> int:
        total = 0
        for index, tap in enumerate(lowpass.COEFFICIENTS):
            source, between = divmod(at + lowpass.LOOKAHEAD - index, step)
            if between == 0 and 0 <= source < len(samples):
                total += gain * tap * samples[source]
        quotient, rest = divmod(total, lowpass.ONE)
        half = lowpass.ONE // 2
        return quotient + (rest > half or (rest == half and quotient % 2 == 1))

    expected = [min(max(exact(at * hop), -32768), 32767) for at in range(many)]
    pcm = np.array(samples, "<i2").tobytes()
    assert np.frombuffer(whole(kind(), pcm), "<i2").tolist() == expected


@pytest.mark.parametrize("count", [0, 1, 2, 3, 15, 16, 17, 47, 48, 49, 50, 160, 481, 2000])
def test_after_a_flush_no_sample_is_missing_or_extra(count: int) -> None:
    pcm = noise(2 * count)
    assert len(whole(Upsampler(), pcm)) == 2 * 3 * count
    assert len(whole(Downsampler(), pcm)) == 2 * -(-count // 3)


@kinds
def test_half_a_sample_at_the_end_is_no_sample(kind: type[Resampler]) -> None:
    pcm = noise(500)
    assert whole(kind(), pcm + b"\x7f") == whole(kind(), pcm)


@kinds
def test_a_push_holds_back_two_milliseconds(kind: type[Resampler]) -> None:
    from_hz, to_hz = (8000, 24000) if kind is Upsampler else (24000, 8000)
    out = kind().push(noise(2 * from_hz // 10))
    assert kind.delay_ms == 2.0
    assert len(out) == 2 * round(to_hz * (0.1 - kind.delay_ms / 1000))


@kinds
def test_a_flushed_resampler_is_as_new(kind: type[Resampler]) -> None:
    used = kind()
    whole(used, noise(1001, seed=7))
    assert whole(used, noise(900)) == whole(kind(), noise(900))
    assert used.flush() == b""


@kinds
def test_a_reset_forgets_everything(kind: type[Resampler]) -> None:
    used = kind()
    used.push(noise(1001, seed=7))
    used.reset()
    assert whole(used, noise(900)) == whole(kind(), noise(900))


@kinds
def test_two_streams_do_not_hear_each_other(kind: type[Resampler]) -> None:
    one, other = kind(), kind()
    first = one.push(noise(600, seed=1))
    other.push(noise(600, seed=2))
    assert first + one.push(noise(600, seed=3)) + one.flush() == whole(
        kind(), noise(600, seed=1) + noise(600, seed=3)
    )


@kinds
def test_full_scale_never_wraps(kind: type[Resampler]) -> None:
    """A full-scale square wave overshoots at its edges; the result stays at the rail."""
    half = 120 if kind is Downsampler else 40  # 100 Hz
    square = np.repeat(np.resize([32767, -32768], 20), half).astype("<i2")
    out = np.frombuffer(whole(kind(), square.tobytes()), "<i2").astype(int)
    period = 40 if kind is Downsampler else 120  # samples of each half wave
    middle = out.reshape(-1, period)[:, 5:-5]
    assert (middle[0::2] > 25000).all() and (middle[1::2] < -25000).all()
    assert out.max() == 32767 and out.min() == -32768


@kinds
def test_silence_stays_silent(kind: type[Resampler]) -> None:
    assert not any(whole(kind(), bytes(3000)))


def test_a_click_keeps_its_time() -> None:
    click = np.zeros(400, "<i2")
    click[100] = 20000
    up = np.frombuffer(whole(Upsampler(), click.tobytes()), "<i2")
    assert int(np.argmax(up)) == 300
    click = np.zeros(1200, "<i2")
    click[300] = 20000
    down = np.frombuffer(whole(Downsampler(), click.tobytes()), "<i2")
    assert int(np.argmax(down)) == 100


def test_the_first_samples_of_a_stream_are_kept() -> None:
    """No start-up loss: speech that begins at once comes back whole from both ways."""
    t = np.arange(800) / 8000
    speech = np.rint(12000 * np.sin(2 * np.pi * 1000 * t)).astype("<i2")
    back = whole(Downsampler(), whole(Upsampler(), speech.tobytes()))
    heard = np.frombuffer(back, "<i2").astype(float)
    assert np.abs(heard[8:-8] - speech[8:-8]).max() < 0.05 * 12000
    assert np.abs(heard[:8] - speech[:8]).max() < 0.15 * 12000
