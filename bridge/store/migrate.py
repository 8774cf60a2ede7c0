"""Bringing a database to the tables of this program."""

import logging
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from bridge.store.database import Database
from bridge.store.problems import StoreUnavailable

ADVISORY_LOCK = 0x0FF_400C  # of PostgreSQL: those who start at the same time take turns

logger = logging.getLogger(__name__)
logging.getLogger("alembic").setLevel(logging.WARNING)  # it speaks each time it is asked


async def migrate(database: Database) -> None:
    """To the newest. Where nothing is to be done nothing is locked. Raises StoreUnavailable."""
    if not await pending(database):
        return
    async with database.begin() as connection:
        if not database.is_sqlite:
            await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})")
        await connection.run_sync(_upgrade)


async def pending(database: Database) -> list[str]:
    """The steps that are still to be taken, oldest first. Raises StoreUnavailable, also for tables
    of a newer program."""
    async with database.read() as connection:
        return await connection.run_sync(_pending)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


def _upgrade(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    steps = _pending(connection)
    if steps:  # nobody else was faster
        command.upgrade(config, "head")
        logger.info("the store is brought to %s", steps[-1])


def _pending(connection: Connection) -> list[str]:
    at = MigrationContext.configure(connection).get_current_revision()
    scripts = ScriptDirectory.from_config(_config())
    steps = [each.revision for each in scripts.walk_revisions("base", "head")][::-1]
    if at is not None and at not in steps:
        raise StoreUnavailable(f"its tables are of a newer program ({at})", "update this program")
    return steps if at is None else steps[steps.index(at) + 1 :]
