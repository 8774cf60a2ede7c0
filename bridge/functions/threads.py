"""Work that may never return, on threads of its own.

A thread cannot be ended from outside. So each piece of work gets a daemon thread (an executor's
would be joined at exit), and one nobody waits for any more is left behind; how many of a name may
be left behind is bounded, so that one bad function takes neither memory nor turns from others.
"""

import asyncio
import contextvars
import threading
from collections import defaultdict
from collections.abc import Callable
from typing import Any


class ThreadsExhausted(RuntimeError):
    """As many threads as allowed still run work of this name that nobody waits for."""


class Threads:
    def __init__(self, *, max_abandoned: int) -> None:
        """``max_abandoned`` counts for each name by itself."""
        self._max_abandoned = max_abandoned
        self._abandoned: defaultdict[str, set[threading.Thread]] = defaultdict(set)

    def abandoned(self, name: str) -> int:
        """Threads of this name that still run and that nobody waits for."""
        running = {thread for thread in self._abandoned[name] if thread.is_alive()}
        self._abandoned[name] = running
        return len(running)

    async def run(self, name: str, work: Callable[[], Any]) -> Any:
        """The result or exception of ``work()``. When this is cancelled the thread stays behind."""
        if self.abandoned(name) >= self._max_abandoned:
            raise ThreadsExhausted(f"{self._max_abandoned} earlier calls have not returned yet")
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Any] = loop.create_future()
        context = contextvars.copy_context()
        thread = threading.Thread(
            target=_work, args=(context, work, loop, answered), name=name, daemon=True
        )
        thread.start()
        try:
            return await answered
        finally:
            if not answered.done() or answered.cancelled():
                self._abandoned[name].add(thread)


def _work(
    context: contextvars.Context,
    work: Callable[[], Any],
    loop: asyncio.AbstractEventLoop,
    answered: asyncio.Future[Any],
) -> None:
    try:
        outcome: tuple[Any, BaseException | None] = (context.run(work), None)
    except BaseException as failure:  # whatever it is belongs to the one who waits
        outcome = (None, failure)
    if not loop.is_closed():
        try:
            loop.call_soon_threadsafe(_answer, answered, *outcome)
        except RuntimeError:  # the loop was closed in between: nobody waits
            return


def _answer(answered: asyncio.Future[Any], value: Any, failure: BaseException | None) -> None:
    if answered.done():
        return
    if isinstance(failure, StopIteration | asyncio.CancelledError | SystemExit | KeyboardInterrupt):
        # None of these may pass through a future, or end the program from a function's thread.
        failure = RuntimeError(f"ended by {type(failure).__name__}")
    if failure is None:
        answered.set_result(value)
    else:
        answered.set_exception(failure)
