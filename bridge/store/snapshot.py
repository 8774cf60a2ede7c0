"""What the directory has to know of the store, read as one."""

import json
import logging

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bridge.agents.route_json import RouteError, from_json
from bridge.agents.routing import Route
from bridge.directory import SourceUnavailable
from bridge.directory_snapshot import Key, Snapshot, Text
from bridge.store.audit import revision
from bridge.store.away import said
from bridge.store.cancelling import heed_cancel
from bridge.store.database import Database
from bridge.store.problems import StoreUnavailable
from bridge.store.tables import agent_versions, agents, blocked_callers, routes

logger = logging.getLogger(__name__)


class StoreSource:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, known: int | None) -> Snapshot | None:
        """None: nothing has changed since the revision that is known. Raises
        SourceUnavailable."""
        try:
            async with self._database.read() as connection:
                if await revision(connection) == known:
                    return None
            # Read whole in one transaction, so that it is of one moment.
            async with self._database.begin() as connection:
                if not self._database.is_sqlite:
                    level = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"
                    await connection.exec_driver_sql(level)
                now = await revision(connection)
                found = await _routes(connection)
                blocked = (await connection.execute(select(blocked_callers.c.caller))).scalars()
                named = select(agents.c.name, agents.c.published).where(agents.c.published > 0)
                published = {name: int(at) for name, at in await connection.execute(named)}
                wanted: set[Key] = {*published.items()}
                wanted |= {(route.agent, route.trial.version) for route in found if route.trial}
                texts = [await _text(connection, key) for key in sorted(wanted)]
                there = tuple(each for each in texts if each is not None)
                return Snapshot(now, published, there, found, tuple(blocked))
        except (StoreUnavailable, SQLAlchemyError) as error:
            heed_cancel(error)
            raise SourceUnavailable(said(error)) from error


async def _routes(connection: AsyncConnection) -> tuple[Route, ...]:
    """Those that can be read: a newer program may have written others."""
    found = []
    for called, rule in await connection.execute(select(routes.c.called, routes.c.rule)):
        try:
            found.append(from_json(json.loads(rule)))
        except (ValueError, RouteError) as error:
            logger.error("the route of %s cannot be read, and is not used: %s", called, error)
    return tuple(found)


async def _text(connection: AsyncConnection, key: Key) -> Text | None:
    agent, number = key
    asked = select(agent_versions.c.text).where(
        agent_versions.c.agent == agent, agent_versions.c.number == number
    )
    text = (await connection.execute(asked)).scalar()
    return None if text is None else Text(agent, number, text)
