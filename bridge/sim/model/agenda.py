"""What is to happen later."""

import heapq
import itertools
from collections.abc import Callable

Action = Callable[[float], None]


class Agenda:
    """Actions at times, in order; those of one time in the order they were put down."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Action]] = []
        self._order = itertools.count()

    def at(self, due: float, action: Action) -> None:
        heapq.heappush(self._heap, (due, next(self._order), action))

    @property
    def due(self) -> float | None:
        return self._heap[0][0] if self._heap else None

    def run_next(self) -> None:
        due, _, action = heapq.heappop(self._heap)
        action(due)
