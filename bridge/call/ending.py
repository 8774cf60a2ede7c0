"""The end of a call: what was being said is heard out, but not for ever."""

from bridge.call.actions import Outcome


class Ending:
    """Asked for once; over when all is said and heard, or when its time is up."""

    def __init__(self, timeout_s: float) -> None:
        self.outcome: Outcome | None = None
        self._timeout_s = timeout_s
        self._by = float("inf")

    def ask(self, outcome: Outcome, now: float) -> None:
        if self.outcome is None:
            self.outcome = outcome
            self._by = now + self._timeout_s

    def over(self, *, answering: bool, audible: bool, now: float) -> bool:
        """``answering``: a response runs or is due; ``audible``: audio has not been heard out."""
        if self.outcome is None:
            return False
        # A model that failed owes nothing more; the others may still be saying goodbye.
        waits = audible or (answering and self.outcome is not Outcome.MODEL_FAILED)
        return not waits or now >= self._by

    def deadline(self) -> float:
        return self._by
