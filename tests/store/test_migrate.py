import asyncio
import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from bridge.store import call_tables, tables
from bridge.store.database import Database
from bridge.store.metadata import METADATA
from bridge.store.migrate import migrate, pending
from bridge.store.problems import StoreUnavailable


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


START = """
import asyncio, sys
from bridge.store.database import Database
from bridge.store.migrate import migrate

async def main():
    database = await Database.open(sys.argv[1])
    await migrate(database)
    await database.close()

sys.stdin.readline()
asyncio.run(main())
"""


def test_so_do_processes_that_start_at_the_same_time(store_at: str) -> None:
    """They wait for a line, and get it one right after the other."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", START, store_at],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    told = []
    for each in started:
        assert each.stdin is not None
        each.stdin.write("\n")
        each.stdin.flush()
    for each in started:
        told.append(each.communicate()[1])
    assert [each.returncode for each in started] == [0] * 4, told


def test_tables_of_a_newer_program_are_left_alone(store_at: str) -> None:
    async def main() -> None:
        database = await Database.open(store_at)
        try:
            await migrate(database)
            async with database.begin() as connection:
                await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
            for asked in (migrate, pending):
                with pytest.raises(
                    StoreUnavailable, match="newer program .*; update this program$"
                ):
                    await asked(database)
        finally:
            await database.close()

    asyncio.run(main())
