"""The time code in a caller's audio, read off while it comes in."""

import math

import numpy as np

from bridge.sim.voice.timecode import FRAME_SAMPLES, SLOT_MS, SLOTS, Slot, decode_all
from telcodecs.g711 import ulaw_encode

FRAMES_AT_ONCE = 100  # to decode many together costs a fraction of decoding each; 2 s
CODE_HZ = 8_000


class CallerCode:
    """Runs of frames that follow each other, 20 ms each, counted from the session's first sample.

    The audio itself is dropped once it is read.
    """

    def __init__(self) -> None:
        self._pcm = bytearray()
        self._rate_hz = CODE_HZ
        self._frames = 0
        self._runs: list[list[int]] = []
        self._powers: list[float] = []  # of each run, its frames together; 1 is full scale

    def push(self, pcm: bytes, rate_hz: int) -> None:
        """PCM16 mono of 8 kHz or a multiple of it; the rate is the same for all of a session."""
        self._rate_hz = rate_hz
        self._pcm += pcm
        if len(self._pcm) >= FRAMES_AT_ONCE * self._frame_bytes:
            self._read()

    def close(self) -> None:
        self._read()
        self._pcm.clear()

    def runs(self) -> list[list[int]]:
        """Each ``[first_ms, stream, first_slot, n_slots]``: frame k of it holds slot + k."""
        self._read()
        return [list(run) for run in self._runs]

    def levels_dbfs(self) -> list[float]:
        """Of each of the ``runs``."""
        self._read()
        runs = zip(self._powers, self._runs, strict=True)
        return [round(10 * math.log10(power / length), 1) for power, (*_, length) in runs]

    @property
    def _frame_bytes(self) -> int:
        return FRAME_SAMPLES * 2 * self._rate_hz // CODE_HZ

    def _read(self) -> None:
        whole = len(self._pcm) // self._frame_bytes * self._frame_bytes
        if not whole:
            return
        samples = np.frombuffer(bytes(self._pcm[:whole]), "<i2")
        del self._pcm[:whole]
        # Speech of a telephone is band-limited: to leave samples out is enough.
        narrow = samples[:: self._rate_hz // CODE_HZ]
        frames = narrow.reshape(-1, FRAME_SAMPLES).astype(np.float32) / 32768
        powers = np.einsum("fs,fs->f", frames, frames).tolist()
        for slot, power in zip(decode_all(ulaw_encode(narrow.tobytes())), powers, strict=True):
            if slot is not None:
                self._add(slot, power / FRAME_SAMPLES)
            self._frames += 1

    def _add(self, slot: Slot, power: float) -> None:
        first_ms = self._frames * SLOT_MS
        if self._runs:
            begun_ms, stream, first, length = last = self._runs[-1]
            follows = begun_ms + length * SLOT_MS == first_ms
            if follows and stream == slot.stream and (first + length) % SLOTS == slot.slot:
                last[3] += 1
                self._powers[-1] += power
                return
        self._runs.append([first_ms, slot.stream, slot.slot, 1])
        self._powers.append(power)
