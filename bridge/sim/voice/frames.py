"""What a process and its voice worker write to each other: jobs one way, results the other.

A frame is its length in four bytes, then msgpack: session, job number, kind, body. A job's
number is its own in both directions; number 0 is the worker itself.
"""

import struct
from dataclasses import dataclass
from typing import BinaryIO, get_args

import msgspec

from bridge.sim.voice.jobs import Job, Result, Speech

LENGTH = struct.Struct(">I")
LONGEST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Ready:
    """The worker's engines are warm. Sent once, ahead of every result."""


@dataclass(frozen=True)
class Drop:
    """Nobody waits for this job any more. Not answered."""


@dataclass(frozen=True)
class Close:
    """The session is over, and its detector with it. Not answered."""


Body = Job | Result | Ready | Drop | Close
KINDS = {kind.__name__: kind for kind in get_args(Body)}


@dataclass(frozen=True)
class Frame:
    session: int
    number: int
    body: Body


class FrameError(Exception):
    """The other side does not speak our frames."""


def pack(frame: Frame) -> bytes:
    body = frame.body
    data = msgspec.msgpack.encode((frame.session, frame.number, type(body).__name__, body))
    return LENGTH.pack(len(data)) + data


def unpack(data: bytes) -> Frame:
    """The frame in ``data``, which has no length before it. Raises ``FrameError``."""
    try:
        session, number, kind, raw = msgspec.msgpack.decode(data, type=_Wire)
        return Frame(session, number, msgspec.msgpack.decode(raw, type=KINDS[kind]))
    except (msgspec.MsgspecError, KeyError) as problem:
        raise FrameError(f"not a voice frame: {problem!r}") from problem


_Wire = tuple[int, int, str, msgspec.Raw]


def length_of(prefix: bytes) -> int:
    """Raises ``FrameError`` for a length nobody sends."""
    length: int = LENGTH.unpack(prefix)[0]
    if length > LONGEST_BYTES:
        raise FrameError(f"a frame of {length} bytes")
    return length


def read(stream: BinaryIO) -> Frame | None:
    """The next frame; None when the stream has ended, in the middle of a frame too."""
    prefix = stream.read(LENGTH.size)
    if len(prefix) < LENGTH.size:
        return None
    length = length_of(prefix)
    data = stream.read(length)
    return unpack(data) if len(data) == length else None


def ends(result: Result) -> bool:
    """Whether a job has no result after this one."""
    return not isinstance(result, Speech) or result.last
