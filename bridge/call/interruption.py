"""Does the caller's sound interrupt the assistant? A decision of the call, not of the server."""

from dataclasses import dataclass
from enum import Enum, auto


class Verdict(Enum):
    CANDIDATE = auto()  # speech has started; not decided yet
    CONFIRMED = auto()  # stop speaking
    DISMISSED = auto()  # go on speaking


@dataclass(frozen=True)
class Interruption:
    """The policy of one agent. Today speech confirms itself at once, or never interrupts."""

    enabled: bool = True

    def speech_started(self) -> Verdict:
        """What to make of a ``speech_started`` while the assistant is heard."""
        return self.decide(Verdict.CANDIDATE)

    def decide(self, verdict: Verdict) -> Verdict:
        if verdict is not Verdict.CANDIDATE:
            return verdict
        return Verdict.CONFIRMED if self.enabled else Verdict.DISMISSED
