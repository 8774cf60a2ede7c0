"""How many requests one may make: a bucket of tokens each, refilled with time.

Pure: ``now`` is monotonic seconds. Buckets live in memory, so each process counts for itself.
"""

from collections import OrderedDict
from dataclasses import dataclass
from math import ceil
from typing import Final

BUCKETS_MAX: Final = 10_000  # of one kind; beyond, those unused for longest are forgotten


@dataclass(frozen=True)
class Rate:
    """``burst`` at once, then ``per_s`` in the long run."""

    per_s: float
    burst: int


@dataclass(frozen=True)
class Left:
    """What a request left in its bucket. ``retry_s``: 0 where it is allowed."""

    policy: str
    rate: Rate
    remaining: int
    retry_s: int
    full_in_s: int

    @property
    def allowed(self) -> bool:
        return self.retry_s == 0

    def headers(self) -> dict[str, str]:
        """As draft-ietf-httpapi-ratelimit-headers has them; Retry-After (RFC 9110) at a refusal."""
        window_s = ceil(self.rate.burst / self.rate.per_s)
        told = {
            "RateLimit-Policy": f'"{self.policy}";q={self.rate.burst};w={window_s}',
            "RateLimit": f'"{self.policy}";r={self.remaining};t={self.full_in_s}',
        }
        return told if self.allowed else told | {"Retry-After": str(self.retry_s)}


class Buckets:
    """One bucket for each key; a key that was not seen yet has a full one."""

    def __init__(self, policy: str, rate: Rate) -> None:
        self._policy = policy
        self._rate = rate
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()  # level, and when

    def look(self, key: str, now: float) -> Left:
        """What there is, without taking any."""
        level = self._level(key, now)
        return self._left(level, 0 if level >= 1 else self._retry_s(level))

    def take(self, key: str, now: float) -> Left:
        """One request; a refused one costs nothing."""
        level = self._level(key, now)
        retry_s = 0
        if level >= 1:
            level -= 1
        else:
            retry_s = self._retry_s(level)
        self._levels[key] = (level, now)
        self._levels.move_to_end(key)
        if len(self._levels) > BUCKETS_MAX:
            self._levels.popitem(last=False)
        return self._left(level, retry_s)

    def _level(self, key: str, now: float) -> float:
        level, at = self._levels.get(key, (float(self._rate.burst), now))
        return min(float(self._rate.burst), level + max(0.0, now - at) * self._rate.per_s)

    def _retry_s(self, level: float) -> int:
        return max(1, ceil((1 - level) / self._rate.per_s))

    def _left(self, level: float, retry_s: int) -> Left:
        full_in_s = ceil((self._rate.burst - level) / self._rate.per_s)
        return Left(self._policy, self._rate, int(level), retry_s, full_in_s)
