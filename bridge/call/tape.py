"""What a recording is made of: the events of a call that decide what was heard, and when."""

from collections.abc import Callable
from typing import NamedTuple

from bridge.wire.twilio import Media, Start

REEL = 64  # events handed over at once: about a second of a call


class Sent(NamedTuple):
    """Audio went to the carrier, right behind what went before."""

    n_bytes: int


class Played(NamedTuple):
    """The next audio of what was sent was heard. ``by_mark``: just now, as a mark says; else at
    the time the ledger's clock has for it."""

    ulaw: bytes
    by_mark: bool


class Cleared(NamedTuple):
    """What was sent and not played is gone; positions count from zero again."""


class Ended(NamedTuple):
    """The last event of a tape."""


TapeEvent = Start | Media | Sent | Played | Cleared | Ended
Reel = list[tuple[float, TapeEvent]]  # monotonic seconds, and what happened


class Tape:
    """Collects the events of one call and hands them on, reel by reel; the last one is short.

    ``add`` costs an append: whoever makes sound of the events does so elsewhere.
    """

    def __init__(self, hand_on: Callable[[Reel], None]) -> None:
        self._hand_on = hand_on
        self._reel: Reel = []
        self._ended = False

    def add(self, now: float, event: TapeEvent) -> None:
        self._reel.append((now, event))
        if len(self._reel) >= REEL:
            self._turn_over()

    def end(self, now: float) -> None:
        """Nothing more comes; a second time changes nothing."""
        if not self._ended:
            self._ended = True
            self._reel.append((now, Ended()))
            self._turn_over()

    def _turn_over(self) -> None:
        reel, self._reel = self._reel, []
        self._hand_on(reel)
