"""An event loop whose clock jumps to the next timer: minutes pass in milliseconds."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

PAST_S = 1e-9  # sums of floats fall short of a deadline now and then; a clock must not
STUCK_S = 5.0  # of real time in which nothing happens and nothing is due


class Stuck(RuntimeError):
    """Every task waits for something that cannot come."""


class _Clock:
    def __init__(self) -> None:
        self.now = 0.0


class _Jumping(selectors.DefaultSelector):  # the loop takes nothing but a selector
    """Where a selector would wait for a timer, the clock is set to it instead."""

    def __init__(self, clock: _Clock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:  # no timer: only a thread can wake us
            ready = super().select(STUCK_S)
            if not ready:
                raise Stuck("no timer is set and nothing has come")
            return ready
        ready = super().select(0)
        if not ready:
            self._clock.now += timeout + PAST_S if timeout else 0.0
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._clock = _Clock()
        super().__init__(_Jumping(self._clock))

    def time(self) -> float:
        return self._clock.now


def run(main: Coroutine[Any, Any, T]) -> T:
    """As ``asyncio.run``. Raises what tasks left behind: no exception goes unseen."""
    unseen: list[dict[str, Any]] = []
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.get_loop().set_exception_handler(lambda _, context: unseen.append(context))
        result = runner.run(main)
    assert not unseen, unseen
    return result


async def left_over() -> set["asyncio.Task[Any]"]:
    """Tasks beside the one that asks, once the simulated peers have seen the end."""
    await asyncio.sleep(0.01)
    return asyncio.all_tasks() - {asyncio.current_task()}
