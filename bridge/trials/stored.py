"""A call that was, as it is needed to run it again."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from bridge.trials.stereo import Stereo


@dataclass(frozen=True)
class SpokenLine:
    """``unheard`` is what the agent said after the caller stopped hearing it."""

    role: str  # "caller", "assistant"
    heard: str
    unheard: str = ""


@dataclass(frozen=True)
class FunctionRun:
    name: str
    arguments: str  # JSON text
    output: str
    took_s: float


@dataclass(frozen=True)
class Course:
    """How a call went. ``latencies_ms``: from the end of the caller's words to the first sound
    heard in answer, answer by answer."""

    lines: tuple[SpokenLine, ...]
    functions: tuple[FunctionRun, ...]
    outcome: str
    seconds: float
    latencies_ms: tuple[float, ...] = ()
    barge_ins: int = 0


LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class StoredCall:
    call_sid: str
    course: Course
    sound: Stereo
    caller: str = ""
    called: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    started_at: datetime = LONG_AGO


NO_RESULT: Final = '{"error":"the stored call has no result of this function"}'


class StoredResults:
    """What functions answered then: the nth call of a name gets the nth result of that name,
    whatever the arguments."""

    def __init__(self, functions: tuple[FunctionRun, ...]) -> None:
        self._functions = functions
        self._calls: Counter[str] = Counter()

    @property
    def longest_s(self) -> float:
        return max((each.took_s for each in self._functions), default=0.0)

    def next(self, name: str) -> FunctionRun | None:
        """What was called then; None: it was not called so often."""
        of_name = [each for each in self._functions if each.name == name]
        number = self._calls[name]
        self._calls[name] += 1
        return of_name[number] if number < len(of_name) else None
