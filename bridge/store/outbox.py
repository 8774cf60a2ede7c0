"""Messages to the user's own system that are still to be sent.

A message is written in the transaction that writes what it tells of. Who sends it leases it first:
until the lease is over nobody else does, and if the sender dies, somebody else does then.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import delete, func, select, update

from bridge.records.record import CallRecord
from bridge.store.call_tables import outbox
from bridge.store.database import Database

LEASE: Final = timedelta(seconds=90)

_STARTED: Final = (
    "call_sid",
    "agent",
    "version",
    "route",
    "variant",
    "caller",
    "called",
    "model",
    "started_at",
)
_ENDED: Final = (
    *_STARTED,
    "ended_at",
    "seconds",
    "outcome",
    "outcome_detail",
    "usage",
    "cost",
    "recording",
)
_WORDS: Final = ("parameters", "lines", "functions")


@dataclass(frozen=True)
class Announcing:
    """How much is told. ``transcript``: what was said, and what functions were asked."""

    transcript: bool = False


@dataclass(frozen=True)
class Message:
    """``attempts`` counts the one that the lease is for."""

    id: str
    body: bytes
    attempts: int
    created_at: datetime


def message(
    id_: str, kind: str, made: CallRecord, now: datetime, announcing: Announcing
) -> dict[str, Any]:
    """The row. ``id_`` is of this event alone, however often it is sent."""
    data = made.builtins()
    told: tuple[str, ...] = _STARTED
    at = made.started_at
    if kind == "call.ended":
        told = (*_ENDED, *_WORDS) if announcing.transcript else _ENDED
        at = made.ended_at or now
    shown = {name: data[name] for name in told}
    if kind == "call.ended":
        shown |= {"turns": len(made.turns), "barge_ins": len(made.barge_ins)}
    body = {"type": kind, "timestamp": at, "data": shown}
    return {
        # No "." may be in it: it divides what is signed.
        "id": f"msg_{id_.replace('.', '_')}"[:64],
        "created_at": now,
        "call_sid": made.call_sid.replace("\0", ""),
        "body": msgspec.json.encode(body).decode(),
        "attempts": 0,
        "next_at": now,
        "lease": None,
        "last_error": "",
    }


def died_message(made: CallRecord, now: datetime) -> dict[str, Any]:
    """Of a call whose end nobody knows, ``made`` from its row before it was marked."""
    dead = msgspec.structs.replace(made, outcome="process died")
    return message(f"died_{made.call_sid}", "call.ended", dead, now, Announcing())


class Outbox:
    """All methods raise StoreUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def lease(self, owner: str, now: datetime, limit: int) -> list[Message]:
        """What is due, the oldest first, for this owner alone until the lease is over."""
        due = (
            select(outbox)
            .where(outbox.c.next_at <= now)
            .order_by(outbox.c.next_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        async with self._database.begin() as connection:
            rows = (await connection.execute(due)).mappings().all()
            if rows:
                leased = update(outbox).where(outbox.c.id.in_([row["id"] for row in rows]))
                await connection.execute(
                    leased.values(attempts=outbox.c.attempts + 1, next_at=now + LEASE, lease=owner)
                )
        return [
            Message(row["id"], row["body"].encode(), row["attempts"] + 1, row["created_at"])
            for row in rows
        ]

    async def delivered(self, owner: str, ids: Collection[str]) -> None:
        async with self._database.begin() as connection:
            await connection.execute(
                delete(outbox).where(outbox.c.id.in_(ids), outbox.c.lease == owner)
            )

    async def failed(self, owner: str, id_: str, error: str, next_at: datetime | None) -> None:
        """``next_at`` None: it is given up. It stays to be seen, until retention takes it."""
        failed = update(outbox).where(outbox.c.id == id_, outbox.c.lease == owner)
        async with self._database.begin() as connection:
            await connection.execute(
                failed.values(next_at=next_at, lease=None, last_error=error[:500])
            )

    async def backlog(self) -> tuple[int, datetime | None]:
        """How many wait for their delivery, and since when the oldest."""
        asked = select(func.count(), func.min(outbox.c.created_at)).where(
            outbox.c.next_at.is_not(None)
        )
        async with self._database.read() as connection:
            count, oldest = (await connection.execute(asked)).one()
        return count, oldest

    async def waiting(self) -> int:
        async with self._database.read() as connection:
            asked = select(func.count()).select_from(outbox).where(outbox.c.next_at.is_not(None))
            return int((await connection.execute(asked)).scalar_one())
