"""What is wrong with an agent document, and where."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """``line`` and ``column`` count from 1; ``field`` is dotted, empty for the whole document.
    ``message`` says what is wrong and, behind a semicolon, how to mend it."""

    line: int
    column: int
    field: str
    message: str


class AgentError(ValueError):
    """All that is wrong with one document."""

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.source = source
        self.problems = tuple(sorted(problems, key=lambda each: (each.line, each.column)))
        super().__init__("\n".join(self._line(problem) for problem in self.problems))

    def _line(self, problem: Problem) -> str:
        where = f"{self.source}:{problem.line}:{problem.column}"
        return ": ".join(filter(None, (where, problem.field, problem.message)))
