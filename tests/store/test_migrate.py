import asyncio

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from bridge.store import call_tables, tables
from bridge.store.database import Database
from bridge.store.metadata import METADATA
from bridge.store.migrate import migrate, pending


def test_from_nothing_the_steps_lead_to_the_tables_of_the_program(store_at: str) -> None:
    async def main() -> None:
        database = await Database.open(store_at)
        try:
            steps = await pending(database)
            assert steps == sorted(steps) and steps[0] == "0001"
            await migrate(database)
            assert await pending(database) == []
            async with database.read() as connection:
                found = await connection.run_sync(
                    lambda sync: compare_metadata(MigrationContext.configure(sync), METADATA)
                )
            assert found == []
            assert {tables.agents.name, call_tables.calls.name} <= {*METADATA.tables}
        finally:
            await database.close()

    asyncio.run(main())


def test_those_who_start_at_the_same_time_do_not_disturb_each_other(store_at: str) -> None:
    async def start() -> list[str]:
        database = await Database.open(store_at)
        try:
            await migrate(database)
            return await pending(database)
        finally:
            await database.close()

    async def main() -> list[list[str]]:
        return await asyncio.gather(*(start() for _ in range(4)))

    assert asyncio.run(main()) == [[]] * 4
