"""WAV files of two channels of mu-law: what players need to know of them.

Source: Microsoft, "Multiple Channel Audio Data and WAVE Files", WAVE_FORMAT_MULAW (7).
"""

import struct
from pathlib import Path

from telcodecs.g711 import BYTES_PER_MS

RATE_HZ = BYTES_PER_MS * 1000
CHANNELS = 2
_MULAW = 7
_LAYOUT = struct.Struct("<4sI4s 4sIHHIIHHH 4sII 4sI")
HEADER_BYTES = _LAYOUT.size
SOUND_MAX_BYTES = 0xFFFF_FFFF - HEADER_BYTES  # of sizes in a header: three days


def header(sound_bytes: int) -> bytes:
    """What stands before ``sound_bytes`` of interleaved samples."""
    sound_bytes = min(sound_bytes, SOUND_MAX_BYTES)
    bytes_per_s = RATE_HZ * CHANNELS
    return _LAYOUT.pack(
        *(b"RIFF", HEADER_BYTES - 8 + sound_bytes, b"WAVE"),
        *(b"fmt ", 18, _MULAW, CHANNELS, RATE_HZ, bytes_per_s, CHANNELS, 8, 0),
        *(b"fact", 4, sound_bytes // CHANNELS),
        *(b"data", sound_bytes),
    )


def repair(path: Path) -> None:
    """The header of a file that was not finished, by the length that it has."""
    sound_bytes = max(0, path.stat().st_size - HEADER_BYTES) // CHANNELS * CHANNELS
    with path.open("r+b") as file:
        file.write(header(sound_bytes))
        file.truncate(HEADER_BYTES + sound_bytes)


def read(path: Path) -> tuple[bytes, bytes]:
    """Both channels, mu-law: the caller's, the agent's. Raises ``ValueError`` for any other file,
    ``OSError``."""
    data = path.read_bytes()
    sound_bytes = len(data) - HEADER_BYTES
    if sound_bytes < 0 or data[:4] != b"RIFF" or data[16:36] != header(0)[16:36]:
        raise ValueError(f"{path} is no recording of two channels of mu-law")
    sound = data[HEADER_BYTES : HEADER_BYTES + sound_bytes // CHANNELS * CHANNELS]
    return sound[0::2], sound[1::2]
