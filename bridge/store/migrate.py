"""Bringing a database to the tables of this program."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from bridge.store.database import Database

ADVISORY_LOCK = 0x0FF_400C  # of PostgreSQL: those who start at the same time take turns


async def migrate(database: Database) -> None:
    """To the newest. Raises StoreUnavailable."""
    async with database.begin() as connection:
        if not database.is_sqlite:
            await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})")
        await connection.run_sync(_upgrade)


async def pending(database: Database) -> list[str]:
    """The steps that are still to be taken, oldest first. Raises StoreUnavailable."""
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
    command.upgrade(config, "head")


def _pending(connection: Connection) -> list[str]:
    at = MigrationContext.configure(connection).get_current_revision()
    scripts = ScriptDirectory.from_config(_config())
    steps = [each.revision for each in scripts.walk_revisions("base", "head")][::-1]
    return steps[steps.index(at) + 1 :] if at in steps else steps
