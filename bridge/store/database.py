"""The database: SQLite beside the program, or PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final, Self

from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bridge.store.away import away, forget_rows
from bridge.store.problems import StoreUnavailable

BUSY_TIMEOUT_S: Final = 5.0  # another process writes to the same SQLite file
CONNECT_TIMEOUT_S: Final = 3.0
COMMAND_TIMEOUT_S: Final = 30.0
POOL_SIZE: Final = 5

_FORM: Final = "write postgresql://USER:PASSWORD@HOST:PORT/NAME"


def store_url(configured: str | None, state_dir: Path) -> str:
    return configured or f"sqlite+aiosqlite:///{(state_dir / 'offhook.db').absolute()}"


def parsed(url: str) -> URL:
    """Raises StoreUnavailable for what is no URL; the password is not in the message."""
    found: URL | None
    try:
        found = make_url(url)
    except ArgumentError:
        raise StoreUnavailable("OFFHOOK_DATABASE_URL is not a URL", _FORM) from None
    except ValueError:
        found = None
    if found is None or found.port not in (None, *range(1, 65536)):
        raise StoreUnavailable("the port in OFFHOOK_DATABASE_URL is none", _FORM)
    if found.drivername in ("postgres", "postgresql"):
        found = found.set(drivername="postgresql+asyncpg")
    if "sslmode" in found.query and not found.drivername.startswith("sqlite"):
        mend = "write ssl=require (or prefer, disable, verify-full) in its place"
        raise StoreUnavailable("sslmode in OFFHOOK_DATABASE_URL is of another driver", mend)
    return found


class Database:
    """``open`` it, use ``read`` and ``begin``, ``close`` it. Both raise ``StoreUnavailable`` when
    the database is away; what the block itself raises passes through, and rolls back."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self._engine = _engine(url, self.is_sqlite)
        # SQLite has one writer: ours take turns here and do not wait in threads.
        self._writing = asyncio.Lock() if self.is_sqlite else None

    @classmethod
    async def open(cls, url: str) -> Self:
        """A SQLite file is made, with its folder. Connects only when it is used."""
        database = cls(parsed(url))
        if database.is_sqlite and database.url.database:
            await asyncio.to_thread(_make_file, Path(database.url.database))
        return database

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        async with _told(), self._connection() as connection:
            yield connection

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """One transaction, committed at the end of the block."""
        if self._writing is None:
            async with _told(), self._engine.begin() as connection:
                yield connection
            return
        async with self._writing, _told(), self._connection() as connection:
            # The driver would begin a deferred one, which can fail half-way for being late.
            await connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                # A full disk has made SQLite roll back already: only the first error says so.
                with suppress(DBAPIError):
                    await connection.exec_driver_sql("ROLLBACK")
                raise
            await connection.exec_driver_sql("COMMIT")

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection]:
        if not self.is_sqlite:
            async with self._engine.connect() as connection:
                yield connection
            return
        # Its driver opens files in a thread, and forgets one whose opening is cancelled.
        opening = asyncio.ensure_future(self._opened())
        try:
            connection = await asyncio.shield(opening)
        except asyncio.CancelledError:
            with suppress(Exception):
                await (await opening).close()
            raise
        try:
            yield connection
        finally:
            await asyncio.shield(asyncio.ensure_future(connection.close()))

    async def _opened(self) -> AsyncConnection:
        return await self._engine.connect()

    async def close(self) -> None:
        await self._engine.dispose()


def _make_file(path: Path) -> None:
    """For its owner alone: it holds what callers said. Raises StoreUnavailable."""
    try:
        path.parent.mkdir(0o700, parents=True, exist_ok=True)
        path.touch(0o600)
    except OSError as error:
        mend = "name a file and folder that this user may write to"
        raise StoreUnavailable(f"{path}: {error.strerror}", mend) from error


def _engine(url: URL, is_sqlite: bool) -> AsyncEngine:
    """An error shows no parameters: they are what callers said, and drafts."""
    if not is_sqlite:
        timeouts = {"timeout": CONNECT_TIMEOUT_S, "command_timeout": COMMAND_TIMEOUT_S}
        return create_async_engine(
            url,
            hide_parameters=True,
            pool_size=POOL_SIZE,
            pool_pre_ping=True,
            connect_args=timeouts,
        )
    engine = create_async_engine(
        url,
        hide_parameters=True,
        connect_args={"timeout": BUSY_TIMEOUT_S, "isolation_level": None},
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: Any, record: object) -> None:
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine


@asynccontextmanager
async def _told() -> AsyncIterator[None]:
    """A database that is away, as StoreUnavailable; bugs in our statements stay what they are."""
    try:
        yield
    except Exception as error:
        if unavailable := away(error):
            raise unavailable from error
        if isinstance(error, DBAPIError):
            forget_rows(error)
        raise
