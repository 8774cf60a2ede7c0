"""The calls that were and those that are: a list to leaf through, and each one in full."""

import asyncio
import base64
import binascii
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Select, delete, func, literal, select, tuple_

from bridge.call.actions import Outcome
from bridge.records.record import FAILED, PROCESS_DIED, CallRecord
from bridge.store.applying import MICRO, from_row
from bridge.store.audit import Change, changed
from bridge.store.call_tables import call_details, calls
from bridge.store.database import Database
from bridge.store.metadata import UtcTime
from bridge.store.problems import Conflict, NotFound, StoreProblem
from bridge.store.tables import agents

MAX_PAGE: Final = 200
OUTCOMES: Final = (*(each.value for each in Outcome), FAILED, PROCESS_DIED)


@dataclass(frozen=True)
class CallFilters:
    """None: any. ``since`` is inclusive, ``until`` is not; both seconds are. ``outcome`` "": calls
    that still run."""

    agent: str | None = None
    version: int | None = None
    route: str | None = None
    variant: str | None = None
    outcome: str | None = None
    caller: str | None = None
    called: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    min_seconds: float | None = None
    max_seconds: float | None = None
    has_errors: bool | None = None


@dataclass(frozen=True)
class CallRow:
    """One line of the list. ``outcome`` None: the call runs, as far as is known."""

    call_sid: str
    started_at: datetime
    ended_at: datetime | None
    seconds: float | None
    process: str
    agent: str
    version: int
    route: str
    variant: str
    caller: str
    called: str
    model: str
    outcome: str | None
    outcome_detail: str
    has_errors: bool
    turns: int
    barge_ins: int
    functions: int
    latency_ms: float | None  # median of the call's first answers
    cost: Decimal | None
    recording: str | None


@dataclass(frozen=True)
class Page:
    """``next_cursor`` None: this is the last one."""

    rows: tuple[CallRow, ...]
    next_cursor: str | None


@dataclass(frozen=True)
class VersionFigures:
    """Calls that are over. ``cost`` is of those ``priced``."""

    version: int
    variant: str
    calls: int
    outcomes: dict[str, int]
    seconds: float
    latency_ms: float | None  # median of the calls' medians
    cost: Decimal
    priced: int


_LISTED: Final = [
    calls.c["cost_micro" if field.name == "cost" else field.name] for field in fields(CallRow)
]


class CallStore:
    """All methods raise StoreUnavailable."""

    def __init__(self, database: Database, recordings: Path) -> None:
        """``recordings`` is the folder of the files."""
        self._database = database
        self._recordings = recordings

    async def list(
        self, filters: CallFilters = CallFilters(), cursor: str | None = None, limit: int = 50
    ) -> Page:
        """The newest first. Raises StoreProblem for a cursor, limit or outcome that is none."""
        asked = page(filters, cursor, limit)
        async with self._database.read() as connection:
            found = (await connection.execute(asked)).mappings().all()
        rows = tuple(_row(each) for each in found[:limit])
        more = len(found) > limit
        return Page(rows, _cursor(rows[-1]) if more else None)

    async def knows(self, agent: str) -> bool:
        """There is this agent, or there are calls of it."""
        async with self._database.read() as connection:
            for column in (agents.c.name, calls.c.agent):
                asked = select(column).where(column == agent).limit(1)
                if (await connection.execute(asked)).first() is not None:
                    return True
        return False

    async def get(self, call_sid: str) -> CallRecord:
        """In full; of a call that runs, what is known by now. Raises NotFound."""
        asked = (
            select(calls, call_details.c.record)
            .outerjoin(call_details, calls.c.call_sid == call_details.c.call_sid)
            .where(calls.c.call_sid == call_sid)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(asked)).mappings().one_or_none()
        if row is None:
            raise _unknown(call_sid)
        if row["record"] is None:
            return from_row(row)
        made = msgspec.json.decode(row["record"], type=CallRecord)
        return msgspec.structs.replace(made, recording=row["recording"], process=row["process"])

    async def live(self) -> tuple[CallRow, ...]:
        """Begun and not ended, in every process."""
        asked = select(*_LISTED).where(calls.c.outcome.is_(None)).order_by(calls.c.started_at)
        async with self._database.read() as connection:
            return tuple(_row(each) for each in (await connection.execute(asked)).mappings())

    async def delete(self, call_sid: str, change: Change) -> None:
        """All that is kept of the call, the recording too. Raises NotFound; Conflict for a call
        that still runs."""
        async with self._database.begin() as connection:
            asked = select(calls).where(calls.c.call_sid == call_sid)
            row = (await connection.execute(asked)).mappings().one_or_none()
            if row is None:
                raise _unknown(call_sid)
            if row["outcome"] is None:
                raise Conflict("call_sid", "the call still runs; hang up first")
            await connection.execute(delete(calls).where(calls.c.call_sid == call_sid))
            # No more than that: what was said is to be gone.
            before = {"agent": row["agent"], "started_at": row["started_at"].isoformat()}
            await changed(connection, change, "call.deleted", f"call/{call_sid}", before=before)
            # Before the commit: a row without its file can be deleted again, a file without its
            # row would stay.
            if row["recording"]:
                await asyncio.to_thread(remove_recording, self._recordings, row["recording"])

    async def figures(self, agent: str) -> tuple[VersionFigures, ...]:
        """How each version of an agent does, the newest first."""
        async with self._database.read() as connection:
            counted = (await connection.execute(_counts(agent))).mappings().all()
            medians = (await connection.execute(_medians(agent))).all()
        latency_ms = {(version, variant): value for version, variant, value in medians}
        groups: dict[tuple[int, str], list[Any]] = {}
        for row in counted:
            groups.setdefault((row["version"], row["variant"]), []).append(row)
        return tuple(
            VersionFigures(
                version=key[0],
                variant=key[1],
                calls=sum(row["calls"] for row in rows),
                outcomes={row["outcome"]: row["calls"] for row in rows},
                seconds=float(sum(row["seconds"] or 0.0 for row in rows)),
                latency_ms=latency_ms.get(key),
                cost=sum((Decimal(int(row["cost"] or 0)) for row in rows), Decimal(0)) / MICRO,
                priced=sum(row["priced"] for row in rows),
            )
            for key, rows in sorted(groups.items(), reverse=True)
        )


