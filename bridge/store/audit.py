"""Who changed what, with what was there before and after."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridge.store.database import Database
from bridge.store.problems import refuse_control
from bridge.store.tables import audit, state

REVISION = "revision"

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """``who`` makes a change, and why."""

    who: str
    note: str = ""


@dataclass(frozen=True)
class AuditRow:
    id: int
    at: datetime
    who: str
    action: str  # such as "agent.published"
    subject: str  # such as "agent/shop"
    note: str
    before: Any  # JSON, None: there was nothing
    after: Any


async def changed(
    connection: AsyncConnection,
    change: Change,
    action: str,
    subject: str,
    *,
    before: Json | None = None,
    after: Json | None = None,
) -> None:
    """To be called in the transaction of the change: it is told of, and counts as a new revision
    of all that answers calls. Raises Invalid for a note that a terminal would obey."""
    refuse_control("note", change.note)
    await connection.execute(
        insert(audit).values(
            at=datetime.now(UTC),
            who=change.who,
            action=action,
            subject=subject,
            note=change.note,
            before=None if before is None else json.dumps(before, ensure_ascii=False),
            after=None if after is None else json.dumps(after, ensure_ascii=False),
        )
    )
    await connection.execute(
        update(state).where(state.c.key == REVISION).values(value=state.c.value + 1)
    )


async def alone(connection: AsyncConnection) -> None:
    """Nobody else changes anything until the transaction is over: for what has to be looked at
    before it is changed."""
    await connection.execute(select(state.c.value).where(state.c.key == REVISION).with_for_update())


async def revision(connection: AsyncConnection) -> int:
    """Counts every change there ever was."""
    found = await connection.execute(select(state.c.value).where(state.c.key == REVISION))
    return int(found.scalar_one())


class Audit:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def entries(
        self,
        cursor: int | None = None,
        limit: int = 100,
        *,
        subject: str | None = None,
        who: str | None = None,
    ) -> list[AuditRow]:
        """The newest first; ``cursor`` is the id of the last one that is known."""
        asked = select(audit).order_by(audit.c.id.desc()).limit(limit)
        if cursor is not None:
            asked = asked.where(audit.c.id < cursor)
        if subject is not None:
            asked = asked.where(audit.c.subject == subject)
        if who is not None:
            asked = asked.where(audit.c.who == who)
        async with self._database.read() as connection:
            rows = (await connection.execute(asked)).all()
        return [_row(dict(row._mapping)) for row in rows]


def _row(found: dict[str, Any]) -> AuditRow:
    for key in ("before", "after"):
        if found[key] is not None:
            found[key] = json.loads(found[key])
    return AuditRow(**found)
