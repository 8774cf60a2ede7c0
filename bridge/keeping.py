"""What a server knows and keeps beside its calls: who answers, and what became of each call.

None of it is in the way of a call. The directory answers from memory; a call's record goes to the
spool on disk, and from there to the store whenever the store is up.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
from msgspec.structs import replace

from bridge.call.call import Call
from bridge.directory import Directory, Ready
from bridge.endpoint import LOCAL_MODEL
from bridge.live import LiveCall
from bridge.recording.recorder import Recorder, recover
from bridge.records.context import CallContext
from bridge.records.cost import priced
from bridge.records.prices import Prices, load
from bridge.records.record import record, started
from bridge.settings import Settings, WebhookSettings
from bridge.store.database import Database, store_url
from bridge.store.migrate import migrate
from bridge.store.outbox import Announcing, Outbox
from bridge.store.problems import StoreUnavailable
from bridge.store.retention import Retention
from bridge.store.snapshot import StoreSource
from bridge.store.spool import Spool
from bridge.store.writer import StoreWriter
from bridge.webhooks import Webhooks

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
    recorder: Recorder

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
        made = priced(made, self.prices, _transcription_model(live.call, context))
        if context.recorded:
            name = self.recorder.file_name(context.call_sid)
            made = replace(made, recording=name, recording_days=context.recording_days)
        self.spool.append("call.ended", made.builtins())


def _transcription_model(call: Call, context: CallContext) -> str | None:
    """The local model transcribes by itself, whatever model the agent names."""
    asked = call.config.session.transcription
    if asked is None:
        return None
    return LOCAL_MODEL if context.model == LOCAL_MODEL else asked.model


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
    http = httpx.AsyncClient()
    hooks = _webhooks(settings.store.webhook, database, http)
    writer = StoreWriter(
        spool,
        database,
        Announcing() if hooks else None,
        on_applied=hooks.wake if hooks else lambda: None,
    )
    migrated = await _migrated(database)
    await directory.start()
    recordings = state_dir / "recordings"
    await asyncio.to_thread(recover, recordings)
    recorder = Recorder(recordings)
    limits = settings.limits
    retention = Retention(
        database,
        recordings,
        call_days=limits.call_retention_days,
        recording_days=limits.recording_retention_days,
    )
    work = [writer.run(), directory.run(), retention.run(), *([hooks.run()] if hooks else [])]
    tasks = asyncio.create_task(_in_store(database, migrated, work))
    tasks.add_done_callback(_told)
    try:
        yield Keeping(
            directory,
            database,
            spool,
            writer,
            load(settings.store.prices),
            dialect,
            recordings,
            recorder,
        )
    finally:
        await asyncio.to_thread(recorder.close)
        tasks.cancel()
        await asyncio.wait([tasks])
        await writer.finish()
        await http.aclose()
        await database.close()


def _webhooks(
    settings: WebhookSettings | None, database: Database, http: httpx.AsyncClient
) -> Webhooks | None:
    if settings is None:
        return None
    return Webhooks(Outbox(database), settings.url, settings.secret, http)


async def _in_store(
    database: Database, migrated: bool, work: Sequence[Coroutine[Any, Any, None]]
) -> None:
    """All that needs the tables, once they are there."""
    try:
        while not migrated:
            await asyncio.sleep(MIGRATE_AGAIN_S)
            migrated = await _migrated(database)
    except BaseException:
        for each in work:
            each.close()
        raise
    async with asyncio.TaskGroup() as group:
        for each in work:
            group.create_task(each)


def _told(task: asyncio.Task[None]) -> None:
    """A bug here ends no call, and is not lost."""
    if not task.cancelled() and (bug := task.exception()):
        logger.error("nothing is written to the store any more", exc_info=bug)


async def _migrated(database: Database) -> bool:
    try:
        await migrate(database)
    except StoreUnavailable as error:
        logger.warning("the store is away: %s", error)
        return False
    return True
