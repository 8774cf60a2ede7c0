"""The garbage collector of a process that must not pause: tamed, and watched.

What is there when the server starts stays for ever, so it is frozen: no collection walks over it
again. What comes later is little and short-lived; how long each collection stops the calls is
measured.
"""

import gc
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

LONG_PAUSE_S = 0.005  # a quarter of a frame

logger = logging.getLogger(__name__)


@dataclass
class Pauses:
    """Of this process since the watch began; in seconds."""

    count: int = 0
    total_s: float = 0.0
    longest_s: float = 0.0
    _began: float = 0.0

    def __call__(self, phase: str, info: Mapping[str, int]) -> None:
        if phase == "start":
            self._began = time.perf_counter()
            return
        pause_s = time.perf_counter() - self._began
        self.count += 1
        self.total_s += pause_s
        self.longest_s = max(self.longest_s, pause_s)
        if pause_s > LONG_PAUSE_S:
            logger.debug("garbage collection paused for %.1f ms", pause_s * 1000)


@contextmanager
def watched() -> Iterator[Pauses]:
    """From now on, what exists is frozen and pauses are measured."""
    pauses = Pauses()
    gc.collect()
    gc.freeze()
    gc.callbacks.append(pauses)
    try:
        yield pauses
    finally:
        gc.callbacks.remove(pauses)
        gc.unfreeze()
        logger.info(
            "garbage collection: %d pauses, the longest of %.1f ms",
            pauses.count,
            pauses.longest_s * 1000,
        )
