"""A command that is asked to end: first in order, then at once."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
BY_SIGNAL: Final = 128  # what a shell adds to the number


@dataclass
class Ending:
    """``in_order`` is for the command to set, once it has something to bring to an end."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    in_order: bool = False
    number: int | None = None  # of the first signal

    @property
    def exit_code(self) -> int | None:
        return None if self.number is None else BY_SIGNAL + self.number


@contextmanager
def signals_end(ending: Ending) -> Iterator[None]:
    """The first signal sets ``asked``, or cancels the task that came here, where nothing can be
    brought to an end in order; so does the second one. A third one ends the process."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    # What is ignored already, as with nohup, goes on being ignored.
    heard = [each for each in SIGNALS if signal.getsignal(each) is not signal.SIG_IGN]

    def come(number: int) -> None:
        ending.number = ending.number or number
        if ending.in_order and not ending.asked.is_set():
            ending.asked.set()
            return
        for each in heard:
            loop.remove_signal_handler(each)
        task.cancel()

    for each in heard:
        loop.add_signal_handler(each, come, each)
    try:
        yield
    finally:
        for each in heard:
            loop.remove_signal_handler(each)
