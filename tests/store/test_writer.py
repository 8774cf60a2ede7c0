"""What is appended to a spool is in the store exactly once, in order, whatever dies meanwhile."""

import asyncio
import itertools
import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
from sqlalchemy import select

from bridge.cli.loop import run
from bridge.records.record import PROCESS_DIED
from bridge.store.call_tables import outbox, spool_marks
from bridge.store.calls import CallStore
from bridge.store.database import Database
from bridge.store.migrate import migrate
from bridge.store.outbox import Announcing
from bridge.store.spool import Spool
from bridge.store.spool_folder import LOCK
from bridge.store.writer import StoreWriter
from tests.support.postgres import Postgres
from tests.support.records import NOON, begun, call_sid, ended, store

T = TypeVar("T")
PLENTY = 1 << 30
ROOT = Path(__file__).parents[2]


async def until(true: Callable[[], bool], timeout_s: float = 20.0) -> None:
    async with asyncio.timeout(timeout_s):
        while True:
            if true():
                return
            await asyncio.sleep(0.005)


def append(spool: Spool, *numbers: int) -> None:
    for n in numbers:
        spool.append("call.ended", ended(n).builtins())


@asynccontextmanager
async def writing(spool: Spool, database: Database, **options: Any) -> AsyncIterator[StoreWriter]:
    writer = StoreWriter(spool, database, **options)
    task = asyncio.create_task(writer.run())
    try:
        yield writer
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def kept(database: Database) -> list[str]:
    """Oldest first."""
    rows = []
    cursor = None
    while True:
        page = await CallStore(database, Path()).list(cursor=cursor, limit=200)
        rows += [row.call_sid for row in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            return rows[::-1]


async def told(database: Database) -> list[str]:
    """Of which call, in the order of the spool: one message for each entry that was applied."""
    asked = select(outbox.c.id, outbox.c.call_sid)
    async with database.read() as connection:
        rows = (await connection.execute(asked)).all()
    return [sid for _, sid in sorted((int(id_.rsplit("_")[-1]), sid) for id_, sid in rows)]


def died(spool: Spool) -> None:
    """As if the process had: what it wrote is there, its lock is free."""
    spool.close()
    spool.folder.let_go()


def folders(root: Path) -> list[str]:
    return [path.name for path in root.iterdir() if path.name != LOCK]


def sids(numbers: range) -> list[str]:
    return [call_sid(n) for n in numbers]


def test_entries_come_into_the_store_in_order_and_the_folder_goes_at_the_end(
    store_at: str, tmp_path: Path
) -> None:
    async def main() -> None:
        spool = Spool(tmp_path / "spool", PLENTY, segment_bytes=5000)
        async with store(store_at) as database:
            async with writing(spool, database, announcing=Announcing()) as writer:
                for n in range(0, 300, 30):
                    append(spool, *range(n, n + 30))
                    await asyncio.sleep(0)
                await until(lambda: writer.depth == 0)
            assert await kept(database) == await told(database) == sids(range(300))
            append(spool, 300)
            assert await writer.finish()
            assert await kept(database) == sids(range(301))
            assert folders(spool.root) == []
            async with database.read() as connection:
                assert (await connection.execute(select(spool_marks))).all() == []

    run(main())


def test_a_store_that_is_down_from_the_start_gets_everything_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = tmp_path / "store"
    blocked.mkdir()
    (blocked / "offhook.db").mkdir()  # no file can be opened there

    async def main() -> None:
        spool = Spool(tmp_path / "spool", PLENTY)
        database = await Database.open(f"sqlite+aiosqlite:///{blocked / 'offhook.db'}")
        async with writing(spool, database) as writer:
            append(spool, *range(20))
            await until(lambda: writer.down)
            assert writer.depth == 20
            (blocked / "offhook.db").rmdir()
            await until(lambda: (blocked / "offhook.db").exists())
            await migrate(database)  # until then there are no tables: it waits for them too
            await until(lambda: writer.depth == 0)
            assert not writer.down
        assert await kept(database) == sids(range(20))
        await writer.finish()
        await database.close()

    with caplog.at_level(logging.INFO):
        run(main())
    assert caplog.text.count("the store is away") == 1
    assert caplog.text.count("the store is back") == 1


class Unanswered:
    """A database that commits, and then is gone before it can say so; each time it is told to."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.times = 0

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Any]:
        async with self.database.begin() as connection:
            yield connection
        if self.times:
            self.times -= 1
            raise ConnectionResetError("gone before the answer")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.database, name)


def test_a_store_that_dies_between_the_commit_and_its_answer_has_everything_once(
    store_at: str, tmp_path: Path
) -> None:
    async def main() -> None:
        spool = Spool(tmp_path / "spool", PLENTY)
        async with store(store_at) as database:
            unanswered: Any = Unanswered(database)
            unanswered.times = 3
            append(spool, *range(120))
            async with writing(spool, unanswered, announcing=Announcing()) as writer:
                await until(lambda: writer.depth == 0)
            assert unanswered.times == 0
            assert await told(database) == sids(range(120))
            await writer.finish()

    run(main())


def test_what_a_dead_process_left_is_taken_over_by_one_that_lives(
    store_at: str, tmp_path: Path
) -> None:
    async def main() -> None:
        root = tmp_path / "spool"
        dead = Spool(root, PLENTY)
        dead.append("call.started", begun(500).builtins())
        dead.append("call.started", begun(0).builtins())
        append(dead, *range(10))
        died(dead)
        alive = [Spool(root, PLENTY) for _ in range(2)]
        append(alive[0], *range(10, 20))
        append(alive[1], *range(20, 30))
        async with store(store_at) as database:
            options = {"announcing": Announcing(), "adopt_every_s": 0.01}
            async with (
                writing(alive[0], database, **options) as first,
                writing(alive[1], database, **options) as second,
            ):
                await until(lambda: len(folders(root)) == 2)
                await until(lambda: first.depth == second.depth == 0)
            assert await kept(database) == [*sids(range(30)), call_sid(500)]
            lost = await CallStore(database, Path()).get(call_sid(500))
            assert (lost.outcome, lost.ended_at, lost.process) == (
                PROCESS_DIED,
                None,
                dead.process,
            )
            assert await CallStore(database, Path()).live() == ()
            async with database.read() as connection:
                bodies = (await connection.execute(select(outbox.c.body))).scalars().all()
            events = [(each["data"]["call_sid"], each["type"]) for each in map(decoded, bodies)]
            assert len(events) == len(set(events)) == 30 + 2 + 1
            await first.finish()
            await second.finish()

    run(main())


def decoded(body: str) -> Any:
    return msgspec.json.decode(body)


def test_a_process_that_lives_keeps_its_live_calls(store_at: str, tmp_path: Path) -> None:
    async def main() -> None:
        root = tmp_path / "spool"
        other, ours = Spool(root, PLENTY), Spool(root, PLENTY)
        async with store(store_at) as database:
            async with (
                writing(other, database) as first,
                writing(ours, database, adopt_every_s=0.01) as second,
            ):
                other.append("call.started", begun(1).builtins())
                append(ours, 2)
                await until(lambda: first.depth == second.depth == 0)
                await asyncio.sleep(0.05)
                assert [row.call_sid for row in await CallStore(database, Path()).live()] == [
                    call_sid(1)
                ]
            await first.finish()
            await second.finish()

    run(main())


def test_folders_nobody_can_adopt_do_not_keep_back_what_is_our_own(tmp_path: Path) -> None:
    async def main() -> None:
        spool = Spool(tmp_path / "spool", PLENTY)
        (spool.root / LOCK).unlink()
        (spool.root / LOCK).mkdir()  # nobody can lock the root any more
        async with store(f"sqlite+aiosqlite:///{tmp_path / 'offhook.db'}") as database:
            async with writing(spool, database) as writer:
                append(spool, 1)
                await until(lambda: writer.depth == 0, 5.0)
            (spool.root / LOCK).rmdir()
            assert await kept(database) == [call_sid(1)]
            await writer.finish()

    run(main())


def test_an_entry_that_cannot_be_stored_is_put_aside_and_keeps_no_other(
    store_at: str, tmp_path: Path
) -> None:
    async def main() -> None:
        spool = Spool(tmp_path / "spool", PLENTY)
        append(spool, 1)
        spool.append("call.ended", {"call_sid": "no record"})
        spool.append("call.ended", ended(2, version=10**12).builtins())
        spool.append("call.ended", ended(3, version=10**30).builtins())
        append(spool, 4)
        async with store(store_at) as database:
            async with writing(spool, database) as writer:
                await until(lambda: writer.depth == 0)
            found = await kept(database)
            assert [found[0], found[-1]] == [call_sid(1), call_sid(4)]
            assert call_sid(3) not in found
            # SQLite takes the larger number, PostgreSQL does not.
            assert writer.rejected == 4 - (len(found) - 1)
            aside = [*spool.root.glob("rejected-*")]
            assert len(aside) == writer.rejected
            assert [path.stat().st_mode & 0o077 for path in aside] == [0] * len(aside)
            await writer.finish()

    run(main())


def test_what_cannot_be_brought_before_the_end_is_left_for_the_next_process(
    tmp_path: Path,
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'away' / 'offhook.db'}"

    async def main() -> None:
        spool = Spool(tmp_path / "spool", PLENTY)
        database = await Database.open(url)  # without tables
        append(spool, *range(5))
        assert not await StoreWriter(spool, database).finish(1.0)
        await migrate(database)
        heir = Spool(tmp_path / "spool", PLENTY)
        async with writing(heir, database):
            await until(lambda: folders(heir.root) == [heir.process])
        assert await kept(database) == sids(range(5))
        heir.close()
        await database.close()

    run(main())


# --- the real thing -------------------------------------------------------------------------


def test_postgresql_stopped_and_killed_under_calls_has_each_of_them_once(
    postgres_server: Postgres, tmp_path: Path
) -> None:
    async def main() -> None:
        spool = Spool(tmp_path / "spool", PLENTY, segment_bytes=20_000)
        async with store(postgres_server.new_url()) as database:
            async with writing(spool, database, announcing=Announcing()) as writer:
                enough = asyncio.Event()
                goes_on = asyncio.create_task(calls(spool, enough))
                for end in (postgres_server.stop, postgres_server.kill):
                    await asyncio.sleep(0.3)
                    await asyncio.to_thread(end)
                    await until(lambda: writer.down)
                    await up_again(postgres_server)
                enough.set()
                count = await goes_on
                await until(lambda: writer.depth == 0)
            assert await kept(database) == await told(database) == sids(range(count))
            assert await writer.finish()

    run(main())


async def up_again(server: Postgres) -> None:
    """What was killed lets go of its memory a little later, and is not started before."""
    for _ in range(40):
        with suppress(subprocess.CalledProcessError):
            await asyncio.to_thread(server.start)
            return
        await asyncio.sleep(0.25)
    raise AssertionError("PostgreSQL does not start again")


async def calls(spool: Spool, enough: asyncio.Event) -> int:
    """One after the other, for a store that is away is noticed by what it does not take."""
    for n in itertools.count():
        if enough.is_set():
            return n
        append(spool, n)
        await asyncio.sleep(0.004)
    raise AssertionError


DIES = """
import asyncio, sys
from pathlib import Path
from bridge.store.database import Database
from bridge.store.outbox import Announcing
from bridge.store.spool import Spool
from bridge.store.writer import StoreWriter
from tests.support.records import begun, ended

async def main():
    spool = Spool(Path(sys.argv[1]), 1 << 30, segment_bytes=20_000)
    writer = StoreWriter(spool, await Database.open(sys.argv[2]), Announcing())
    task = asyncio.create_task(writer.run())
    first = int(sys.argv[3])
    for n in range(first, first + 2000):
        spool.append("call.ended", ended(n).builtins())
        await asyncio.sleep(0.003)
        if n == first + 50:
            print("begun", flush=True)

asyncio.run(main())
"""


def dies(root: Path, url: str, first: int) -> "subprocess.Popen[str]":
    """A process that keeps one call after the other, from this one on."""
    return subprocess.Popen(
        [sys.executable, "-c", DIES, str(root), url, str(first)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def test_processes_killed_while_they_write_leave_each_call_once(
    store_at: str, tmp_path: Path
) -> None:
    """Two at a time, killed at moments nobody chose, and one that lives to take it all over."""
    root = tmp_path / "spool"

    async def main() -> None:
        async with store(store_at) as database:
            for round_ in range(3):
                starts = (10_000 * round_, 10_000 * round_ + 5000)
                programs = [dies(root, store_at, first) for first in starts]
                try:
                    for program in programs:
                        assert program.stdout is not None
                        await asyncio.to_thread(program.stdout.readline)
                    await asyncio.sleep(0.05 * (round_ + 1))
                finally:
                    for program in programs:
                        program.kill()
                        program.communicate()
            heir = Spool(root, PLENTY)
            async with writing(heir, database, announcing=Announcing()) as writer:
                await until(lambda: folders(root) == [heir.process])
            found = await kept(database)
            assert len(found) == len(set(found)) >= 6 * 50
            assert sorted(await told(database)) == sorted(found)
            numbers = sorted(int(sid[2:], 16) for sid in found)
            for first in range(0, 30_000, 5000):  # nothing is missing before the last of each
                mine = [n for n in numbers if first <= n < first + 5000]
                assert mine == [*range(first, first + len(mine))]
            await writer.finish()

    run(main())


def test_times_are_kept_to_the_microsecond(store_at: str, tmp_path: Path) -> None:
    at = NOON + timedelta(microseconds=123457)

    async def main() -> None:
        spool = Spool(tmp_path / "spool", PLENTY)
        spool.append("call.ended", ended(1, started_at=at).builtins())
        async with store(store_at) as database:
            async with writing(spool, database) as writer:
                await until(lambda: writer.depth == 0)
            assert (await CallStore(database, Path()).get(call_sid(1))).started_at == at
            await writer.finish()

    run(main())
