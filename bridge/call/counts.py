"""What happened in a call, counted for reports and metrics."""

from collections import Counter
from dataclasses import dataclass, field

from bridge.call.playback import Heard

KINDS_MAX = 50  # of events nobody knows: a peer chooses their names


@dataclass(frozen=True)
class BargeIn:
    at: float
    items: tuple[Heard, ...]  # as the ledger had them


@dataclass
class Counts:
    dismissed: int = 0  # caller speech that did not interrupt
    errors: Counter[str] = field(default_factory=Counter)  # from the model, by code
    unknown: Counter[str] = field(default_factory=Counter)  # events nobody knows, by kind
    malformed: Counter[str] = field(default_factory=Counter)  # messages dropped, by peer

    def unknown_event(self, kind: str) -> None:
        known = kind in self.unknown or len(self.unknown) < KINDS_MAX
        self.unknown[kind if known else "others"] += 1
