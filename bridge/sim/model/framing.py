"""What a client sends, cut into whole WebSocket frames (RFC 6455, section 5.2).

Nearly all a client sends are short text messages in one masked frame. These are read here;
every other frame is left as it came, for a complete implementation of the protocol.
"""

from collections.abc import Iterator
from dataclasses import dataclass

try:
    from websockets.speedups import apply_mask
except ImportError:  # a platform without the compiled part
    from websockets.utils import apply_mask

PLAIN_TEXT = 0x81  # the last frame of a message, text, no extension
MASKED = 0x80
LENGTH_16, LENGTH_64 = 126, 127
MASK_BYTES = 4


@dataclass(frozen=True)
class Raw:
    """A frame as it was received, whole unless it is longer than allowed."""

    data: bytes


class FrameCutter:
    """``push`` what came; get text messages as their UTF-8 bytes and other frames as ``Raw``."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._left = bytearray()

    def push(self, data: bytes) -> Iterator[bytes | Raw]:
        if self._left:
            self._left += data
            if len(self._left) < frame_bytes(self._left):
                return  # a long frame is not copied for each of its packets
            data = bytes(self._left)
            self._left.clear()
        at, end = 0, len(data)
        while at < end:
            head = data[at : at + 14]
            length = frame_bytes(head)
            if length > self._max_bytes:
                yield Raw(data[at:])
                return
            if end - at < length:
                self._left += data[at:]
                return
            if head[0] == PLAIN_TEXT and head[1] & MASKED:
                yield _unmasked(data, at, head, length)
            else:
                yield Raw(data[at : at + length])
            at += length


def frame_bytes(head: bytes | bytearray) -> int:
    """The length of the frame that begins like this; 2 to 14 where more has to be known."""
    if len(head) < 2:
        return 2
    short = head[1] & 0x7F
    mask = MASK_BYTES if head[1] & MASKED else 0
    if short < LENGTH_16:
        return 2 + mask + short
    if short == LENGTH_16:
        return 4 + mask + int.from_bytes(head[2:4], "big") if len(head) >= 4 else 4
    return 10 + mask + int.from_bytes(head[2:10], "big") if len(head) >= 10 else 10


def _unmasked(data: bytes, at: int, head: bytes, length: int) -> bytes:
    short = head[1] & 0x7F
    mask_at = 2 if short < LENGTH_16 else 4 if short == LENGTH_16 else 10
    mask = head[mask_at : mask_at + MASK_BYTES]
    return apply_mask(data[at + mask_at + MASK_BYTES : at + length], mask)
