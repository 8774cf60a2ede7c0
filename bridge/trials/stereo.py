"""The sound of a call, the caller's and the agent's: 8 kHz mu-law, one byte a sample."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bridge.recording import wav

RATE_HZ: Final = wav.RATE_HZ
LONGEST_BYTES: Final = 1024 * 1024 * 1024


class RecordingUnusable(Exception):
    """The recording cannot be read; the text says why."""


@dataclass(frozen=True)
class Stereo:
    """Both sides are equally long."""

    caller_ulaw: bytes
    agent_ulaw: bytes


def read_stereo(path: Path) -> Stereo:
    """Raises ``RecordingUnusable``. A recording cut off anywhere is read as far as it goes."""
    try:
        if path.stat().st_size > LONGEST_BYTES:
            raise RecordingUnusable(f"{path} is larger than {LONGEST_BYTES} bytes")
        return Stereo(*wav.read(path))
    except OSError as error:
        raise RecordingUnusable(f"{path} cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise RecordingUnusable(str(error)) from None
