"""The event loop of every command."""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """As ``asyncio.run``; where there is uvloop on it, with the transports of aiofastnet, whose
    reads and writes cost less than uvloop's own, most of all with TLS (deploy/CAPACITY.md)."""
    if sys.platform == "win32":
        return asyncio.run(main)
    import aiofastnet
    import uvloop

    with asyncio.Runner(loop_factory=aiofastnet.loop_factory(uvloop.new_event_loop)) as runner:
        return runner.run(main)
