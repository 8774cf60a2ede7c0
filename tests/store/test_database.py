"""A database that goes away and comes back, and work that is given up half-way."""

import asyncio
import resource
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bridge.cli.loop import run
from bridge.store.agents import AgentStore
from bridge.store.audit import Audit
from bridge.store.database import Database
from bridge.store.problems import StoreUnavailable
from tests.support.postgres import Postgres, postgres
from tests.support.stores import ANN, SHOP, opened


@pytest.fixture
def own_server(postgres_server: Postgres) -> Iterator[Postgres]:
    """One that may be stopped; where there is one for all, there can be a second."""
    with postgres() as server:
        yield server


def test_a_database_that_was_stopped_or_killed_is_used_again_when_it_is_back(
    own_server: Postgres,
) -> None:
    async def main() -> None:
        async with opened(own_server.new_url()) as database:
            agents = AgentStore(database)
            await agents.create("shop", SHOP, ANN)
            for go_away in (own_server.stop, own_server.kill):
                await asyncio.to_thread(go_away)
                for _ in range(2):
                    with pytest.raises(StoreUnavailable, match="try again"):
                        await agents.list()
                    with pytest.raises(StoreUnavailable):
                        await agents.create("night", SHOP, ANN)
                await asyncio.to_thread(own_server.start)
                assert [row.name for row in await agents.list()] == ["shop"]

    run(main())


def test_a_database_that_goes_away_inside_of_a_change_leaves_nothing_of_it(
    own_server: Postgres,
) -> None:
    async def main() -> None:
        async with opened(own_server.new_url()) as database:
            with pytest.raises(StoreUnavailable):
                async with database.begin() as connection:
                    await connection.exec_driver_sql("UPDATE state SET value = 7")
                    await asyncio.to_thread(own_server.kill)
                    await connection.exec_driver_sql("UPDATE state SET value = 8")
            await asyncio.to_thread(own_server.start)
            async with database.read() as connection:
                assert (await connection.exec_driver_sql("SELECT value FROM state")).scalar() == 0

    run(main())


def test_a_change_that_is_cancelled_is_not_made_and_does_not_hold_others_up(store_at: str) -> None:
    async def half(database: Database, reached: asyncio.Event) -> None:
        async with database.begin() as connection:
            await connection.exec_driver_sql("UPDATE state SET value = 7")
            reached.set()
            await asyncio.Event().wait()

    async def main() -> None:
        async with opened(store_at) as database:
            reached = asyncio.Event()
            task = asyncio.create_task(half(database, reached))
            await reached.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await AgentStore(database).create("shop", SHOP, ANN)
            assert len(await Audit(database).entries()) == 1
            async with database.read() as connection:
                assert (await connection.exec_driver_sql("SELECT value FROM state")).scalar() == 1

    run(main())


def test_a_file_whose_opening_is_cancelled_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opens, cancelled, closed = threading.Event(), threading.Event(), list[bool]()
    connect = sqlite3.connect

    class Connection(sqlite3.Connection):
        def close(self) -> None:
            closed.append(True)
            super().close()

    def slowly(*args: Any, **options: Any) -> sqlite3.Connection:
        opens.set()
        assert cancelled.wait(10)
        return connect(*args, factory=Connection, **options)

    monkeypatch.setattr(sqlite3, "connect", slowly)

    async def read(database: Database) -> None:
        async with database.read():
            raise AssertionError("it was cancelled before")

    async def main() -> None:
        database = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'offhook.db'}")
        reading = asyncio.create_task(read(database))
        await asyncio.to_thread(opens.wait)
        reading.cancel()
        cancelled.set()
        await asyncio.wait([reading])
        assert reading.cancelled()
        await database.close()
        assert closed == [True]

    run(main())


def test_a_change_that_fails_leaves_nothing_in_the_audit(store_at: str) -> None:
    async def main() -> None:
        async with opened(store_at) as database:
            with pytest.raises(RuntimeError):
                async with database.begin() as connection:
                    await connection.exec_driver_sql("UPDATE state SET value = 7")
                    raise RuntimeError
            async with database.read() as connection:
                assert (await connection.exec_driver_sql("SELECT value FROM state")).scalar() == 0

    run(main())


@contextmanager
def files_up_to(n_bytes: int) -> Iterator[None]:
    """More than that is refused, as by a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_told_as_what_it_is(tmp_path: Path) -> None:
    async def main() -> None:
        async with opened(f"sqlite+aiosqlite:///{tmp_path / 'offhook.db'}") as database:
            with pytest.raises(StoreUnavailable, match="disk"), files_up_to(1 << 20):
                async with database.begin() as connection:
                    await connection.exec_driver_sql("PRAGMA cache_size = 1")
                    await connection.exec_driver_sql("CREATE TABLE large (words TEXT)")
                    for _ in range(100):
                        words = ("x" * 100_000,)
                        await connection.exec_driver_sql("INSERT INTO large VALUES (?)", words)
            async with database.begin() as connection:
                await connection.exec_driver_sql("UPDATE state SET value = 7")

    run(main())


def test_a_database_that_can_only_be_read_is_away_for_a_change(postgres_server: Postgres) -> None:
    async def main() -> None:
        async with opened(postgres_server.new_url()) as database:
            with pytest.raises(StoreUnavailable, match="read-only"):
                async with database.begin() as connection:
                    await connection.exec_driver_sql("SET TRANSACTION READ ONLY")
                    await connection.exec_driver_sql("UPDATE state SET value = 7")

    run(main())


def test_no_thread_outlives_a_database(store_at: str) -> None:
    before = set(threading.enumerate())

    async def main() -> None:
        async with opened(store_at) as database:
            await asyncio.gather(*(AgentStore(database).list() for _ in range(4)))

    run(main())
    assert set(threading.enumerate()) - before == set()
