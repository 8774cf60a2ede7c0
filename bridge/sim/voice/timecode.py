"""Sound that says which millisecond of which item it is.

A test plays it through a call and reads off a heard signal exactly what was heard. Each
20 ms hold four tones, all on multiples of 50 Hz, so that each tone has whole periods in a
slot, joins the next slot without a step, and falls into one bin of a 160-sample transform:

    bins 8-23    slot % 16              bins 40-55   stream % 16
    bins 24-39   slot // 16 % 16        bins 56-67   slot // 256 % 12
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from telcodecs.g711 import ulaw_decode

SLOT_MS = 20
SLOTS = 16 * 16 * 12  # 61.44 s; a longer item starts again
STREAMS = 16
FRAME_SAMPLES = 160
BIN_HZ = 50
FIRST_BINS = (8, 24, 40, 56)
LAST_BIN = 67
TONE = 0.177  # of full scale: four of them are -12 dBFS
LEVEL_DBFS = 10 * math.log10(4 * TONE**2 / 2)

# Of a frame's energy, the code's tones must hold this share: half a frame of code does.
CODE_SHARE = 0.45
TONE_SHARE = 0.04
QUIETEST_DBFS = -50.0
# How far a slot can be off when a frame lies across two and their tones are mixed up.
MIXED_UP = np.array([0, 16, -16, 240, -240, 256, -256])
NEIGHBOUR_WEIGHT = 0.3

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Slot:
    stream: int  # 0 to 15
    slot: int  # in units of 20 ms from the item's start

    @property
    def start_ms(self) -> int:
        return self.slot * SLOT_MS


def encode(stream: int, duration_ms: int, rate_hz: int) -> bytes:
    """PCM16 mono of ``duration_ms``; ``rate_hz`` is a multiple of 50 from 8000 on."""
    slots = np.arange(-(-duration_ms // SLOT_MS))
    times = np.arange(rate_hz * SLOT_MS // 1000) / rate_hz
    tones = np.sin(2 * np.pi * BIN_HZ * np.outer(np.arange(LAST_BIN + 1), times))
    tones = (tones * TONE * 32767).astype(np.float32)
    low, middle, high = _bins(slots)
    sound = tones[low] + tones[middle] + tones[high] + tones[FIRST_BINS[2] + stream % STREAMS]
    samples = duration_ms * rate_hz // 1000
    pcm: bytes = np.rint(sound.reshape(-1)[:samples]).astype("<i2").tobytes()
    return pcm


def decode(ulaw_frame: bytes) -> Slot | None:
    """The slot that most of a 160-byte frame holds, or its neighbour; None: not our code."""
    return decode_all(ulaw_frame)[0]


def decode_all(ulaw: bytes) -> list[Slot | None]:
    """As ``decode``, for each whole frame."""
    whole = len(ulaw) // FRAME_SAMPLES * FRAME_SAMPLES
    frames = np.frombuffer(ulaw_decode(ulaw[:whole]), "<i2").reshape(-1, FRAME_SAMPLES) / 32768
    # By Parseval: a tone's energy in its bin, as a share of the frame's.
    power = np.abs(np.fft.rfft(frames)) ** 2 * 2 / FRAME_SAMPLES
    total = (frames**2).sum(axis=1)
    shares = power / np.maximum(total, 1e-9)[:, None]
    slots, explained = _best_slots(shares)
    streams = shares[:, FIRST_BINS[2] : FIRST_BINS[3]].argmax(axis=1)
    stream_share = np.take_along_axis(shares, (streams + FIRST_BINS[2])[:, None], 1)[:, 0]
    loud = total / FRAME_SAMPLES > 10 ** (QUIETEST_DBFS / 10)
    ours = loud & (explained.sum(axis=1) + stream_share > CODE_SHARE)
    ours &= (explained.min(axis=1) > TONE_SHARE) & (stream_share > TONE_SHARE)
    return [
        Slot(stream, slot) if yes else None
        for stream, slot, yes in zip(streams.tolist(), slots.tolist(), ours.tolist(), strict=True)
    ]


def _best_slots(shares: Floats) -> tuple[Ints, Floats]:
    """Each frame's slot, with what it and its nearest neighbour hold of each slot group.

    A frame lies across two neighbouring slots at most. The loudest tone of each group makes a
    guess; of the slots it can be mixed up with, the one wins that holds most itself, and of
    equals the one whose neighbour holds the rest.
    """
    guess = sum(
        weight * shares[:, first : first + count].argmax(axis=1)
        for weight, first, count in ((1, 8, 16), (16, 24, 16), (256, 56, 12))
    )
    candidates = (np.asarray(guess)[:, None] + MIXED_UP) % SLOTS
    own = _held(shares, candidates)
    around = np.maximum(_held_beside(shares, candidates, -1), _held_beside(shares, candidates, 1))
    best = (own.sum(axis=2) + NEIGHBOUR_WEIGHT * around.sum(axis=2)).argmax(axis=1)
    rows = np.arange(len(shares))
    return candidates[rows, best], (own + around)[rows, best]


def _held(shares: Floats, slots: Ints) -> Floats:
    """Shares by frame, candidate slot and slot group."""
    rows = np.arange(len(shares))[:, None]
    return np.stack([shares[rows, bins] for bins in _bins(slots)], axis=2)


def _held_beside(shares: Floats, slots: Ints, step: int) -> Floats:
    """The same of the slot beside, where its tone is another."""
    beside = (slots + step) % SLOTS
    differs = [one != two for one, two in zip(_bins(slots), _bins(beside), strict=True)]
    return np.where(np.stack(differs, axis=2), _held(shares, beside), 0)


def _bins(slots: Ints) -> tuple[Ints, Ints, Ints]:
    low, middle, _, high = FIRST_BINS
    return low + slots % 16, middle + slots // 16 % 16, high + slots // 256 % 12
