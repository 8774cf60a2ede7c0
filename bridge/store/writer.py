"""The task that brings spools into the store: in order, each entry once, for as long as it takes.

A process brings its own spool and those of processes that died. The mark of a spool moves in the
transaction that writes its entries, so a commit whose answer was lost is not made twice.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError

from bridge.records.record import from_builtins
from bridge.store.applying import CallEntry, apply, forget_mark, mark_dead
from bridge.store.away import said
from bridge.store.cancelling import heed_cancel
from bridge.store.database import Database
from bridge.store.entries import Entry
from bridge.store.outbox import Announcing
from bridge.store.problems import StoreUnavailable
from bridge.store.spool import Spool
from bridge.store.spool_folder import Batch, SpoolFolder, adopt

BATCH: Final = 50  # entries a transaction
ADOPT_EVERY_S: Final = 10.0
BACK_OFF_S: Final = (0.1, 5.0)  # the first wait, doubled up to the last
BAD_ENTRY_SQLSTATES: Final = ("22", "23")  # data, and constraints: PostgreSQL, Appendix A

# The driver of SQLite raises the latter two as they are.
_OF_AN_ENTRY: Final = (StatementError, OverflowError, ValueError)

logger = logging.getLogger(__name__)


def utc_now() -> datetime:
    return datetime.now(UTC)


class StoreWriter:
    """``run`` it until the spool is closed, then ``finish`` it."""

    def __init__(
        self,
        spool: Spool,
        database: Database,
        announcing: Announcing | None = None,
        *,
        on_applied: Callable[[], None] = lambda: None,
        on_died: Callable[[Collection[str]], object] = lambda _: None,
        now: Callable[[], datetime] = utc_now,
        adopt_every_s: float = ADOPT_EVERY_S,
    ) -> None:
        """``announcing`` None: nobody is to be told of calls. ``on_applied`` is called when
        something new is in the store, ``on_died``, in a thread, with the calls that a process had
        when it died."""
        self.up = False  # the store took all there was, the last time it was tried
        self.down = False  # it did not; the log has been told
        self.rejected = 0
        self._spool = spool
        self._database = database
        self._announcing = announcing
        self._on_applied = on_applied
        self._on_died = on_died
        self._now = now
        self._adopt_every_s = adopt_every_s
        self._applied = 0
        self._adopted: list[SpoolFolder] = []
        self._unusable: set[str] = set()  # folders nobody can adopt, said already
        self._adopt_at = 0.0
        self._news = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        spool.on_written = self._written

    @property
    def depth(self) -> int:
        """Entries of this process that are not in the store yet."""
        return self._spool.appended - self._applied

    def _written(self) -> None:
        """From the thread of the spool; it may outlive the loop."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._news.set)

    async def run(self) -> None:
        """Until it is cancelled."""
        wait_s = BACK_OFF_S[0]
        while True:
            self._news.clear()
            try:
                await self._round()
                self._is_up()
                wait_s = BACK_OFF_S[0]
            except Exception as error:
                # Whatever it is, a bug of ours too: the records are safe where they are.
                heed_cancel(error)
                self._is_down(error)
                await asyncio.sleep(wait_s)
                wait_s = min(2 * wait_s, BACK_OFF_S[1])
                continue
            left_s = max(0.0, self._adopt_at - self._loop.time())
            try:
                async with asyncio.timeout(left_s):
                    await self._news.wait()
            except TimeoutError:
                pass

    async def finish(self, timeout_s: float = 5.0) -> bool:
        """After ``run`` was cancelled: bring what is left, as far as there is time and a store.
        True: nothing is left, and the folder is gone. Else some process adopts it."""
        await asyncio.to_thread(self._spool.close)
        folder = self._spool.folder
        done = False
        try:
            async with asyncio.timeout(timeout_s):
                await self._bring(folder)
                async with self._database.begin() as connection:
                    await mark_dead(connection, folder.name, self._now(), self._announcing)
                await asyncio.to_thread(folder.remove)
                done = True
                async with self._database.begin() as connection:
                    await forget_mark(connection, folder.name)
        except (StoreUnavailable, SQLAlchemyError, OSError, TimeoutError) as error:
            logger.warning("%d records stay in the spool for now: %s", self.depth, said(error))
        finally:
            for each in self._adopted if done else (*self._adopted, folder):
                each.let_go()
            self._adopted.clear()
        return done

    # --- one round --------------------------------------------------------------------------

    async def _round(self) -> None:
        """What this process has to say comes first: no folder of another one keeps it back."""
        await self._bring(self._spool.folder)
        if self._loop.time() >= self._adopt_at:
            self._adopted += await asyncio.to_thread(adopt, self._spool.root, self._unusable)
            self._adopt_at = self._loop.time() + self._adopt_every_s
        while self._adopted:
            await self._bury(self._adopted[0])
            await self._bring(self._spool.folder)

    async def _bury(self, folder: SpoolFolder) -> None:
        """Bring what a dead process has left. The folder goes before its mark: a mark that stays
        does no harm."""
        await self._bring(folder)
        async with self._database.begin() as connection:
            lost = await mark_dead(connection, folder.name, self._now(), self._announcing)
        for call_sid in lost:
            logger.warning("the process of call %s died: its end is not known", call_sid)
        await asyncio.to_thread(self._on_died, lost)
        await asyncio.to_thread(folder.remove)
        self._adopted.remove(folder)
        self._on_applied()
        async with self._database.begin() as connection:
            await forget_mark(connection, folder.name)

    async def _bring(self, folder: SpoolFolder) -> None:
        while (batch := await asyncio.to_thread(folder.next, BATCH)) is not None:
            await self._store(folder, batch)
            await asyncio.to_thread(folder.done, batch)
            if folder is self._spool.folder and batch.entries:
                self._applied = batch.entries[-1].seq
            self._on_applied()

    async def _store(self, folder: SpoolFolder, batch: Batch) -> None:
        read = [entry for each in batch.entries if (entry := await self._read(folder, each))]
        try:
            await self._apply(folder, read)
        except _OF_AN_ENTRY as error:
            if not _bad_entry(error):
                raise
            await self._one_by_one(folder, batch, read)

    async def _one_by_one(
        self, folder: SpoolFolder, batch: Batch, read: Sequence[CallEntry]
    ) -> None:
        """One of them cannot be stored, and must not keep the others."""
        by_seq = {entry.seq: entry for entry in batch.entries}
        for entry in read:
            try:
                await self._apply(folder, [entry])
            except _OF_AN_ENTRY as error:
                if not _bad_entry(error):
                    raise
                await self._reject(folder, by_seq[entry.seq], error)

    async def _apply(self, folder: SpoolFolder, entries: Sequence[CallEntry]) -> None:
        async with self._database.begin() as connection:
            await apply(connection, folder.name, entries, self._now(), self._announcing)

    async def _read(self, folder: SpoolFolder, entry: Entry) -> CallEntry | None:
        try:
            made = from_builtins(msgspec.json.decode(entry.payload))
        except msgspec.MsgspecError as error:
            await self._reject(folder, entry, error)
            return None
        return CallEntry(entry.seq, entry.kind, made)

    async def _reject(self, folder: SpoolFolder, entry: Entry, error: Exception) -> None:
        """It is put aside, for somebody to look at."""
        self.rejected += 1
        path = self._spool.root / f"rejected-{folder.name}-{entry.seq}.json"
        await asyncio.to_thread(_put_aside, path, entry.payload)
        logger.error("a record cannot be stored and is put aside as %s: %s", path.name, said(error))

    def _is_down(self, error: Exception) -> None:
        self.up = False
        if not self.down:
            self.down = True
            logger.error("the store is away, records wait in the spool: %s", said(error))

    def _is_up(self) -> None:
        self.up = True
        if self.down:
            self.down = False
            logger.info("the store is back, the spool is empty")


def _put_aside(path: Path, payload: bytes) -> None:
    """For its owner alone: it holds what callers said."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(payload)


def _bad_entry(error: Exception) -> bool:
    """It is the data, and would be the same the next time."""
    if not isinstance(error, DBAPIError):
        return True  # a value that no column takes
    state = str(getattr(error.orig, "sqlstate", "") or "")
    return state.startswith(BAD_ENTRY_SQLSTATES) or type(error).__name__ == "IntegrityError"
