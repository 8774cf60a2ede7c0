"""What waits to be sent to one peer: a bounded queue with one writer."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")


class OutboxFull(Exception):
    """The peer takes nothing any more; what it was to get is lost with it."""


class Outbox(Generic[Item]):
    """``put`` never waits, ``write`` sends all there is in one go and then waits for more."""

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._items: list[Item] = []
        self._filled = asyncio.Event()

    def put(self, items: Sequence[Item]) -> None:
        if len(self._items) + len(items) > self._bound:
            raise OutboxFull(f"{len(self._items)} messages wait to be sent")
        self._items.extend(items)
        self._filled.set()

    async def write(self, send: Callable[[list[Item]], Awaitable[None]], timeout_s: float) -> None:
        """Send for ever. Raises TimeoutError when one sending takes too long."""
        while True:
            if not self._items:
                self._filled.clear()
                await self._filled.wait()
            items, self._items = self._items, []
            async with asyncio.timeout(timeout_s):
                await send(items)
