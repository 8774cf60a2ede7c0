"""Entries of a spool become rows, each once, however often they are brought."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, RowMapping, Table, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bridge.records.record import FAILED, PROCESS_DIED, CallRecord
from bridge.store.call_tables import call_details, calls, outbox, spool_marks
from bridge.store.outbox import Announcing, died_message, message

MICRO: Final = 1_000_000
BAD_ENDS: Final = frozenset({FAILED, PROCESS_DIED, "model lost", "model failed"})


@dataclass(frozen=True)
class CallEntry:
    seq: int
    kind: str
    record: CallRecord


async def apply(
    connection: AsyncConnection,
    spool: str,
    entries: Sequence[CallEntry],
    now: datetime,
    announcing: Announcing | None,
) -> None:
    """To be called inside of a transaction: the mark of the spool moves with its entries."""
    asked = select(spool_marks.c.seq).where(spool_marks.c.spool == spool).with_for_update()
    mark = (await connection.execute(asked)).scalar_one_or_none() or 0
    fresh = [entry for entry in entries if entry.seq > mark]
    for entry in fresh:
        await _apply(connection, spool, entry, now, announcing)
    if fresh:
        row = {"spool": spool, "seq": fresh[-1].seq, "updated_at": now}
        await _upsert(connection, spool_marks, "spool", row)


async def _apply(
    connection: AsyncConnection,
    spool: str,
    entry: CallEntry,
    now: datetime,
    announcing: Announcing | None,
) -> None:
    made = entry.record
    ended = entry.kind == "call.ended"
    await _upsert(connection, calls, "call_sid", row_of(made, spool, ended=ended))
    if ended:
        text = msgspec.json.encode(made).decode()
        details = {"call_sid": made.call_sid, "record": text}
        await _upsert(connection, call_details, "call_sid", details)
    if announcing is not None:
        row = message(f"{spool}.{entry.seq}", entry.kind, made, now, announcing)
        await connection.execute(outbox.insert().values(row))


async def mark_dead(
    connection: AsyncConnection, spool: str, now: datetime, announcing: Announcing | None
) -> list[str]:
    """The process is dead and its spool is empty: what it began and did not end has no end. Gives
    the calls this is true of."""
    return await _mark(connection, calls.c.process == spool, now, announcing)


async def mark_lost(
    connection: AsyncConnection, before: datetime, now: datetime, announcing: Announcing | None
) -> list[str]:
    """Calls that began before that and have no end, whatever has become of their process. Gives
    them."""
    return await _mark(connection, calls.c.started_at < before, now, announcing)


async def _mark(
    connection: AsyncConnection,
    which: ColumnElement[bool],
    now: datetime,
    announcing: Announcing | None,
) -> list[str]:
    """Two who do so at one time find no call both: the second one waits, and looks again."""
    endless = select(calls).where(which, calls.c.outcome.is_(None)).with_for_update()
    found = (await connection.execute(endless)).mappings().all()
    sids = [row["call_sid"] for row in found]
    if found:
        died = update(calls).where(calls.c.call_sid.in_(sids))
        await connection.execute(died.values(outcome=PROCESS_DIED, has_errors=True))
    if announcing is not None:
        for row in found:
            await connection.execute(outbox.insert().values(died_message(from_row(row), now)))
    return sids


async def forget_mark(connection: AsyncConnection, spool: str) -> None:
    """Only when the spool's folder is gone: with it, nobody can bring its entries again."""
    await connection.execute(spool_marks.delete().where(spool_marks.c.spool == spool))


def row_of(made: CallRecord, spool: str, *, ended: bool) -> dict[str, Any]:
    answers = [turn.first_answer_ms for turn in made.turns if turn.first_answer_ms is not None]
    bad = bool(made.errors or made.malformed) or made.outcome in BAD_ENDS
    return {
        "call_sid": _text(made.call_sid),
        "started_at": made.started_at,
        "ended_at": made.ended_at if ended else None,
        "seconds": made.seconds if ended else None,
        "process": spool,
        "agent": _text(made.agent),
        "version": made.version,
        "route": _text(made.route),
        "variant": _text(made.variant),
        "caller": _text(made.caller),
        "called": _text(made.called),
        "model": _text(made.model),
        "outcome": _text(made.outcome) if ended else None,
        "outcome_detail": _text(made.outcome_detail),
        "has_errors": bad if ended else False,
        "turns": len(made.turns),
        "barge_ins": len(made.barge_ins),
        "functions": len(made.functions),
        "latency_ms": median(answers) if answers else None,
        "cost_micro": None if made.cost is None else int(made.cost.total * MICRO),
        "recording": made.recording,
        "recording_days": made.recording_days,
    }


def from_row(row: RowMapping) -> CallRecord:
    """What the row alone tells of a call."""
    return CallRecord(
        call_sid=row["call_sid"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        seconds=row["seconds"] or 0.0,
        process=row["process"],
        agent=row["agent"],
        version=row["version"],
        route=row["route"],
        variant=row["variant"],
        caller=row["caller"],
        called=row["called"],
        model=row["model"],
        outcome=row["outcome"] or "",
        outcome_detail=row["outcome_detail"],
        recording=row["recording"],
    )


def _text(value: str) -> str:
    """PostgreSQL has no text with a NUL in it."""
    return value.replace("\0", "")


async def _upsert(
    connection: AsyncConnection, table: Table, key: str, row: Mapping[str, Any]
) -> None:
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    changes = {name: value for name, value in row.items() if name != key}
    statement = insert(table).values(row).on_conflict_do_update(index_elements=[key], set_=changes)
    await connection.execute(statement)
