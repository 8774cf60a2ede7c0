"""Frames between a process and its voice worker."""

import io

import pytest

from bridge.sim.voice.frames import (
    LENGTH,
    Body,
    Close,
    Drop,
    Frame,
    FrameError,
    Ready,
    ends,
    pack,
    read,
)
from bridge.sim.voice.jobs import (
    Detect,
    Failed,
    Probabilities,
    Result,
    Speak,
    Speech,
    Transcribe,
    Transcript,
)

BODIES: list[Body] = [
    Detect(b"\x00\xff", 8000),
    Transcribe(bytes(4), 24000),
    Speak("Caf\u00e9", "ada", None),
    Speak("x", "ada", 1200),
    Probabilities((0.5, 0.25)),
    Transcript(""),
    Speech("a", b"\x01", last=False),
    Failed("why"),
    Ready(),
    Drop(),
    Close(),
]


@pytest.mark.parametrize("body", BODIES, ids=repr)
def test_a_frame_comes_back_as_it_was(body: Body) -> None:
    frame = Frame(3, 70000, body)
    assert read(io.BytesIO(pack(frame))) == frame


def test_frames_follow_each_other_and_the_end_is_the_end() -> None:
    stream = io.BytesIO(b"".join(pack(Frame(1, number, Drop())) for number in range(3)))
    assert [frame.number for frame in iter(lambda: read(stream), None)] == [0, 1, 2]


@pytest.mark.parametrize("cut", [1, 4, 6])
def test_a_stream_that_ends_within_a_frame_has_ended(cut: int) -> None:
    assert read(io.BytesIO(pack(Frame(1, 1, Drop()))[:cut])) is None


@pytest.mark.parametrize(
    "data",
    [
        b"hello, this is a library that prints",
        LENGTH.pack(3) + b"\x01\x02\x03",
        pack(Frame(1, 1, Drop())).replace(b"Drop", b"Dorp"),
        pack(Frame(1, 1, Transcript("text"))).replace(b"Transcript", b"Transcribe"),
    ],
)
def test_what_is_no_frame_is_an_error(data: bytes) -> None:
    with pytest.raises(FrameError):
        read(io.BytesIO(data))


@pytest.mark.parametrize(
    ("result", "last"),
    [
        (Probabilities(()), True),
        (Transcript("a"), True),
        (Failed("b"), True),
        (Speech("c", b"", last=False), False),
        (Speech("c", b"", last=True), True),
    ],
)
def test_a_job_ends_with_its_last_result(result: Result, last: bool) -> None:
    assert ends(result) is last
