"""Model sessions opened ahead: while the webhook is being answered, the model connects."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from bridge.transport.model import ModelPeer, ModelUnavailable

OpenSession = Callable[[], Awaitable[ModelPeer]]

logger = logging.getLogger(__name__)


class WarmModels:
    """One session for each call that is expected. An unused one is closed after a while."""

    def __init__(self, ttl_s: float) -> None:
        self._ttl_s = ttl_s
        self._opening: dict[str, asyncio.Task[ModelPeer | ModelUnavailable]] = {}
        self._expiring: dict[str, asyncio.Task[None]] = {}
        self._empty = asyncio.Event()
        self._empty.set()

    def expect(self, call_sid: str, open_session: OpenSession) -> None:
        """Begin to connect; harmless when that has begun."""
        if call_sid not in self._opening:
            self._empty.clear()
            self._opening[call_sid] = asyncio.create_task(_open(open_session))
            self._expiring[call_sid] = asyncio.create_task(self._expire(call_sid))

    def _pop(self, call_sid: str) -> asyncio.Task[ModelPeer | ModelUnavailable] | None:
        opening = self._opening.pop(call_sid, None)
        if not self._opening:
            self._empty.set()
        return opening

    async def take(self, call_sid: str, open_session: OpenSession) -> ModelPeer:
        """The session of this call, or a new one. Raises ModelUnavailable."""
        opening = self._pop(call_sid)
        if opening is None:
            return await open_session()
        self._expiring.pop(call_sid).cancel()
        try:
            opened = await opening
        except asyncio.CancelledError:
            opening.cancel()
            await _close(opening)
            raise
        if isinstance(opened, ModelUnavailable):
            raise opened
        if opened.why_closed is None:
            return opened
        logger.warning(
            "the session opened ahead is lost, a new one is opened: %s", opened.why_closed
        )
        await opened.close()
        return await open_session()

    async def _expire(self, call_sid: str) -> None:
        await asyncio.sleep(self._ttl_s)
        logger.info("no media socket came for %s: its model session is closed", call_sid)
        self._expiring.pop(call_sid, None)
        await self.drop(call_sid)

    async def drop(self, call_sid: str) -> None:
        """The call will not come."""
        if expiring := self._expiring.pop(call_sid, None):
            expiring.cancel()
        if opening := self._pop(call_sid):
            opening.cancel()
            await _close(opening)

    async def close(self) -> None:
        for call_sid in [*self._opening]:
            await self.drop(call_sid)

    async def emptied(self) -> None:
        """Until every session was taken, has expired or was dropped."""
        await self._empty.wait()

    def __len__(self) -> int:
        return len(self._opening)

    def __contains__(self, call_sid: str) -> bool:
        return call_sid in self._opening


async def _open(open_session: OpenSession) -> ModelPeer | ModelUnavailable:
    try:
        return await open_session()
    except ModelUnavailable as error:
        return error


async def _close(opening: asyncio.Task[ModelPeer | ModelUnavailable]) -> None:
    """Close what a cancelled opening may already have brought."""
    await asyncio.wait([opening])
    if not opening.cancelled() and isinstance(peer := opening.result(), ModelPeer):
        await peer.close()
