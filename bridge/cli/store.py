"""The store that commands work in; what it refuses is told with its mend."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from bridge.cli.agent_source import opened_store
from bridge.cli.console import FAILED, USAGE, stop
from bridge.cli.environment import settings_from
from bridge.cli.loop import run
from bridge.settings import Settings
from bridge.store.database import Database
from bridge.store.problems import DOCUMENTS, Conflict, Invalid, StoreProblem, StoreUnavailable

T = TypeVar("T")


@asynccontextmanager
async def opened(settings: Settings, about: str = "") -> AsyncIterator[Database]:
    """The database of the settings, with its tables. What it refuses in the block ends the command
    with 1 or 2; ``about`` is what texts with problems are called."""
    try:
        async with opened_store(settings) as database:
            yield database
    except StoreProblem as problem:
        stop(told(problem, about), exit_code(problem))


def in_store(
    work: Callable[[Database], Coroutine[Any, Any, T]],
    about: str = "",
    settings: Settings | None = None,
) -> T:
    """What ``work`` returns. ``settings`` None: those of the environment."""
    found = settings or settings_from(telephone=False, model=False)

    async def main() -> T:
        async with opened(found, about) as database:
            return await work(database)

    return run(main())


def exit_code(problem: StoreProblem) -> int:
    """2 where what was asked for cannot be; 1 where it could have been another day, or with
    another text."""
    if isinstance(problem, StoreUnavailable | Conflict):
        return FAILED
    return FAILED if isinstance(problem, Invalid) and problem.field in DOCUMENTS else USAGE


def told(problem: StoreProblem, about: str = "") -> str:
    """A line for each thing that is wrong, with its place where it has one."""
    if not isinstance(problem, Invalid):
        return str(problem)
    lines = []
    for each in problem.problems:
        where = f"{about}:{each.line}:{each.column}" if problem.field == "text" else ""
        if problem.field == "tests":
            where = f"{about}, tests" if each.line == 1 else f"{about}, tests:{each.line}"
        lines.append(": ".join(filter(None, (where, each.field, each.message))))
    return "\n".join(lines)
