"""Frames of one shape, held against the library that knows all shapes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.protocol import CLIENT, SERVER, Protocol, Side, State

from bridge.transport.frames import Masks, Reader, masked_text, plain_text

SIZES = (0, 1, 125, 126, 127, 300, 65_535, 65_536, 70_000)
MAX_BYTES = 100_000


def by_library(side: Side, data: bytes) -> list[bytes]:
    peer = Protocol(side, state=State.OPEN, max_size=None)
    peer.receive_data(data)
    assert peer.parser_exc is None
    return [bytes(frame.data) for frame in peer.events_received() if isinstance(frame, Frame)]


class Library:
    """What the reader does not read itself; it answers with what it was given, in brackets."""

    def __init__(self) -> None:
        self.given: list[bytes] = []

    def __call__(self, data: bytes) -> list[bytes]:
        self.given.append(data)
        return [b"[" + data + b"]"]


def reader(library: Library, *, masked: bool) -> Reader:
    made = Reader(library, masked=masked, max_bytes=MAX_BYTES)
    made.take_over()
    return made


def text(payload: bytes, *, masked: bool, fin: bool = True) -> bytes:
    return Frame(Opcode.TEXT, payload, fin=fin).serialize(mask=masked)


@pytest.mark.parametrize("size", SIZES)
def test_what_is_written_is_read_by_the_library(size: int) -> None:
    payload = bytes(ord("a") + n % 26 for n in range(size))
    assert by_library(SERVER, masked_text(payload, b"\x01\x02\x03\x04")) == [payload]
    assert by_library(CLIENT, plain_text(payload)) == [payload]


@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("size", SIZES)
def test_what_the_library_writes_is_read(size: int, masked: bool) -> None:
    payload = bytes(ord("a") + n % 26 for n in range(size))
    library = Library()
    assert reader(library, masked=masked).read(text(payload, masked=masked)) == [payload]
    assert library.given == []


FRAMES = st.one_of(
    st.builds(lambda data: (Opcode.TEXT, data), st.binary(max_size=300)),
    st.builds(lambda data: (Opcode.PING, data), st.binary(max_size=10)),
    st.builds(lambda data: (Opcode.BINARY, data), st.binary(max_size=200)),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(FRAMES, max_size=6), st.booleans(), st.lists(st.integers(0, 900), max_size=5))
def test_any_cutting_of_the_stream_gives_the_same_messages(
    sent: list[tuple[Opcode, bytes]], masked: bool, cuts: list[int]
) -> None:
    frames = [Frame(opcode, data).serialize(mask=masked) for opcode, data in sent]
    data = b"".join(frames)
    library, found = Library(), list[bytes]()
    reads = reader(library, masked=masked)
    for begin, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(data)], strict=True):
        found += reads.read(data[begin:end])
    others = [f for f, (opcode, _) in zip(frames, sent, strict=True) if opcode is not Opcode.TEXT]
    assert library.given == others
    assert found == [
        payload if opcode is Opcode.TEXT else b"[" + frame + b"]"
        for frame, (opcode, payload) in zip(frames, sent, strict=True)
    ]


@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize(
    "frame",
    [
        text(b"wrongly masked " * 20, masked=False),
        text(b"wrong", masked=False),
        b"\xc1\x80\x00\x00\x00\x00",  # a reserved bit
    ],
)
def test_every_other_frame_is_left_to_the_library(frame: bytes, masked: bool) -> None:
    library = Library()
    if not masked and not frame[0] & 0x40:
        frame = text(b"wrongly masked", masked=True)
    reader(library, masked=masked).read(frame)
    assert library.given == [frame]


def test_the_frames_of_a_message_in_fragments_are_all_the_librarys() -> None:
    long = b"x" * 200
    frames = [
        Frame(Opcode.TEXT, b"half", fin=False).serialize(mask=True),
        Frame(Opcode.PING, b"?").serialize(mask=True),
        text(long, masked=True),  # an error, which only the library can tell
        Frame(Opcode.CONT, b"half").serialize(mask=True),
    ]
    library = Library()
    reads = reader(library, masked=True)
    for frame in frames:
        reads.read(frame)
    assert library.given == frames
    assert reads.read(text(long, masked=True)) == [long]


def test_before_it_takes_over_and_after_it_hands_back_all_is_the_librarys() -> None:
    frame = text(b"x" * 200, masked=False)
    library = Library()
    reads = Reader(library, masked=False, max_bytes=MAX_BYTES)
    reads.read(frame[:50])
    reads.read(frame[50:])
    reads.take_over()
    assert reads.read(frame) == [b"x" * 200]
    reads.hand_back()
    reads.read(frame)
    assert library.given == [frame[:50], frame[50:], frame]


def test_nothing_is_read_behind_a_frame_at_which_the_library_ended() -> None:
    closing = Frame(Opcode.CLOSE, b"\x03\xe8").serialize(mask=False)
    late = text(b"x" * 200, masked=False)

    def library(data: bytes) -> list[bytes]:
        given.append(data)
        reads.hand_back()
        return []

    given: list[bytes] = []
    reads = Reader(library, masked=False, max_bytes=MAX_BYTES)
    reads.take_over()
    assert reads.read(closing + late) == []
    assert given == [closing, late]


@pytest.mark.parametrize("masked", [True, False])
def test_a_frame_that_is_too_long_is_not_waited_for(masked: bool) -> None:
    library = Library()
    reads = reader(library, masked=masked)
    allowed = text(b"x" * MAX_BYTES, masked=masked)
    assert reads.read(allowed[:99]) == []
    assert reads.read(allowed[99:]) == [b"x" * MAX_BYTES]
    begun = text(b"x" * (MAX_BYTES + 1), masked=masked)[:20]
    reads.read(begun)
    reads.read(b"more")
    assert library.given == [begun, b"more"]


def test_masks_do_not_repeat() -> None:
    masks = Masks()
    drawn = [masks.next() for _ in range(1_000)]
    assert {len(mask) for mask in drawn} == {4}
    assert len(set(drawn)) > 990
