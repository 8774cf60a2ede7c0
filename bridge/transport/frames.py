"""WebSocket frames of the one shape that makes up a call: short, whole, text (RFC 6455, 5.2).

Nearly every frame either way is one unfragmented text message. Those are read and written here in
a few steps; everything else (handshake, control frames, fragments) is left to ``websockets``,
whose general parser and writer cost several times as much.
"""

import os
import struct

from websockets.frames import Frame, Opcode

try:
    from websockets.speedups import apply_mask
except ImportError:  # a platform without the compiled part
    from websockets.utils import apply_mask

FINAL_TEXT = 0x81
MASKED = 0x80
SHORT_MAX = 125
LENGTH_16, LENGTH_64 = 126, 127
MASK_BYTES = 4
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


class TooLong(Exception):
    """A frame of more than 64 KiB: not of the shape that is read here."""


def frame_end(data: bytes, at: int) -> int | None:
    """Where the client's frame that begins at ``at`` ends; None: not all of it is there."""
    if len(data) - at < 2:
        return None
    size, body = data[at + 1] & 0x7F, at + 2
    if size == LENGTH_64:
        raise TooLong
    if size == LENGTH_16:
        if len(data) - at < 4:
            return None
        size, body = data[at + 2] << 8 | data[at + 3], at + 4
    end = body + (MASK_BYTES if data[at + 1] & MASKED else 0) + size
    return end if end <= len(data) else None


def masked_text_at(data: bytes, at: int, end: int) -> bytes | None:
    """The message of a whole frame; None: it is not a whole, masked text message."""
    if data[at] != FINAL_TEXT or not data[at + 1] & MASKED:
        return None
    mask_at = at + (4 if data[at + 1] & 0x7F == LENGTH_16 else 2)
    body = mask_at + MASK_BYTES
    return apply_mask(data[body:end], data[mask_at:body])
