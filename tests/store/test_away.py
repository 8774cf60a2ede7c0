"""A database that cannot be used, told in one line with what is to be done about it."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import StatementError

from bridge.cli.loop import run
from bridge.store.database import Database
from bridge.store.migrate import migrate
from bridge.store.problems import StoreUnavailable
from tests.support.postgres import Postgres, postgres
from tests.support.stores import opened

SECRET = "she said"


@pytest.fixture(scope="module")
def strict_server(postgres_server: Postgres) -> Iterator[Postgres]:
    """With a user ``weak`` who has a password and may make no tables."""
    with postgres() as server:

        async def main() -> None:
            async with opened(server.new_url()) as database, database.begin() as connection:
                await connection.exec_driver_sql("CREATE ROLE weak LOGIN PASSWORD 'sesame'")

        run(main())
        rules = "host all weak 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n"
        (server._data / "pg_hba.conf").write_text(rules)
        server.stop()
        server.start()
        yield server


def told(url: str) -> str:
    """Of a start."""

    async def main() -> None:
        database = await Database.open(url)
        try:
            await migrate(database)
        finally:
            await database.close()

    with pytest.raises(StoreUnavailable) as caught:
        run(main())
    assert "\n" not in str(caught.value) and "sesame" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("of", "to", "why", "mend"),
    [
        ("offhook@", "weak:wrong@", "password authentication failed", "look at user and password"),
        ("offhook@", "nobody@", 'role "nobody" does not exist', "look at user and password"),
        ("offhook@", "weak:sesame@", "permission denied for schema", "as its owner: GRANT USAGE"),
        ("/test_", "/tast_", "does not exist", "make it with createdb"),
    ],
)
def test_postgresql_says_what_is_wrong_with_the_settings(
    strict_server: Postgres, of: str, to: str, why: str, mend: str
) -> None:
    found = told(strict_server.new_url().replace(of, to))
    assert why in found and f"; {mend}" in found
    assert "try again" not in found


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql://offhook:sesame@127.0.0.1:abc/offhook", "the port"),
        ("postgresql://offhook:sesame@127.0.0.1:99999/offhook", "the port"),
        ("postgresql://offhook:sesame@127.0.0.1/offhook?sslmode=require", "sslmode"),
        ("sesame", "not a URL"),
    ],
)
def test_a_url_that_cannot_be_meant_says_what_to_write(url: str, why: str) -> None:
    found = told(url)
    assert why in found and "; write " in found and "try again" not in found


def test_a_file_that_is_no_database_is_to_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "offhook.db").write_bytes(os.urandom(9000))
    found = told(f"sqlite+aiosqlite:///{tmp_path / 'offhook.db'}")
    assert "file is not a database; put a backup in the place" in found


def test_a_folder_that_cannot_be_written_to_is_not_waited_for() -> None:
    found = told("sqlite+aiosqlite:////proc/none/offhook.db")
    assert "; name a file and folder that this user may write to" in found


@pytest.mark.parametrize("sql", ["INSERT INTO tokens (id) VALUES (?)", "INSERT INTO no VALUES (?)"])
def test_an_error_of_a_statement_shows_nothing_of_what_it_was_given(
    store_at: str, sql: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with opened(store_at) as database, database.begin() as connection:
            mark = "?" if database.is_sqlite else "$1"
            await connection.exec_driver_sql(sql.replace("?", mark), (SECRET,))

    with pytest.raises(StatementError) as caught:
        run(main())
    logging.getLogger(__name__).error("a bug", exc_info=caught.value)
    assert "INSERT" in caplog.text and SECRET not in caplog.text
