"""Is the audio what was agreed? Bytes a second, and what the bytes look like."""

from bridge.call.actions import Note
from bridge.wire.session import BYTES_PER_MS as MODEL_BYTES_PER_MS
from bridge.wire.session import AudioFormat
from bridge.wire.twilio import Media
from telcodecs.g711 import BYTES_PER_MS, ulaw_decode
from telcodecs.pcm import PEAK, SAMPLE_BYTES
from telcodecs.routines import audioop

WINDOW_MS = 200
WINDOW_BYTES = WINDOW_MS * BYTES_PER_MS
TOLERANCE = 0.25
# Read in the wrong format any sound is noise, about 5 dB below full scale, while the right
# reading of the same bytes is at least this much quieter. No speech is that loud for 200 ms.
NOISE_DBFS = -10.0
NOISE_MARGIN_DB = 5.0
_NOISE_RMS = PEAK * 10 ** (NOISE_DBFS / 20)
_NOISE_MARGIN = 10 ** (NOISE_MARGIN_DB / 20)


class FormatGuard:
    """Speaks up once for each peer, within 200 ms of the first wrong sound.

    The carrier tells the time of its audio, so its bytes are held against that. The model tells no
    time and sends faster than real time; but both formats have the same bytes for any sound, so
    the reading that makes noise of them is the wrong one.
    """

    def __init__(self, agreed: AudioFormat) -> None:
        self._agreed = agreed
        self._carrier_bytes = 0
        self._carrier_ms = 0
        self._carrier_at_ms: int | None = None
        self._model = bytearray()
        self._carrier_warned = False
        self._model_warned = False

    def from_carrier(self, media: Media) -> list[Note]:
        last_ms, self._carrier_at_ms = self._carrier_at_ms, media.timestamp_ms
        if last_ms is None or self._carrier_warned:
            return []
        step_ms = media.timestamp_ms - last_ms
        if not 0 <= step_ms <= WINDOW_MS:
            return []  # a gap, or a clock that jumped: nothing to compare
        self._carrier_ms += step_ms
        self._carrier_bytes += len(media.payload)
        if self._carrier_ms < WINDOW_MS:
            return []
        rate = self._carrier_bytes / self._carrier_ms
        self._carrier_bytes = self._carrier_ms = 0
        # Fewer bytes than time are lost frames; that is the business of the gap filling.
        if rate <= BYTES_PER_MS * (1 + TOLERANCE):
            return []
        self._carrier_warned = True
        return [_mismatch("carrier", rate, BYTES_PER_MS)]

    def from_model(self, delta: bytes) -> list[Note]:
        if self._model_warned:
            return []
        self._model += delta[:WINDOW_BYTES]
        if len(self._model) < WINDOW_BYTES:
            return []
        window = bytes(self._model[:WINDOW_BYTES])
        self._model.clear()
        # With every delta, so in C and without logarithms.
        as_pcm = audioop.rms(window, SAMPLE_BYTES)
        as_ulaw = audioop.rms(ulaw_decode(window), SAMPLE_BYTES)
        agreed, other = (as_pcm, as_ulaw) if self._agreed == "pcm16" else (as_ulaw, as_pcm)
        if agreed < _NOISE_RMS or agreed < other * _NOISE_MARGIN:
            return []
        self._model_warned = True
        sent: AudioFormat = "g711_ulaw" if self._agreed == "pcm16" else "pcm16"
        return [_mismatch("model", MODEL_BYTES_PER_MS[sent], MODEL_BYTES_PER_MS[self._agreed])]


def _mismatch(peer: str, rate: float, agreed: int) -> Note:
    detail = f"the {peer} sends {rate * 1000:.0f} bytes a second of sound, agreed: {agreed * 1000}"
    return Note("format_mismatch", detail)
