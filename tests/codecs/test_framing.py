import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telcodecs.framing import Framer


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=50), max_size=8), st.integers(1, 20), st.integers(0, 255))
def test_any_cutting_gives_the_same_frames(pieces: list[bytes], size: int, pad: int) -> None:
    framer, stream = Framer(size), b"".join(pieces)
    pushed = [framer.push(piece) for piece in pieces]
    assert all(len(frames) % size == 0 for frames in pushed)
    assert framer.held_bytes == len(stream) % size
    whole = b"".join(pushed) + framer.flush(pad)
    assert whole[: len(stream)] == stream
    assert whole[len(stream) :] == bytes([pad]) * (-len(stream) % size)


def test_the_last_short_frame_is_filled_up() -> None:
    framer = Framer(4)
    assert framer.push(b"abcdef") == b"abcd"
    assert framer.flush(0xFF) == b"ef\xff\xff"


def test_a_flush_with_nothing_held_gives_nothing() -> None:
    framer = Framer(4)
    framer.push(b"abcd")
    assert framer.flush(0xFF) == b""


def test_a_flush_leaves_the_framer_as_new() -> None:
    framer = Framer(4)
    framer.push(b"abc")
    framer.flush(0)
    assert framer.held_bytes == 0
    assert framer.push(b"1234") == b"1234"


def test_a_reset_forgets_what_was_held() -> None:
    framer = Framer(4)
    framer.push(b"abc")
    framer.reset()
    assert framer.held_bytes == 0
    assert framer.push(b"1234") == b"1234"


def test_a_frame_without_bytes_is_refused() -> None:
    with pytest.raises(ValueError):
        Framer(0)
