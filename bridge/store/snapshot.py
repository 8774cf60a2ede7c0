"""What the directory has to know of the store, read as one."""

import json

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from bridge.agents.route_json import from_json
from bridge.directory import SourceUnavailable
from bridge.directory_snapshot import Key, Snapshot, Text
from bridge.store.audit import revision
from bridge.store.database import Database
from bridge.store.problems import StoreUnavailable
from bridge.store.tables import agent_versions, agents, blocked_callers, routes


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
                rules = (await connection.execute(select(routes.c.rule))).scalars().all()
                blocked = (await connection.execute(select(blocked_callers.c.caller))).scalars()
                named = select(agents.c.name, agents.c.published).where(agents.c.published > 0)
                published = {name: int(at) for name, at in await connection.execute(named)}
                found = tuple(from_json(json.loads(rule)) for rule in rules)
                wanted: set[Key] = {*published.items()}
                wanted |= {(route.agent, route.trial.version) for route in found if route.trial}
                texts = []
                for agent, number in sorted(wanted):
                    asked = select(agent_versions.c.text).where(
                        agent_versions.c.agent == agent, agent_versions.c.number == number
                    )
                    text = (await connection.execute(asked)).scalar_one()
                    texts.append(Text(agent, number, text))
                return Snapshot(now, published, tuple(texts), found, tuple(blocked))
        except (StoreUnavailable, SQLAlchemyError) as error:
            raise SourceUnavailable(str(error)) from error
