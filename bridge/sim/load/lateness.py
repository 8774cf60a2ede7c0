"""Whether the generator itself kept time: a caller that is late measures itself."""

import asyncio
import time
from array import array
from pathlib import Path
from typing import Final

TICK_S: Final = 0.020
SCHEDSTAT: Final = Path("/proc/self/schedstat")


class Lateness:
    """``run`` it beside the calls; it wakes each 20 ms and notes how late that was."""

    def __init__(self) -> None:
        self.late_ms = array("d")
        self._began_wait_s = run_queue_wait_s()
        self._began_cpu_s = time.process_time()

    async def run(self) -> None:
        due = time.monotonic()
        while True:
            due += TICK_S
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            now = time.monotonic()
            self.late_ms.append((now - due) * 1000)
            while due + TICK_S < now:  # ticks that were slept through were late too
                due += TICK_S
                self.late_ms.append((now - due) * 1000)

    @property
    def run_queue_wait_s(self) -> float | None:
        """How long this thread was ready and had no processor; None where it is not told."""
        wait_s = run_queue_wait_s()
        return None if wait_s is None or self._began_wait_s is None else wait_s - self._began_wait_s

    @property
    def cpu_s(self) -> float:
        return time.process_time() - self._began_cpu_s


def run_queue_wait_s() -> float | None:
    """Of the main thread (Linux, "sched-stats.rst": time spent waiting to run, in ns)."""
    try:
        return int(SCHEDSTAT.read_text().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return None
