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
        self.cpu_s = 0.0
        self.run_queue_wait_s: float | None = None  # ready and without a processor; None: not told
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

    def stop(self) -> None:
        """The calls are over: what is done afterwards does not count."""
        wait_s = run_queue_wait_s()
        if wait_s is not None and self._began_wait_s is not None:
            self.run_queue_wait_s = wait_s - self._began_wait_s
        self.cpu_s = time.process_time() - self._began_cpu_s


def run_queue_wait_s() -> float | None:
    """Of the main thread (Linux, "sched-stats.rst": time spent waiting to run, in ns)."""
    try:
        return int(SCHEDSTAT.read_text().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return None
