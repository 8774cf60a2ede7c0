"""The input audio buffer: what the client appended and nobody committed yet."""

from bridge.sim.model.audio_format import TICKS_PER_MS, AudioFormat

# With turn detection on, silence need not be kept; this much stays for a late onset or a commit.
IDLE_KEEP_MS = 5_000


class InputBuffer:
    """Counts appended audio and keeps what may still be committed.

    Positions are counted in samples of 24 kHz since the session began: from bytes, never
    from time. A session's audio keeps one rate.
    """

    def __init__(self) -> None:
        self.rate_hz = 24_000
        self._end = 0  # ticks
        self._pcm = bytearray()  # PCM16 that ends at _end
        self._odd = b""
        self._free_from = 0  # ticks; audio before is committed or cleared

    @property
    def end_ms(self) -> int:
        return self._end // TICKS_PER_MS

    @property
    def uncommitted_ms(self) -> float:
        kept = self._end - len(self._pcm) // 2 * self._ticks_per_sample
        return (self._end - max(self._free_from, kept)) / TICKS_PER_MS

    @property
    def _ticks_per_sample(self) -> int:
        return 24_000 // self.rate_hz

    def append(self, data: bytes, audio_format: AudioFormat) -> bytes:
        """Take wire bytes; returns them as PCM16. Half a sample waits for its other half."""
        if self._end == 0:
            self.rate_hz = audio_format.rate_hz
        data = self._odd + data
        whole = len(data) // audio_format.sample_bytes * audio_format.sample_bytes
        self._odd = data[whole:]
        pcm = audio_format.decode(data[:whole])
        self._pcm += pcm
        self._end += len(pcm) // 2 * self._ticks_per_sample
        return pcm

    def cut(self, start_ms: int, end_ms: int) -> bytes:
        """Commit a stretch: its audio. What lies before the end is no longer free."""
        self._free_from = max(self._free_from, end_ms * TICKS_PER_MS)
        begin = self._offset(start_ms * TICKS_PER_MS)
        return bytes(self._pcm[begin : self._offset(end_ms * TICKS_PER_MS)])

    def cut_all(self) -> bytes:
        """Commit everything not committed yet."""
        pcm = bytes(self._pcm[self._offset(self._free_from) :])
        self._free_from = self._end
        return pcm

    def clear(self) -> None:
        self._free_from = self._end
        self._odd = b""

    def forget_before(self, keep_ms: int) -> None:
        """Drop what is older than this; called while nobody speaks."""
        del self._pcm[: self._offset(self._end - keep_ms * TICKS_PER_MS)]

    def _offset(self, tick: int) -> int:
        start = self._end - len(self._pcm) // 2 * self._ticks_per_sample
        return max(tick - start, 0) // self._ticks_per_sample * 2
