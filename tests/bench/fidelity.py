"""What one call did to the sound, both ways: losses, gaps, gain."""

import math
from dataclasses import dataclass

import numpy as np

from bridge.sim.voice.timecode import Slot, decode_all
from telcodecs.g711 import ulaw_decode, ulaw_encode
from telcodecs.resample import Downsampler
from tests.bench.carrier import CALLER_STREAM, Carried
from tests.bench.fast_model import GREETING_MS, Record

STEADY = slice(50, 350)  # frames of 20 ms, away from both ends
FILTER_MS = 4  # the filter holds back less than this at the end


@dataclass(frozen=True)
class Fidelity:
    frames_lost: int
    gaps: int  # of the greeting, in what was heard: frames missing, doubled or out of order
    gain_in_db: float
    gain_out_db: float
    identical_in: bool | None = None  # None: not on this format
    identical_out: bool | None = None


def level_db(samples: bytes) -> float:
    power = float(np.mean(np.frombuffer(samples, "<i2").astype(np.float64) ** 2))
    return 10 * math.log10(max(power, 1e-9))


def fidelity(carried: Carried, record: Record, audio_format: str) -> Fidelity:
    heard, sent = carried.stream.heard, caller_sound(carried)
    got = b"".join(record.appended)
    if audio_format == "g711_ulaw":
        greeting = heard_of(heard, 0)
        return Fidelity(
            frames_lost=len(sent) // 160 - len(got) // 160,
            gaps=gaps(slots_of(heard, 0), GREETING_MS // 20),
            gain_in_db=0.0 if got == sent else float("nan"),
            gain_out_db=0.0 if greeting == record.said else float("nan"),
            identical_in=got == sent,
            identical_out=greeting == record.said,
        )
    narrow = Downsampler()
    ours = ulaw_encode(narrow.push(got) + narrow.flush())
    lost_ms = len(sent) / 8 - len(got) / 48
    return Fidelity(
        frames_lost=int(max(0.0, lost_ms - FILTER_MS) // 20)
        + missing(slots_of(sent, CALLER_STREAM), slots_of(ours, CALLER_STREAM)),
        gaps=gaps(slots_of(heard, 0), GREETING_MS // 20),
        gain_in_db=level_db(_part(got, 960)) - level_db(ulaw_decode(_part(sent, 160))),
        gain_out_db=level_db(ulaw_decode(_part(heard_of(heard, 0), 160)))
        - level_db(_part(record.said, 960)),
    )


def caller_sound(carried: Carried) -> bytes:
    """What went out as media: the ticks before the first one, and that of the hang-up, did not."""
    sent = carried.stream.sent_ulaw
    n_bytes = len(carried.media_at) * 160
    before = len(sent) - 160 - n_bytes
    return sent[before : before + n_bytes]


def slots_of(ulaw: bytes, stream: int) -> list[Slot]:
    return [slot for slot in decode_all(ulaw) if slot and slot.stream == stream]


def heard_of(heard: bytes, stream: int) -> bytes:
    """From the first frame of the stream on, as long as the greeting is."""
    slots = decode_all(heard)
    first = next((n for n, slot in enumerate(slots) if slot and slot.stream == stream), 0)
    return heard[first * 160 : first * 160 + GREETING_MS * 8]


def missing(sent: list[Slot], got: list[Slot]) -> int:
    return len({slot.slot for slot in sent} - {slot.slot for slot in got})


def gaps(slots: list[Slot], expected: int) -> int:
    numbers = [slot.slot for slot in slots][:expected]
    return sum(number != n for n, number in enumerate(numbers)) + expected - len(numbers)


def _part(sound: bytes, frame_bytes: int) -> bytes:
    return sound[STEADY.start * frame_bytes : STEADY.stop * frame_bytes]
