"""What a server knows and keeps beside its calls: who answers, and what became of each call.

None of it is in the way of a call. The directory answers from memory; a call's record goes to the
spool on disk, and from there to the store whenever the store is up.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bridge.call.call import Call
from bridge.directory import Directory, Ready
from bridge.live import LiveCall
from bridge.records.context import CallContext
from bridge.records.cost import priced
from bridge.records.prices import Prices, load
from bridge.records.record import record, started
from bridge.settings import Settings
from bridge.store.database import Database, store_url
from bridge.store.migrate import migrate
from bridge.store.outbox import Announcing
from bridge.store.problems import StoreUnavailable
from bridge.store.snapshot import StoreSource
from bridge.store.spool import Spool
from bridge.store.writer import StoreWriter

MEGABYTE: Final = 1 << 20
MIGRATE_AGAIN_S: Final = 1.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Keeping:
    """``database`` may be away; ``directory`` and ``spool`` never are."""

    directory: Directory
    database: Database
    spool: Spool
    writer: StoreWriter
    prices: Prices
    dialect: str
    recordings: Path

    def began(self, context: CallContext) -> None:
        self.spool.append("call.started", started(context, self.spool.process).builtins())

    async def ended(self, live: LiveCall, context: CallContext) -> None:
        made = record(
            live,
            context,
            process=self.spool.process,
            dialect=self.dialect,
            failed=live.failed,
        )
        made = priced(made, self.prices, _transcription_model(live.call))
        self.spool.append("call.ended", made.builtins())


def _transcription_model(call: Call) -> str | None:
    asked = call.config.session.transcription
    return asked.model if asked else None


@asynccontextmanager
async def keeping(settings: Settings, fallback: Ready, dialect: str) -> AsyncIterator[Keeping]:
    """For as long as calls are taken, and until their records are on disk. Raises OSError for a
    state directory that cannot be used."""
    state_dir = settings.state_dir
    database = await Database.open(store_url(settings.store.database_url, state_dir))
    directory = Directory(
        fallback,
        StoreSource(database),
        state_dir / "directory.json",
        function_timeout_s=settings.limits.function_timeout_s,
    )
    spool_dir = state_dir / "spool"
    spool = await asyncio.to_thread(Spool, spool_dir, settings.limits.spool_max_mb * MEGABYTE)
    announcing = Announcing() if settings.store.webhook else None
    writer = StoreWriter(spool, database, announcing)
    migrated = await _migrated(database)
    await directory.start()
    tasks = [
        asyncio.create_task(_write(writer, database, migrated)),
        asyncio.create_task(directory.run()),
    ]
    try:
        yield Keeping(
            directory,
            database,
            spool,
            writer,
            load(settings.store.prices),
            dialect,
            state_dir / "recordings",
        )
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await writer.finish()
        await database.close()


async def _write(writer: StoreWriter, database: Database, migrated: bool) -> None:
    while not migrated:
        await asyncio.sleep(MIGRATE_AGAIN_S)
        migrated = await _migrated(database)
    await writer.run()


async def _migrated(database: Database) -> bool:
    try:
        await migrate(database)
    except StoreUnavailable as error:
        logger.warning("the store is away: %s", error)
        return False
    return True
