"""When calls begin."""

from collections.abc import Sequence
from typing import Final

from bridge.sim.load.plan import Stage

MOST_AT_ONCE: Final = 2  # of one look: calls that begin together also speak together
LOOK_S: Final = 0.01


class Arrivals:
    """Ask it often, with rising times; seconds count from the start of the test.

    It is over with the last stage or, of a number of calls, with the last of them.
    """

    def __init__(self, stages: Sequence[Stage], calls: int | None = None) -> None:
        self._stages = list(stages)
        self._calls = calls
        self._begun = 0
        self._owed = 0.0  # of a rate: calls that should have begun and have not
        self._asked_s = 0.0

    @property
    def seconds(self) -> float:
        return sum(stage.seconds for stage in self._stages)

    def over(self, at_s: float) -> bool:
        if self._calls is not None:
            return self._begun >= self._calls
        return at_s >= self.seconds

    def due(self, at_s: float, running: int) -> int:
        """How many calls begin now, with so many running."""
        since_s, self._asked_s = at_s - self._asked_s, at_s
        kind, value = self.wanted(at_s)
        if kind == "rate":
            self._owed += value * since_s
            wanted = int(self._owed + 1e-9)
        else:
            self._owed = 0.0
            wanted = int(value + 1e-9) - running
        if self._calls is not None:
            wanted = min(wanted, self._calls - self._begun)
        begun = max(0, min(wanted, MOST_AT_ONCE))
        self._owed = max(0.0, self._owed - begun)
        self._begun += begun
        return begun

    def wanted(self, at_s: float) -> tuple[str, float]:
        """The kind of the stage and its value, on a line from the stage before."""
        end_s, before = 0.0, None
        for stage in self._stages:
            end_s += stage.seconds
            if at_s < end_s:
                flat = before is None or before.kind != stage.kind
                begins = stage.value if flat or before is None else before.value
                if before is None and stage.name == "ramp":
                    begins = 0.0
                share = 1 - (end_s - at_s) / stage.seconds
                return stage.kind, begins + (stage.value - begins) * share
            before = stage
        last = self._stages[-1]  # goes on while calls are still to begin
        return last.kind, last.value
