"""A database that is ready, and closed at the end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bridge.records.record import CallRecord
from bridge.store.audit import Change
from bridge.store.calls import CallStore
from bridge.store.database import Database, store_url
from bridge.store.migrate import migrate

ANN, BOB = Change("ann"), Change("bob", "a reason")
SHOP = "name: Shop\ninstructions: |\n  You answer the phone.\n"


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    database = await Database.open(url)
    try:
        await migrate(database)
        yield database
    finally:
        await database.close()


async def kept(state_dir: Path) -> list[CallRecord]:
    """Every call in the store of a server, the newest first."""
    async with opened(store_url(None, state_dir)) as database:
        calls = CallStore(database, state_dir / "recordings")
        return [await calls.get(row.call_sid) for row in (await calls.list()).rows]
