"""What a server knows and keeps beside its calls: who answers, and what became of each call.

None of it is in the way of a call. The directory answers from memory; a call's record goes to the
spool on disk, and from there to the store whenever the store is up.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx
from msgspec.structs import replace
from sqlalchemy.exc import SQLAlchemyError

from bridge.call.call import Call
from bridge.directory import Directory, Ready
from bridge.endpoint import LOCAL_MODEL
from bridge.functions import Allowed
from bridge.live import LiveCall
from bridge.recording.recorder import Recorder, recover
from bridge.records.context import CallContext
from bridge.records.cost import priced
from bridge.records.prices import Prices, load
from bridge.records.record import FAILED, CallRecord, record, started
from bridge.settings import Settings, WebhookSettings
from bridge.store.away import said
from bridge.store.cancelling import heed_cancel
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
MIGRATE_AGAIN_S: Final = (1.0, 30.0)  # the first wait, doubled up to the last
JOB_AGAIN_S: Final = 5.0

Job = Callable[[], Coroutine[Any, Any, None]]

logger = logging.getLogger(__name__)


class StateDirUnusable(Exception):
    def __init__(self, folder: Path, error: Exception) -> None:
        why = getattr(error, "strerror", None) or error
        mend = "name a folder that this user may write to"
        super().__init__(f"OFFHOOK_STATE_DIR: {folder} cannot be used ({why}); {mend}")


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
        """Whatever goes wrong here, the call has a record."""
        try:
            made = self._record(live, context)
        except Exception:
            logger.exception("the record of %s holds its ending alone", context.call_sid)
            made = replace(
                started(context, self.spool.process), outcome=FAILED, ended_at=datetime.now(UTC)
            )
        self.spool.append("call.ended", made.builtins())

    def _record(self, live: LiveCall, context: CallContext) -> CallRecord:
        process = self.spool.process
        made = record(live, context, process=process, dialect=self.dialect, failed=live.failed)
        try:
            return priced(made, self.prices, _transcription_model(live.call, context))
        except Exception:
            logger.exception("the cost of %s is not counted", context.call_sid)
            return replace(made, cost_unknown="it could not be counted; the log says why")


def _transcription_model(call: Call, context: CallContext) -> str | None:
    """The local model transcribes by itself, whatever model the agent names."""
    asked = call.config.session.transcription
    if asked is None:
        return None
    return LOCAL_MODEL if context.model == LOCAL_MODEL else asked.model


@asynccontextmanager
async def keeping(settings: Settings, fallback: Ready, dialect: str) -> AsyncIterator[Keeping]:
    """For as long as calls are taken, and until their records are on disk. Raises StateDirUnusable,
    and AgentError for a price table that cannot be read."""
    state_dir, limits = settings.state_dir, settings.limits
    prices = load(settings.store.prices)
    recordings = state_dir / "recordings"
    try:
        database = await Database.open(store_url(settings.store.database_url, state_dir))
        spool = await asyncio.to_thread(Spool, state_dir / "spool", limits.spool_max_mb * MEGABYTE)
        await asyncio.to_thread(recover, recordings)
    except (StoreUnavailable, OSError) as error:
        raise StateDirUnusable(state_dir, error) from error
    directory = Directory(
        fallback,
        StoreSource(database),
        state_dir / "directory.json",
        function_timeout_s=limits.function_timeout_s,
        allowed=Allowed(settings.store.functions),
    )
    async with httpx.AsyncClient() as http:
        hooks = _webhooks(settings.store.webhook, database, http)
        announcing = Announcing() if hooks else None
        wake = hooks.wake if hooks else lambda: None
        finish = partial(recover, recordings)
        writer = StoreWriter(spool, database, announcing, on_applied=wake, on_died=finish)
        retention = Retention(
            database,
            recordings,
            call_days=limits.call_retention_days,
            recording_days=limits.recording_retention_days,
            announcing=announcing,
        )
        migrated = await _migrated(database)
        await directory.start()
        jobs = [writer.run, directory.run, retention.run, *([hooks.run] if hooks else [])]
        working = asyncio.create_task(_in_store(database, migrated, jobs))
        recorder = Recorder(recordings)
        try:
            yield Keeping(directory, database, spool, writer, prices, dialect, recordings, recorder)
        finally:
            await asyncio.to_thread(recorder.close)
            working.cancel()
            await asyncio.wait([working])
            await writer.finish()
            await database.close()


def _webhooks(
    settings: WebhookSettings | None, database: Database, http: httpx.AsyncClient
) -> Webhooks | None:
    if settings is None:
        return None
    return Webhooks(Outbox(database), settings.url, settings.secret, http)


async def _in_store(database: Database, migrated: bool, jobs: Sequence[Job]) -> None:
    """All that needs the tables, once they are there."""
    wait_s = MIGRATE_AGAIN_S[0]
    while not migrated:
        await asyncio.sleep(wait_s)
        wait_s = min(2 * wait_s, MIGRATE_AGAIN_S[1])
        migrated = await _migrated(database)
    async with asyncio.TaskGroup() as group:
        for job in jobs:
            group.create_task(_for_good(job))


async def _for_good(job: Job) -> None:
    """A bug in one job ends neither the others nor, for long, the job itself."""
    while True:
        try:
            await job()
            return
        except Exception:
            logger.exception("%s failed, and begins again", job.__qualname__)
        await asyncio.sleep(JOB_AGAIN_S)


async def _migrated(database: Database) -> bool:
    try:
        await migrate(database)
    except (StoreUnavailable, SQLAlchemyError) as error:
        heed_cancel(error)
        logger.warning("the store has no tables that can be used: %s", said(error))
        return False
    return True
