"""A database that is ready, and closed at the end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bridge.store.audit import Change
from bridge.store.database import Database
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