def page(filters: CallFilters, cursor: str | None, limit: int) -> Select[Any]:
    """One row more than asked for: whether there is a next page. Raises StoreProblem."""
    if not 1 <= limit <= MAX_PAGE:
        raise StoreProblem("limit", f"give a number from 1 to {MAX_PAGE}")
    if filters.outcome and filters.outcome not in OUTCOMES:
        told = f"{filters.outcome!r} is not known; calls end so: {', '.join(OUTCOMES)}"
        raise StoreProblem("outcome", told)
    place = (calls.c.started_at, calls.c.call_sid)
    asked = select(*_LISTED).where(*_conditions(filters))
    if cursor is not None:
        started_at, call_sid = _place(cursor)
        asked = asked.where(
            # By itself the first part lets an index begin in the right place.
            calls.c.started_at <= started_at,
            tuple_(*place) < tuple_(literal(started_at, UtcTime()), literal(call_sid)),
        )
    return asked.order_by(*(column.desc() for column in place)).limit(limit + 1)


def _conditions(filters: CallFilters) -> list[ColumnElement[bool]]:
    c = calls.c
    wanted = []
    for name in ("agent", "version", "route", "variant", "caller", "called", "has_errors"):
        value = getattr(filters, name)
        if value is not None:
            wanted.append(c[name] == value)
    if filters.outcome is not None:
        wanted.append(c.outcome == filters.outcome if filters.outcome else c.outcome.is_(None))
    if filters.since is not None:
        wanted.append(c.started_at >= filters.since)
    if filters.until is not None:
        wanted.append(c.started_at < filters.until)
    if filters.min_seconds is not None:
        wanted.append(c.seconds >= filters.min_seconds)
    if filters.max_seconds is not None:
        wanted.append(c.seconds <= filters.max_seconds)
    return wanted


def _row(found: Any) -> CallRow:
    values = dict(found)
    micro = values.pop("cost_micro")
    return CallRow(**values, cost=None if micro is None else Decimal(micro) / MICRO)


def _cursor(row: CallRow) -> str:
    text = f"{row.started_at.isoformat()} {row.call_sid}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _place(cursor: str) -> tuple[datetime, str]:
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True).decode()
        at, call_sid = text.split(" ")
        started_at = datetime.fromisoformat(at)
        if started_at.tzinfo is None or "\0" in call_sid:
            raise ValueError(text)
    except (ValueError, binascii.Error):
        raise StoreProblem("cursor", "no page gave it; begin without one") from None
    return started_at, call_sid


def _unknown(call_sid: str) -> NotFound:
    return NotFound("call_sid", f"no call {call_sid} is kept")


def _counts(agent: str) -> Select[Any]:
    c = calls.c
    return (
        select(
            c.version,
            c.variant,
            c.outcome,
            func.count().label("calls"),
            func.sum(c.seconds).label("seconds"),
            func.sum(c.cost_micro).label("cost"),
            func.count(c.cost_micro).label("priced"),
        )
        .where(c.agent == agent, c.outcome.is_not(None))
        .group_by(c.version, c.variant, c.outcome)
        .order_by(c.outcome)
    )


def _medians(agent: str) -> Select[Any]:
    """SQLite has no median: the mean of the one or two in the middle."""
    c = calls.c
    part = (c.version, c.variant)
    numbered = (
        select(
            *part,
            c.latency_ms,
            func.row_number().over(partition_by=part, order_by=c.latency_ms).label("number"),
            func.count().over(partition_by=part).label("count"),
        )
        .where(c.agent == agent, c.outcome.is_not(None), c.latency_ms.is_not(None))
        .subquery()
    )
    n = numbered.c
    twice = n.number * 2
    return (
        select(n.version, n.variant, func.avg(n.latency_ms))
        .where(twice >= n.count, twice <= n.count + 2)
        .group_by(n.version, n.variant)
    )


def remove_recording(folder: Path, name: str) -> None:
    """``name`` is a file in the folder, whatever it says. What a process that died left of it, and
    nobody has finished yet, goes too."""
    path = folder / Path(name).name
    path.unlink(missing_ok=True)
    path.with_name(f"{path.name}.part").unlink(missing_ok=True)
