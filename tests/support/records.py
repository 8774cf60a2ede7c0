"""Records of calls that nobody made, and a store to put them in."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from bridge.records.record import CallRecord, Line, Turn
from bridge.store.applying import CallEntry, apply
from bridge.store.database import Database
from bridge.store.migrate import migrate
from bridge.store.outbox import Announcing

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def call_sid(number: int) -> str:
    return f"CA{number:032x}"


def ended(number: int, **changes: Any) -> CallRecord:
    """The call of this number began so many minutes after noon."""
    made = CallRecord(
        call_sid=call_sid(number),
        started_at=NOON + timedelta(minutes=number),
        ended_at=NOON + timedelta(minutes=number, seconds=30),
        seconds=30.0,
        agent="shop",
        version=1,
        route="+1",
        caller=f"+49{number}",
        called="+1",
        model="voice-1",
        outcome="completed",
        lines=(Line("i1", "caller", f"words of {number}"),),
        turns=(Turn(1.0, {"total": 700.0}, first_answer_ms=700.0),),
    )
    return msgspec.structs.replace(made, **changes)


def begun(number: int, **changes: Any) -> CallRecord:
    made = ended(number, lines=(), turns=(), ended_at=None, seconds=0.0, outcome="process died")
    return msgspec.structs.replace(made, **changes)


@asynccontextmanager
async def store(url: str) -> AsyncIterator[Database]:
    """Migrated."""
    database = await Database.open(url)
    try:
        await migrate(database)
        yield database
    finally:
        await database.close()


class Putter:
    """Puts records straight into a store, as a spool would."""

    def __init__(self, database: Database, spool: str = "p1") -> None:
        self.database = database
        self.spool = spool
        self.seq = 0

    async def __call__(
        self,
        *records: CallRecord,
        kind: str = "call.ended",
        announcing: Announcing | None = None,
        now: datetime = NOON,
    ) -> None:
        entries = [CallEntry(self.seq + n + 1, kind, made) for n, made in enumerate(records)]
        self.seq += len(entries)
        async with self.database.begin() as connection:
            await apply(connection, self.spool, entries, now, announcing)


def recordings(folder: Path, *names: str) -> Callable[[], list[str]]:
    """Makes files; tells which are there."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"RIFF")
    return lambda: sorted(path.name for path in folder.iterdir())
