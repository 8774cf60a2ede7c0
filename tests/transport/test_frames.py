"""Frames of one shape, held against the library that knows all shapes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.protocol import CLIENT, SERVER, Protocol, Side, State

from bridge.transport.frames import (
    Masks,
    TooLong,
    frame_end,
    masked_text,
    masked_text_at,
    plain_text,
)

SIZES = (0, 1, 125, 126, 127, 300, 65_535, 65_536, 70_000)


def by_library(side: Side, data: bytes) -> list[bytes]:
    peer = Protocol(side, state=State.OPEN, max_size=None)
    peer.receive_data(data)
    assert peer.parser_exc is None
    return [bytes(frame.data) for frame in peer.events_received() if isinstance(frame, Frame)]


@pytest.mark.parametrize("size", SIZES)
def test_what_is_written_is_read_by_the_library(size: int) -> None:
    payload = bytes(ord("a") + n % 26 for n in range(size))
    assert by_library(SERVER, masked_text(payload, b"\x01\x02\x03\x04")) == [payload]
    assert by_library(CLIENT, plain_text(payload)) == [payload]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.binary(max_size=300), max_size=6), st.integers(0, 2_000))
def test_whole_frames_are_read_and_the_rest_waits(messages: list[bytes], cut: int) -> None:
    masks = Masks()
    frames = [masked_text(message, masks.next()) for message in messages]
    data = b"".join(frames)[:cut]
    read, at = [], 0
    while (end := frame_end(data, at)) is not None:
        read.append(masked_text_at(data, at, end))
        at = end
    assert read == messages[: len(read)]
    assert at == sum(len(frame) for frame in frames[: len(read)])
    assert len(read) == len(messages) or len(data) - at < len(frames[len(read)])


@pytest.mark.parametrize(
    "frame",
    [
        Frame(Opcode.TEXT, b"half", fin=False).serialize(mask=True),
        Frame(Opcode.BINARY, b"\0").serialize(mask=True),
        Frame(Opcode.PING, b"?").serialize(mask=True),
        Frame(Opcode.TEXT, b"bare").serialize(mask=False),
        b"\xc1\x80\x00\x00\x00\x00",  # a reserved bit
    ],
)
def test_every_other_frame_is_left_to_the_library(frame: bytes) -> None:
    assert frame_end(frame, 0) == len(frame)
    assert masked_text_at(frame, 0, len(frame)) is None


def test_a_frame_beyond_64_kib_is_not_waited_for() -> None:
    with pytest.raises(TooLong):
        frame_end(Frame(Opcode.TEXT, b"x" * 65_536).serialize(mask=True)[:20], 0)


def test_masks_do_not_repeat() -> None:
    masks = Masks()
    drawn = [masks.next() for _ in range(1_000)]
    assert {len(mask) for mask in drawn} == {4}
    assert len(set(drawn)) > 990
