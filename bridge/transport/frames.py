"""WebSocket frames of the one shape that makes up a call: whole, text (RFC 6455, 5.2).

Nearly every frame either way is one unfragmented text message. Those are read and written here in
a few steps; everything else (handshake, control frames, fragments) is left to ``websockets``,
whose general parser and writer cost several times as much.
"""

import os
import struct
from collections.abc import Callable

from websockets.frames import Frame, Opcode

try:
    from websockets.speedups import apply_mask
except ImportError:  # a platform without the compiled part
    from websockets.utils import apply_mask

FINAL = 0x80
FINAL_TEXT = 0x81
CONTROL = 0x08
MASKED = 0x80
SHORT_MAX = 125
LENGTH_16, LENGTH_64 = 126, 127  # in place of a length: so many bits of it follow
LENGTH_BYTES = {LENGTH_16: 2, LENGTH_64: 8}
MASK_BYTES = 4
LONG_HEADER_BYTES = 10
MASKS_AT_ONCE = 256  # one call of the system for so many frames

_short_header = struct.Struct("!BB").pack
_header_16 = struct.Struct("!BBH").pack


class Masks:
    """Masking keys, unpredictable as RFC 6455, 5.3 asks, drawn in bulk."""

    def __init__(self) -> None:
        self._drawn = b""
        self._at = 0

    def next(self) -> bytes:
        if self._at >= len(self._drawn):
            self._drawn, self._at = os.urandom(MASK_BYTES * MASKS_AT_ONCE), 0
        self._at += MASK_BYTES
        return self._drawn[self._at - MASK_BYTES : self._at]


def masked_text(payload: bytes, mask: bytes) -> bytes:
    """A client's frame."""
    size = len(payload)
    if size <= SHORT_MAX:
        header = _short_header(FINAL_TEXT, MASKED | size)
    elif size <= 0xFFFF:
        header = _header_16(FINAL_TEXT, MASKED | LENGTH_16, size)
    else:
        return Frame(Opcode.TEXT, payload).serialize(mask=True)
    return b"".join((header, mask, apply_mask(payload, mask)))


def plain_text(payload: bytes) -> bytes:
    """A server's frame."""
    size = len(payload)
    if size <= SHORT_MAX:
        return _short_header(FINAL_TEXT, size) + payload
    if size <= 0xFFFF:
        return _header_16(FINAL_TEXT, LENGTH_16, size) + payload
    return Frame(Opcode.TEXT, payload).serialize(mask=False)


class Reader:
    """Messages of what a peer sends.

    Until ``take_over``, and again after ``hand_back``, all of it goes to ``library``; between them
    only the frames that are not read here, each of them whole. ``library`` returns the messages
    that were completed; of a frame beyond ``max_bytes`` it is to make an error.
    """

    def __init__(
        self, library: Callable[[bytes], list[bytes]], *, masked: bool, max_bytes: int
    ) -> None:
        self._library = library
        self._masked = masked
        self._frame_max_bytes = LONG_HEADER_BYTES + (MASK_BYTES if masked else 0) + max_bytes
        self._usual = bytes((FINAL_TEXT, LENGTH_16 | (MASKED if masked else 0)))
        self._usual_at = 8 if masked else 4
        self._own = False
        self._in_fragments = False
        self._held = bytearray()  # of a frame that has not come in full
        self._needed_bytes = 0  # of it, before there is any use in looking at it again
        self._ready = False  # ours, and the next byte begins a frame and a message

    def take_over(self) -> None:
        """At the end of the handshake, with not a byte more given to the library."""
        self._own = self._ready = True

    def hand_back(self) -> None:
        """The peer has said its last word, or broken the rules: the library knows what follows."""
        self._own = self._ready = False

    def read(self, data: bytes) -> list[bytes]:
        """The messages that ``data`` completes."""
        # What nearly every read is: one whole message, neither very short nor very long.
        if self._ready and len(data) > SHORT_MAX and data[:2] == self._usual:
            at = self._usual_at
            if len(data) == at + (data[2] << 8 | data[3]):
                return [apply_mask(data[at:], data[4:8]) if self._masked else data[at:]]
        if self._held:
            self._held += data
            if len(self._held) < self._needed_bytes:
                return []
            data = bytes(self._held)
            self._held.clear()
        messages = self._read(data)
        self._ready = self._own and not (self._held or self._in_fragments)
        return messages

    def _read(self, data: bytes) -> list[bytes]:
        messages: list[bytes] = []
        at = 0
        while at < len(data):
            size = frame_bytes(data, at)
            if not self._own or size > self._frame_max_bytes:
                self._own = False
                return messages + self._library(data[at:])
            if at + size > len(data):
                self._held += data[at:]
                self._needed_bytes = size
                break
            messages += self._frame(data[at : at + size])
            at += size
        return messages

    def _frame(self, frame: bytes) -> list[bytes]:
        if frame[0] == FINAL_TEXT and not self._in_fragments:
            body = body_at(frame)
            if self._masked and frame[1] & MASKED:
                return [apply_mask(frame[body:], frame[body - MASK_BYTES : body])]
            if not self._masked and not frame[1] & MASKED:
                return [frame[body:]]
        if not frame[0] & CONTROL:
            self._in_fragments = not frame[0] & FINAL
        return self._library(frame)


def frame_bytes(data: bytes, at: int) -> int:
    """Length of the frame that begins at ``at``; where its header has not come in full, some
    length that has not come either."""
    there = len(data) - at
    size = data[at + 1] & 0x7F if there >= 2 else 0
    n_length = LENGTH_BYTES.get(size, 0)
    header = 2 + n_length
    if there < header:
        return header
    if n_length:
        size = int.from_bytes(data[at + 2 : at + header], "big")
    return header + (MASK_BYTES if data[at + 1] & MASKED else 0) + size


def body_at(frame: bytes) -> int:
    """Where the payload of a whole frame begins."""
    n_length = LENGTH_BYTES.get(frame[1] & 0x7F, 0)
    return 2 + n_length + (MASK_BYTES if frame[1] & MASKED else 0)
