"""One channel, from where it is written to where it is known."""

from telcodecs.g711 import ULAW_SILENCE

_SILENCE = bytes([ULAW_SILENCE])


class Lane:
    """Positions are samples since the beginning; where nothing was put there is silence."""

    def __init__(self) -> None:
        self.taken = 0
        self._ulaw = bytearray()

    @property
    def end(self) -> int:
        return self.taken + len(self._ulaw)

    def put(self, at: int, ulaw: bytes) -> None:
        """What was taken already cannot change: that part is passed over."""
        if at < self.taken:
            ulaw = ulaw[self.taken - at :]
            at = self.taken
        if not ulaw:
            return
        from_ = at - self.taken
        if from_ > len(self._ulaw):
            self._ulaw += _SILENCE * (from_ - len(self._ulaw))
        self._ulaw[from_ : from_ + len(ulaw)] = ulaw

    def take(self, until: int) -> bytes:
        """All before ``until``, which is final now."""
        n_bytes = max(0, until - self.taken)
        taken = bytes(self._ulaw[:n_bytes])
        del self._ulaw[:n_bytes]
        self.taken += n_bytes
        return taken + _SILENCE * (n_bytes - len(taken))
