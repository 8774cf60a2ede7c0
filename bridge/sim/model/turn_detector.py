"""Where speech begins and ends, from one probability for each 32 ms."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bridge.sim.model.session_object import TurnDetection
from bridge.sim.voice.jobs import WINDOW_MS

ONSET_WINDOWS = 2  # one loud window is a click
HYSTERESIS = 0.15  # speech goes on at a lower probability than it begins


@dataclass(frozen=True)
class Started:
    """Speech, from this position on (the prefix included)."""

    start_ms: int


@dataclass(frozen=True)
class Stopped:
    """Silence, as long as asked for, up to this position."""

    end_ms: int


class TurnDetector:
    """Positions are milliseconds of audio since the session began, in whole windows."""

    def __init__(self) -> None:
        self.speaking = False
        self._windows = 0
        self._loud = 0
        self._quiet = 0

    def push(
        self, probabilities: Iterable[float], rules: TurnDetection | None
    ) -> Iterator[Started | Stopped]:
        """Without rules the windows are only counted."""
        for probability in probabilities:
            self._windows += 1
            if rules is None:
                continue
            event = (
                self._in_speech(probability, rules)
                if self.speaking
                else self._in_silence(probability, rules)
            )
            if event is not None:
                yield event

    def reset(self) -> None:
        """Forget an onset; the clock of windows goes on."""
        self.speaking = False
        self._loud = self._quiet = 0

    def _in_silence(self, probability: float, rules: TurnDetection) -> Started | None:
        self._loud = self._loud + 1 if probability >= rules.threshold else 0
        if self._loud < ONSET_WINDOWS:
            return None
        onset_ms = (self._windows - self._loud) * WINDOW_MS
        self.speaking, self._loud, self._quiet = True, 0, 0
        padded_ms = max(onset_ms - rules.prefix_ms, 0)
        return Started(padded_ms // WINDOW_MS * WINDOW_MS)

    def _in_speech(self, probability: float, rules: TurnDetection) -> Stopped | None:
        is_speech = probability >= rules.threshold - HYSTERESIS
        self._quiet = 0 if is_speech else self._quiet + 1
        if self._quiet * WINDOW_MS < max(rules.silence_ms, WINDOW_MS):
            return None
        self.reset()
        return Stopped(self._windows * WINDOW_MS)
