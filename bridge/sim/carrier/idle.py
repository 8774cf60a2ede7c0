"""What a line carries while the person says nothing."""

import numpy as np

from bridge.sim.carrier.line import FRAME_BYTES, FULL_SCALE, RATE_HZ, SILENT_FRAME, mulaw
from bridge.sim.carrier.profile import StreamProfile

_ALTERNATING = bytes([0xFF, 0x7F]) * (FRAME_BYTES // 2)  # +0, -0: as some gateways idle


class IdleLine:
    """Takes the place of frames of pure silence; None: nothing is sent (silence suppression)."""

    def __init__(self, profile: StreamProfile) -> None:
        self._kind = profile.silence
        self._noise = b""
        if self._kind == "comfort":
            amplitude = FULL_SCALE * 10 ** (profile.comfort_dbfs / 20)
            samples = np.random.default_rng(profile.seed).normal(0.0, amplitude, RATE_HZ)
            self._noise = mulaw(samples)

    def frame(self, index: int) -> bytes | None:
        match self._kind:
            case "pure":
                return SILENT_FRAME
            case "alternating":
                return _ALTERNATING
            case "comfort":
                start = index * FRAME_BYTES % RATE_HZ
                return self._noise[start : start + FRAME_BYTES]
            case "suppressed":
                return None
