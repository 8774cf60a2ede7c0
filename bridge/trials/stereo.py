"""The recording of a call: a WAV file of 8 kHz mu-law, the caller left and the agent right."""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

RATE_HZ: Final = 8000
MU_LAW: Final = 7  # of the WAVE format tags (RFC 2361)
LONGEST_BYTES: Final = 1024 * 1024 * 1024


class RecordingUnusable(Exception):
    """The recording cannot be read; the text says why."""


@dataclass(frozen=True)
class Stereo:
    """Both sides of a call, one byte a sample, equally long."""

    caller_ulaw: bytes
    agent_ulaw: bytes


def read_stereo(path: Path) -> Stereo:
    """Raises ``RecordingUnusable``. A recording cut off anywhere is read as far as it goes."""
    try:
        if path.stat().st_size > LONGEST_BYTES:
            raise RecordingUnusable(f"{path} is larger than {LONGEST_BYTES} bytes")
        data = path.read_bytes()
    except OSError as error:
        raise RecordingUnusable(f"{path} cannot be read ({error.strerror})") from None
    chunks = _chunks(data, path)
    shape = chunks.get(b"fmt ", b"")
    if len(shape) < 16:
        raise RecordingUnusable(f"{path} does not say what is in it")
    tag, channels, rate_hz = struct.unpack("<HHI", shape[:8])
    if (tag, channels, rate_hz) != (MU_LAW, 2, RATE_HZ):
        told = f"format {tag}, {channels} channel(s), {rate_hz} Hz"
        raise RecordingUnusable(f"{path} holds {told}, not two of mu-law at {RATE_HZ} Hz")
    samples = chunks.get(b"data", b"")
    samples = samples[: len(samples) // 2 * 2]
    return Stereo(samples[::2], samples[1::2])


def _chunks(data: bytes, path: Path) -> dict[bytes, bytes]:
    """The first of each kind. One whose length was never filled in goes to the end."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise RecordingUnusable(f"{path} is not a WAV file")
    found: dict[bytes, bytes] = {}
    at = 12
    while at + 8 <= len(data):
        name, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if name == b"data" and length == 0:
            length = len(data) - at - 8
        found.setdefault(name, data[at + 8 : at + 8 + length])
        at += 8 + length + length % 2
    return found
