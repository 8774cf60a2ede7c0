"""The two legs of a call: telephone mu-law to the model's format and back."""

from bridge.wire.session import BYTES_PER_MS as MODEL_BYTES_PER_MS
from bridge.wire.session import AudioFormat
from bridge.wire.twilio import Media
from telcodecs.framing import Framer
from telcodecs.g711 import BYTES_PER_MS, FRAME_BYTES, ULAW_SILENCE, ulaw_decode, ulaw_encode
from telcodecs.resample import Downsampler, Upsampler

FRAME_MS = 20
GAP_FILL_MAX_MS = 1000  # of each gap; more silence would only delay the caller


class InboundLeg:
    """Caller to model. The recogniser's clock counts bytes, so lost audio becomes silence.

    Only a jump of the media timestamp is a loss. A delivery stall shows in no timestamp, and what
    was late comes in a burst: nothing is to be filled.
    """

    def __init__(self, audio_format: AudioFormat) -> None:
        self._upsampler = Upsampler() if audio_format == "pcm16" else None
        self._expected_ms: int | None = None
        self.first_ms: int | None = None  # timestamp of the first frame
        self.filled_ms = 0
        self.skipped_ms = 0

    def push(self, media: Media) -> bytes:
        """The model's share of one frame, gap before it included."""
        gap_ms = self._gap_ms(media)
        ulaw = media.payload
        if gap_ms:
            ulaw = bytes([ULAW_SILENCE]) * (gap_ms * BYTES_PER_MS) + ulaw
        return self._upsampler.push(ulaw_decode(ulaw)) if self._upsampler else ulaw

    def _gap_ms(self, media: Media) -> int:
        expected_ms = self._expected_ms
        self._expected_ms = media.timestamp_ms + len(media.payload) // BYTES_PER_MS
        if expected_ms is None:
            self.first_ms = media.timestamp_ms
            return 0
        gap_ms = media.timestamp_ms - expected_ms
        if gap_ms < FRAME_MS:
            return 0
        if gap_ms > GAP_FILL_MAX_MS:
            self.skipped_ms += gap_ms - GAP_FILL_MAX_MS
            gap_ms = GAP_FILL_MAX_MS
        self.filled_ms += gap_ms
        return gap_ms


class OutboundLeg:
    """Model to caller, in whole 20 ms frames; the rest waits for the next delta or the flush."""

    def __init__(self, audio_format: AudioFormat) -> None:
        self._downsampler = Downsampler() if audio_format == "pcm16" else None
        self._framer = Framer(FRAME_BYTES)
        self._bytes_per_ms = MODEL_BYTES_PER_MS[audio_format]

    def duration_ms(self, delta: bytes) -> float:
        return len(delta) / self._bytes_per_ms

    def push(self, delta: bytes) -> bytes:
        if self._downsampler:
            delta = ulaw_encode(self._downsampler.push(delta))
        return self._framer.push(delta)

    def flush(self) -> bytes:
        """The end of an item: what was held back, padded with silence to a whole frame."""
        tail = b""
        if self._downsampler:
            tail = self._framer.push(ulaw_encode(self._downsampler.flush()))
        return tail + self._framer.flush(ULAW_SILENCE)

    def reset(self) -> None:
        """Drop what is held back: the caller will not hear the rest of this item."""
        if self._downsampler:
            self._downsampler.reset()
        self._framer.reset()
