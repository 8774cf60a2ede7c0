"""Routes from a called number to an agent, and callers that nobody answers."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bridge.agents.problems import Problem
from bridge.agents.route_json import RouteError, blocked_problem, from_json, to_json
from bridge.agents.routing import Route
from bridge.store.audit import Change, changed
from bridge.store.audit import revision as changes_so_far
from bridge.store.database import Database
from bridge.store.problems import Conflict, Invalid, NotFound, refuse_control
from bridge.store.tables import agent_versions, agents, blocked_callers, routes


@dataclass(frozen=True)
class RouteRow:
    """``revision`` grows with each change of the route, and is not used again after one that was
    deleted."""

    route: Route
    revision: int
    updated_at: datetime
    updated_by: str


@dataclass(frozen=True)
class Blocked:
    caller: str
    reason: str
    blocked_at: datetime
    blocked_by: str


class RouteStore:
    """Raises NotFound, Conflict, Invalid, and StoreUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self) -> Sequence[RouteRow]:
        async with self._database.read() as connection:
            rows = (await connection.execute(select(routes).order_by(routes.c.called))).all()
        return [_route_row(row) for row in rows]

    async def trials(self, agent: str) -> Sequence[Route]:
        """Those that lead callers to a version of this agent on trial."""
        asked = select(routes.c.rule).where(routes.c.agent == agent).order_by(routes.c.called)
        async with self._database.read() as connection:
            rules = (await connection.execute(asked)).scalars().all()
        found = [from_json(json.loads(rule)) for rule in rules]
        return [route for route in found if route.trial is not None and route.trial.percent]

    async def get(self, called: str) -> RouteRow:
        async with self._database.read() as connection:
            asked = select(routes).where(routes.c.called == called)
            row = (await connection.execute(asked)).first()
        if row is None:
            raise _no_route(called)
        return _route_row(row)

    async def put(self, route: Any, *, revision: int | None, change: Change) -> RouteRow:
        """``route`` is a ``Route`` or its JSON. ``revision`` is that of the one it replaces; None:
        there must be none."""
        checked = _checked(route)
        now = datetime.now(UTC)
        new = {
            "rule": json.dumps(to_json(checked)),
            "agent": checked.agent,
            "updated_at": now,
            "updated_by": change.who,
        }
        try:
            async with self._database.begin() as connection:
                await _known_agents(connection, checked)
                before = await _at(connection, checked.called, revision)
                await changed(
                    connection,
                    change,
                    "route.set",
                    f"route/{checked.called}",
                    before=None if before is None else json.loads(before.rule),
                    after=to_json(checked),
                )
                new["revision"] = number = await changes_so_far(connection)
                if before is None:
                    await connection.execute(insert(routes).values(called=checked.called, **new))
                else:
                    await connection.execute(
                        update(routes).where(routes.c.called == checked.called).values(**new)
                    )
        except IntegrityError:
            raise _edited((await self.get(checked.called)).revision) from None
        return RouteRow(checked, number, now, change.who)

    async def delete(self, called: str, *, revision: int, change: Change) -> None:
        async with self._database.begin() as connection:
            before = await _at(connection, called, revision)
            if before is None:
                raise _no_route(called)
            await connection.execute(delete(routes).where(routes.c.called == called))
            rule = json.loads(before.rule)
            await changed(connection, change, "route.deleted", f"route/{called}", before=rule)

    async def blocked(self) -> Sequence[Blocked]:
        async with self._database.read() as connection:
            asked = select(blocked_callers).order_by(blocked_callers.c.caller)
            rows = (await connection.execute(asked)).all()
        return [Blocked(**row._mapping) for row in rows]

    async def block(self, caller: str, reason: str, change: Change) -> Blocked:
        """Numbers, beginnings such as ``+4990*``, or ``withheld``. Again: the reason is renewed."""
        if problem := blocked_problem(caller):
            raise Invalid("caller", [Problem(1, 1, "caller", problem)])
        refuse_control("reason", reason)
        row = Blocked(caller, reason, datetime.now(UTC), change.who)
        async with self._database.begin() as connection:
            await connection.execute(
                delete(blocked_callers).where(blocked_callers.c.caller == caller)
            )
            await connection.execute(insert(blocked_callers).values(**vars(row)))
            after = {"caller": caller, "reason": reason}
            await changed(connection, change, "caller.blocked", f"caller/{caller}", after=after)
        return row

    async def unblock(self, caller: str, change: Change) -> None:
        async with self._database.begin() as connection:
            gone = await connection.execute(
                delete(blocked_callers).where(blocked_callers.c.caller == caller)
            )
            if not gone.rowcount:
                raise NotFound("caller", f"{caller} is not blocked; list those who are")
            before = {"caller": caller}
            await changed(connection, change, "caller.unblocked", f"caller/{caller}", before=before)


def _route_row(row: Row[Any]) -> RouteRow:
    return RouteRow(from_json(json.loads(row.rule)), row.revision, row.updated_at, row.updated_by)


def _checked(route: Any) -> Route:
    try:
        return from_json(to_json(route) if isinstance(route, Route) else route)
    except RouteError as error:
        raise Invalid("route", error.problems) from None


async def _known_agents(connection: AsyncConnection, route: Route) -> None:
    """Every agent that is named can answer: it has a published version, and that on trial. It
    stays so until the transaction is over."""
    problems = []
    named = {"agent": route.agent}
    named |= {f"rules[{at}].agent": rule.agent for at, rule in enumerate(route.rules)}
    for field, name in named.items():
        named_one = select(agents.c.published).where(agents.c.name == name)
        asked = named_one.with_for_update(read=True)
        if (await connection.execute(asked)).scalar() is None:
            told = f"there is no published agent {name}; publish it first"
            problems.append(Problem(1, 1, field, told))
    if route.trial is not None:
        number = route.trial.version
        version = select(agent_versions.c.number).where(
            agent_versions.c.agent == route.agent, agent_versions.c.number == number
        )
        if (await connection.execute(version)).scalar() is None:
            told = f"agent {route.agent} has no version {number}; its versions are listed"
            problems.append(Problem(1, 1, "trial.version", told))
    if problems:
        raise Invalid("route", problems)


async def _at(connection: AsyncConnection, called: str, revision: int | None) -> Row[Any] | None:
    """The route as it is, which is the one that is meant."""
    asked = select(routes).where(routes.c.called == called).with_for_update()
    row = (await connection.execute(asked)).first()
    if (None if row is None else row.revision) != revision and not (row is None and revision):
        raise _edited(None if row is None else row.revision)
    if row is None and revision:
        raise _no_route(called)
    return row


def _edited(revision: int | None) -> Conflict:
    told = "the route is another one meanwhile; look at what is there now and set it again"
    return Conflict("revision", told, revision)


def _no_route(called: str) -> NotFound:
    return NotFound("called", f"there is no route of {called}; list them to see those there are")
