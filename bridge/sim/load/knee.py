"""The search for the most calls at once that go well."""

from typing import Final

ATTEMPTS: Final = 2  # a neighbour on the machine is no limit of the server
MOST_RUNS: Final = 40


class Search:
    """Run the load test at ``next``, ``note`` whether it passed, until ``next`` is None.

    It doubles until a number of calls has failed twice, then halves what lies between, down to
    ``step``.
    """

    def __init__(self, first: int, step: int) -> None:
        self.next: int | None = first
        self.knee: int | None = None
        self._step = step
        self._failed: int | None = None  # the least that did
        self._attempts = 0
        self._runs = 0

    def note(self, passed: bool) -> None:
        assert self.next is not None
        self._runs += 1
        self._attempts += 1
        if passed:
            self.knee = self.next
        elif self._attempts < ATTEMPTS:
            return
        else:
            self._failed = self.next
        self._attempts = 0
        self.next = self._after() if self._runs < MOST_RUNS else None

    def _after(self) -> int | None:
        good = self.knee or 0
        if self._failed is None:
            return good * 2
        middle = good + (self._failed - good) // 2 // self._step * self._step
        return middle if middle > good else None
