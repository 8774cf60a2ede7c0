"""Nothing is kept for longer than it should be: calls, recordings, messages nobody took."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.exc import SQLAlchemyError

from bridge.store.applying import mark_lost
from bridge.store.away import said
from bridge.store.call_tables import calls, outbox
from bridge.store.calls import remove_recording
from bridge.store.cancelling import heed_cancel
from bridge.store.database import Database
from bridge.store.outbox import Announcing
from bridge.store.problems import StoreUnavailable
from bridge.store.writer import utc_now

BATCH: Final = 500  # rows a transaction: calls that end meanwhile wait for no more than that
EVERY_S: Final = 3600.0
GIVEN_UP_DAYS: Final = 30  # messages; those of an endpoint that is gone count from when they came
LOST_AFTER: Final = timedelta(days=1)  # a call without an end, whose process left no spool

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Swept:
    calls: int
    recordings: int
    messages: int
    lost: int


class Retention:
    """Days of 0 mean for ever. Recordings go with their call, or before it; an agent's own number
    of days for them, kept with each call, wins over ``recording_days``."""

    def __init__(
        self,
        database: Database,
        recordings: Path,
        *,
        call_days: int,
        recording_days: int,
        announcing: Announcing | None = None,
        now: Callable[[], datetime] = utc_now,
        batch: int = BATCH,
    ) -> None:
        """``announcing`` None: nobody is to be told of calls."""
        self._database = database
        self._recordings = recordings
        self._call_days = call_days
        self._recording_days = recording_days
        self._announcing = announcing
        self._now = now
        self._batch = batch

    async def run(self, every_s: float = EVERY_S) -> None:
        """Until it is cancelled. Several processes may do it: it is done once."""
        while True:
            try:
                swept = await self.sweep()
                if swept != Swept(0, 0, 0, 0):
                    logger.info("past their time: %s", swept)
            except (StoreUnavailable, SQLAlchemyError, OSError) as error:
                heed_cancel(error)
                logger.warning("what is past its time stays for now: %s", said(error))
            await asyncio.sleep(every_s)

    async def sweep(self) -> Swept:
        """Raises StoreUnavailable, OSError."""
        now = self._now()
        lost = await self._mark_lost(now)
        recordings = await self._sweep_recordings(now)
        swept = await self._sweep_calls(now)
        messages = await self._sweep_messages(now)
        return Swept(swept, recordings, messages, lost)

    async def _mark_lost(self, now: datetime) -> int:
        async with self._database.begin() as connection:
            lost = await mark_lost(connection, now - LOST_AFTER, now, self._announcing)
        return len(lost)

    async def _sweep_calls(self, now: datetime) -> int:
        if not self._call_days:
            return 0
        old = calls.c.started_at < now - timedelta(days=self._call_days)
        swept = 0
        while found := await self._some(old):
            await self._remove_files(found)
            sids = [row["call_sid"] for row in found]
            async with self._database.begin() as connection:
                await connection.execute(delete(calls).where(calls.c.call_sid.in_(sids)))
            swept += len(found)
        return swept

    async def _sweep_recordings(self, now: datetime) -> int:
        async with self._database.read() as connection:
            asked = select(calls.c.recording_days).where(calls.c.recording.is_not(None)).distinct()
            kept_days = (await connection.execute(asked)).scalars().all()
        swept = 0
        for days in kept_days:
            limit = self._recording_days if days is None else days
            if limit:
                chosen = calls.c.recording_days.is_not_distinct_from(days)
                swept += await self._sweep_older(chosen, now - timedelta(days=limit))
        return swept

    async def _sweep_older(self, chosen: ColumnElement[bool], before: datetime) -> int:
        old = chosen & calls.c.recording.is_not(None) & (calls.c.started_at < before)
        swept = 0
        while found := await self._some(old):
            await self._remove_files(found)
            sids = [row["call_sid"] for row in found]
            forgotten = update(calls).where(calls.c.call_sid.in_(sids)).values(recording=None)
            async with self._database.begin() as connection:
                await connection.execute(forgotten)
            swept += len(found)
        return swept

    async def _sweep_messages(self, now: datetime) -> int:
        old = outbox.c.created_at < now - timedelta(days=GIVEN_UP_DAYS)
        async with self._database.begin() as connection:
            return (await connection.execute(delete(outbox).where(old))).rowcount

    async def _some(self, which: ColumnElement[bool]) -> list[Any]:
        asked = select(calls.c.call_sid, calls.c.recording).where(which).limit(self._batch)
        async with self._database.read() as connection:
            return [*(await connection.execute(asked)).mappings()]

    async def _remove_files(self, rows: list[Any]) -> None:
        """To be done first: for a file without a row nobody would look any more."""
        for row in rows:
            if row["recording"]:
                await asyncio.to_thread(remove_recording, self._recordings, row["recording"])
