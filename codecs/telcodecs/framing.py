"""A stream of bytes, cut into frames of one size."""


class Framer:
    """Collects bytes until they make whole frames.

    ``push`` as often as there is data; ``flush`` when the stream, or one answer in it, ends.
    """

    def __init__(self, frame_bytes: int) -> None:
        if frame_bytes < 1:
            raise ValueError("a frame has at least one byte")
        self.frame_bytes = frame_bytes
        self._held = b""

    @property
    def held_bytes(self) -> int:
        """Bytes waiting for the rest of their frame."""
        return len(self._held)

    def push(self, data: bytes) -> bytes:
        """The whole frames there are now: none (``b""``), one, or several in a row."""
        joined = self._held + data
        whole = len(joined) - len(joined) % self.frame_bytes
        self._held = joined[whole:]
        return joined[:whole]

    def flush(self, pad: int) -> bytes:
        """The frame under way, filled up with the byte ``pad``; ``b""`` when none is."""
        if not self._held:
            return b""
        frame = self._held.ljust(self.frame_bytes, bytes([pad]))
        self._held = b""
        return frame

    def reset(self) -> None:
        """Forgets the bytes held."""
        self._held = b""
