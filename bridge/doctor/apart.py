"""Work that may hang, in a thread that nobody has to wait for."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def apart(work: Callable[[], T]) -> T:
    """What ``work`` returns or raises. When this is cancelled the thread is left to itself: the
    loop's own threads would be waited for at the end of the program."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: Callable[[], None]) -> None:
        if not done.done():
            result()

    def tell(result: Callable[[], None]) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result)

    def run() -> None:
        try:
            value = work()
        except Exception as error:  # travels on, to whoever awaits
            raised = error
            tell(lambda: done.set_exception(raised))
        else:
            tell(lambda: done.set_result(value))

    threading.Thread(target=run, name="doctor", daemon=True).start()
    return await done
