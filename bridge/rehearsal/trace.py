"""The timeline of a rehearsed call, one line a message, equal to the byte for equal calls."""

import json
import zlib
from typing import Any

LONG = 64  # characters; a longer string is audio and shown as its length and checksum


class Trace:
    def __init__(self, enabled: bool) -> None:
        self.lines: list[str] = []
        self._enabled = enabled
        self._checksum = 0

    def message(self, now: float, way: str, text: str) -> None:
        """``way`` is such as "model > bridge"."""
        self._checksum = zlib.crc32(text.encode(), self._checksum)
        self._checksum = zlib.crc32(f"{now:.6f} {way}".encode(), self._checksum)
        if self._enabled:
            self.lines.append(f"{now:10.4f}  {way:18}  {json.dumps(_shown(json.loads(text)))}")

    def remark(self, now: float, way: str, text: str) -> None:
        self._checksum = zlib.crc32(f"{now:.6f} {way} {text}".encode(), self._checksum)
        if self._enabled:
            self.lines.append(f"{now:10.4f}  {way:18}  {text}")

    @property
    def checksum(self) -> str:
        """Of every message with its time, whether lines are kept or not."""
        return f"{self._checksum:08x}"


def _shown(value: Any) -> Any:
    match value:
        case dict():
            return {key: _shown(inner) for key, inner in value.items()}
        case list():
            return [_shown(inner) for inner in value]
        case str() if len(value) > LONG and " " not in value:
            return f"<{len(value)} characters, {zlib.crc32(value.encode()):08x}>"
        case _:
            return value
