"""How late things arrive: one direction of a TCP connection."""

import random
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Stall:
    """Nothing arrives for a while; then everything that was held up arrives at once."""

    at_s: float  # since the link's origin
    ms: float


class Link:
    """Order is kept, as TCP keeps it, so a late message holds up those behind it."""

    def __init__(
        self,
        delay_ms: float = 0.0,
        jitter_ms: float = 0.0,
        stalls: Sequence[Stall] = (),
        seed: int = 0,
        origin: float | None = None,
    ) -> None:
        """``origin`` is where the stalls count from; the first message, where it is not given."""
        self._delay_ms = delay_ms
        self._jitter_ms = jitter_ms
        self._stalls = sorted(stalls, key=lambda stall: stall.at_s)
        self._random = random.Random(seed)
        self._origin = origin
        self._last = float("-inf")

    def arrival(self, now: float) -> float:
        """When a message sent now arrives; never before one that was asked for earlier."""
        if self._origin is None:
            self._origin = now
        at = now + (self._delay_ms + self._random.uniform(0.0, self._jitter_ms)) / 1000
        for stall in self._stalls:
            begins = self._origin + stall.at_s
            if begins <= at < begins + stall.ms / 1000:
                at = begins + stall.ms / 1000
        self._last = max(self._last, at)
        return self._last
