"""What a call noted for ops: kept with it, and in the log."""

import logging
from collections import Counter
from contextvars import Context, copy_context
from typing import Final

from bridge.call.actions import Note

KEPT_OF_A_KIND: Final = 5

logger = logging.getLogger(__name__)


class Notes:
    """The first few of a kind are kept and logged one by one; beyond them only their number and
    the last one, at the end, so that a peer can fill neither the memory nor the log.

    Lines are written in the context this was made in, whoever adds a note: the callbacks of a
    socket run in one that knows no call.
    """

    def __init__(self) -> None:
        self.kept: list[tuple[float, Note]] = []  # monotonic seconds
        self.context: Context = copy_context()
        self._counts = Counter[str]()
        self._last: dict[str, tuple[float, Note]] = {}  # of those beyond the first

    def add(self, at: float, note: Note) -> None:
        self._counts[note.kind] += 1
        if self._counts[note.kind] > KEPT_OF_A_KIND:
            self._last[note.kind] = at, note
            return
        self.kept.append((at, note))
        self.warn("%s: %s", note.kind, note.detail)

    def end(self) -> None:
        """Tell of those that were only counted."""
        last, self._last = self._last, {}
        for kind, (at, note) in last.items():
            summed = Note(kind, f"{note.detail} (the last of {self._counts[kind]})")
            self.kept.append((at, summed))
            self.warn("%s: %s", kind, summed.detail)

    def warn(self, message: str, *values: object) -> None:
        self.context.run(logger.warning, message, *values)
