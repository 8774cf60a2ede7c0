"""When calls begin."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

from bridge.sim.load.plan import Stage

# Of one look: calls that begin together also speak together, so what is behind is not made up for
# in one instant. A rate that needs more of each look is given those that fall into one frame.
MOST_AT_ONCE: Final = 2
MOST_OF_A_RATE: Final = 20
FRAME_S: Final = 0.02
LOOK_S: Final = 0.01
ENOUGH: Final = 0.95  # of the load that a stage asks for


@dataclass
class _Given:
    """Of one stage. Calls of a rate, or call seconds of a concurrency in its second half: it takes
    a moment until as many are there."""

    asked: float = 0.0
    given: float = 0.0


@dataclass(frozen=True)
class _Wanted:
    """``value`` of the stage of this number, which rises by so much a second."""

    number: int
    value: float
    rising: float = 0.0
    share: float = 1.0  # of the stage that is over


class Arrivals:
    """Ask it often, with rising times; seconds count from the start of the test.

    It is over once it was asked at the end of the last stage or, of a number of calls, with the
    last of them.
    """

    def __init__(self, stages: Sequence[Stage], calls: int | None = None) -> None:
        self._stages = list(stages)
        self._calls = calls
        self._begun = 0
        self._owed = 0.0  # of a rate: calls that should have begun and have not
        self._asked_s = 0.0
        self._given = [_Given() for _ in self._stages]

    @property
    def seconds(self) -> float:
        return sum(stage.seconds for stage in self._stages)

    @property
    def over(self) -> bool:
        if self._calls is not None:
            return self._begun >= self._calls
        return self._asked_s >= self.seconds

    def due(self, at_s: float, running: int) -> int:
        """How many calls begin now, with so many running."""
        ending = self._calls is None and at_s >= self.seconds
        at_s = self.seconds if ending else at_s
        since_s, self._asked_s = at_s - self._asked_s, at_s
        now = self._wanted(at_s)
        stage, told = self._stages[now.number], self._given[now.number]
        if stage.kind == "rate":
            self._owed += now.value * since_s
            wanted, per_s = int(self._owed + 1e-9), now.value
        else:
            self._owed = 0.0
            wanted, per_s = 0 if ending else int(now.value + 1e-9) - running, now.rising
        if self._calls is not None:
            wanted = min(wanted, self._calls - self._begun)
        begun = max(0, min(wanted, _most(per_s)))
        self._owed = max(0.0, self._owed - begun)
        self._begun += begun
        if stage.kind == "rate":
            told.asked += now.value * since_s
            told.given += begun
        elif now.share >= 0.5:
            told.asked += now.value * since_s
            told.given += (now.value - max(0, wanted - begun)) * since_s
        return begun

    def missed(self, lost: int) -> list[str]:
        """Stages whose load was not given, with so many calls lost."""
        found = []
        for stage, told in zip(self._stages, self._given, strict=True):
            if stage.kind == "rate" and told.given + 1 < ENOUGH * told.asked:
                found.append(
                    f"stage {stage.name}: {told.given:,.0f} of {told.asked:,.0f} calls were begun; "
                    "the generator cannot give that rate: use more machines"
                )
            # Calls that are lost make room at once, for more than anybody would begin.
            few_lost = lost <= (1 - ENOUGH) * self._begun
            if stage.kind == "concurrency" and few_lost and told.given < ENOUGH * told.asked:
                found.append(
                    f"stage {stage.name}: {100 * told.given / told.asked:.0f} % of its calls at "
                    "once were there; the generator cannot begin them that fast: use a longer ramp"
                )
        return found

    def _wanted(self, at_s: float) -> _Wanted:
        """On a line from the stage before."""
        end_s, before = 0.0, None
        for number, stage in enumerate(self._stages):
            end_s += stage.seconds
            if at_s < end_s:
                flat = before is None or before.kind != stage.kind
                begins = stage.value if flat or before is None else before.value
                if before is None and stage.name == "ramp":
                    begins = 0.0
                share = 1 - (end_s - at_s) / stage.seconds
                rising = (stage.value - begins) / stage.seconds
                return _Wanted(number, begins + (stage.value - begins) * share, rising, share)
            before = stage
        last = len(self._stages) - 1  # goes on while calls are still to begin
        return _Wanted(last, self._stages[last].value)


def _most(per_s: float) -> int:
    """Calls that one look may begin where so many a second have to."""
    return max(MOST_AT_ONCE, min(ceil(per_s * FRAME_S), MOST_OF_A_RATE))
