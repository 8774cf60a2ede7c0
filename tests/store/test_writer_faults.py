"""Whatever goes wrong in whatever order, each call is in the store once: a model says which."""

import asyncio
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bridge.store.call_tables import calls, outbox
from bridge.store.database import Database
from bridge.store.migrate import migrate
from bridge.store.outbox import Announcing
from bridge.store.problems import StoreUnavailable
from bridge.store.spool import Spool
from bridge.store.spool_folder import LOCK
from bridge.store.writer import StoreWriter
from tests.support.records import call_sid, ended

# ("append", so many), ("bring", after so many ms the process stops bringing; 0: when all is there),
# ("unanswered", so many commits), ("refused", so many), ("die", the last so many bytes are torn)
Step = tuple[str, int]
steps = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(1, 70)),
        st.tuples(st.just("bring"), st.integers(0, 6)),
        st.tuples(st.just("unanswered"), st.integers(1, 2)),
        st.tuples(st.just("refused"), st.integers(1, 2)),
        st.tuples(st.just("die"), st.integers(0, 2000)),
    ),
    max_size=9,
)


class Faulty:
    """A database that refuses, or commits without an answer, as often as it is told to."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.refuses = 0
        self.unanswered = 0

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Any]:
        if self.refuses:
            self.refuses -= 1
            raise StoreUnavailable("refused")
        async with self.database.begin() as connection:
            yield connection
        if self.unanswered:
            self.unanswered -= 1
            raise StoreUnavailable("gone before the answer")


class World:
    """``expected`` is what must be in the store in the end."""

    def __init__(self, root: Path, database: Database) -> None:
        self.root = root
        self.faulty: Any = Faulty(database)
        self.expected: set[str] = set()
        self._count = 0
        self._born()

    def _born(self) -> None:
        self.spool = Spool(self.root, 1 << 30, segment_bytes=3000)
        self._mine: list[str] = []
        self._stored: set[str] = set()

    async def take(self, step: Step) -> None:
        match step:
            case ("append", count):
                self._append(count)
            case ("bring", 0):
                await self.bring_until(self._all_stored)
            case ("bring", ms):
                await self.bring(ms / 1000)
            case ("unanswered", times):
                self.faulty.unanswered = times
            case ("refused", times):
                self.faulty.refuses = times
            case ("die", torn):
                await self._die(torn)

    def _append(self, count: int) -> None:
        for _ in range(count):
            self._mine.append(call_sid(self._count))
            self.spool.append("call.ended", ended(self._count).builtins())
            self._count += 1

    async def bring(self, stop_after_s: float) -> None:
        async with self._bringing():
            await asyncio.sleep(stop_after_s)

    async def bring_until(self, done: Callable[[], Awaitable[bool]]) -> None:
        async with self._bringing() as applied, asyncio.timeout(60):
            while not await done():
                await applied.wait()
                applied.clear()

    @asynccontextmanager
    async def _bringing(self) -> AsyncIterator[asyncio.Event]:
        applied = asyncio.Event()
        writer = StoreWriter(
            self.spool, self.faulty, Announcing(), on_applied=applied.set, adopt_every_s=0.002
        )
        task = asyncio.create_task(writer.run())
        try:
            yield applied
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        for folder in writer._adopted:  # as the kernel does
            folder.let_go()
        self._stored = {sid for sid, _ in await stored(self.faulty.database)}

    async def _all_stored(self) -> bool:
        found = {sid for sid, _ in await stored(self.faulty.database)}
        return found.issuperset(self._mine)

    async def _die(self, torn: int) -> None:
        """The last bytes of what is not in the store yet never reached the disk."""
        await asyncio.to_thread(self.spool.close)
        segments = self.spool.folder.segments()
        left = len(self._mine)
        if segments and torn:
            data = segments[-1].read_bytes()
            segments[-1].write_bytes(data[: max(0, len(data) - torn)])
            lost = data.count(b"\n") - segments[-1].read_bytes().count(b"\n")
            left -= lost
        self.expected |= {*self._mine[:left]} | ({*self._mine} & self._stored)
        self.spool.folder.let_go()
        self._born()

    async def finish(self) -> None:
        """One process that lives long enough buries all the dead ones, however slow the disk."""
        await self._die(0)
        await self.bring_until(self._alone)
        self.spool.close()

    async def _alone(self) -> bool:
        left = {path.name for path in self.root.iterdir()} - {LOCK}
        return left == {self.spool.process}


async def stored(database: Database) -> list[tuple[str, int]]:
    """Calls, each with how many messages there are of it: one for each time it was applied."""
    async with database.read() as connection:
        sids = (await connection.execute(select(calls.c.call_sid))).scalars().all()
        told = Counter((await connection.execute(select(outbox.c.call_sid))).scalars().all())
    return [(sid, told[sid]) for sid in sids]


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "offhook.db"

    async def make() -> None:
        database = await Database.open(f"sqlite+aiosqlite:///{path}")
        await migrate(database)
        await database.close()

    asyncio.run(make())
    return path


@settings(max_examples=15, deadline=None)
@given(steps)
def test_each_call_is_stored_once_whatever_goes_wrong(
    empty_store: Path, taken: Sequence[Step]
) -> None:
    async def main(folder: Path) -> None:
        shutil.copy(empty_store, folder / "offhook.db")
        database = await Database.open(f"sqlite+aiosqlite:///{folder / 'offhook.db'}")
        try:
            world = World(folder / "spool", database)
            for step in taken:
                await world.take(step)
            await world.finish()
            found = await stored(database)
            assert {sid for sid, _ in found} == world.expected
            assert {count for _, count in found} <= {1}
        finally:
            await database.close()

    with TemporaryDirectory() as folder:
        asyncio.run(main(Path(folder)))
