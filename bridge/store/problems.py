"""What can go wrong with a change, in words for whoever asked for it."""

from collections.abc import Sequence
from typing import Final

from bridge.agents.problems import Problem
from bridge.characters import control_problem


class StoreProblem(Exception):
    """``field`` is what was given wrongly; ``message`` names the mend."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field
        self.message = message


class NotFound(StoreProblem):
    """There is no such thing."""


class Conflict(StoreProblem):
    """Somebody else was faster, or the name is taken. ``revision`` is what is there now."""

    def __init__(self, field: str, message: str, revision: int | None = None) -> None:
        super().__init__(field, message)
        self.revision = revision


DOCUMENTS: Final = ("text", "tests")


class Invalid(StoreProblem):
    """What was given has problems. Of ``DOCUMENTS`` alone each has its place."""

    def __init__(self, field: str, problems: Sequence[Problem]) -> None:
        told = (": ".join(filter(None, (each.field, each.message))) for each in problems)
        super().__init__(field, "\n".join(told))
        self.problems = tuple(problems)


def refuse_control(field: str, text: str) -> None:
    """Raises Invalid for a text that a terminal would obey."""
    if told := control_problem(text):
        raise Invalid(field, [Problem(1, 1, field, told)])


AGAIN: Final = "try again when it is up"


class StoreUnavailable(StoreProblem):
    """The database cannot be reached, or not be used as it is."""

    def __init__(self, why: str, mend: str = AGAIN) -> None:
        super().__init__("store", f"the database cannot be used: {why}; {mend}")
        self.why = why
        self.mend = mend
