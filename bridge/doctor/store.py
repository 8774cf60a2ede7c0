"""Is the store there, and are its tables those of this program?"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from bridge.doctor.apart import apart
from bridge.doctor.finding import Finding, failed, good, skipped
from bridge.settings import Settings
from bridge.store.away import said
from bridge.store.database import Database, parsed, store_url
from bridge.store.migrate import pending
from bridge.store.outbox import Outbox
from bridge.store.problems import AGAIN, StoreUnavailable

CHECK = "store"


async def check(settings: Settings) -> Finding:
    kind = settings.store.describe()
    try:
        async with opened(settings) as database:
            if database is None:
                return skipped(CHECK, f"there is no {kind} file yet; `offhook serve` makes it")
            steps = await pending(database)
            waiting = "" if steps else await _waiting(settings, database)
    except StoreUnavailable as error:
        mend = _mend(settings) if error.mend == AGAIN else error.mend
        return failed(CHECK, f"{kind}: {error.why}", mend)
    except DBAPIError as error:  # it is there, and no database of ours
        return failed(CHECK, f"{kind}: {said(error)}", _mend(settings))
    if steps:
        return failed(
            CHECK,
            f"{kind} is reached, but {len(steps)} of its migrations are pending: "
            + ", ".join(steps),
            "back it up, then start `offhook serve` or run `offhook agents list`: either one"
            " brings it to the newest",
        )
    return good(CHECK, f"{kind} is reached, no migrations are pending{waiting}")


async def _waiting(settings: Settings, database: Database) -> str:
    """What the log tells only at its beginning."""
    if settings.store.webhook is None:
        return ""
    count, oldest = await Outbox(database).backlog()
    if oldest is None:
        return "\nno message of a webhook waits for its delivery"
    return (
        f"\nmessages of webhooks that wait: {count}, the oldest since {oldest:%Y-%m-%d %H:%M} UTC"
    )


def _mend(settings: Settings) -> str:
    if settings.store.database_url:
        return (
            "start the database, and look at host, port, user, password and name in"
            " OFFHOOK_DATABASE_URL"
        )
    return "look at the file offhook.db in OFFHOOK_STATE_DIR: whose it is, and whether it is whole"


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Database | None]:
    """As it is: nothing is made and nothing migrated. None where the SQLite file is missing.
    Raises StoreUnavailable."""
    url = store_url(settings.store.database_url, settings.state_dir)
    if await apart(lambda: _is_missing(parsed(url))):
        yield None
        return
    database = await Database.open(url)
    try:
        yield database
    finally:
        await database.close()


def _is_missing(url: URL) -> bool:
    if url.get_backend_name() != "sqlite":
        return False
    return not (url.database and Path(url.database).exists())


@asynccontextmanager
async def ready(settings: Settings) -> AsyncIterator[Database | None]:
    """None too where it is away or older than this program: that is told by ``check``."""
    if (await check(settings)).state == "good":
        async with opened(settings) as database:
            yield database
    else:
        yield None
