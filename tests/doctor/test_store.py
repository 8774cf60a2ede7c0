"""The store: there, reached, and with the tables of this program."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bridge.doctor import Finding, store
from bridge.store.database import Database
from bridge.store.outbox import Announcing
from tests.doctor.patient import settings
from tests.support.postgres import Postgres
from tests.support.records import Putter, ended
from tests.support.stores import opened


def at(state_dir: Path, url: str) -> Finding:
    return asyncio.run(store.check(settings(state_dir, OFFHOOK_DATABASE_URL=url)))


def migrated(url: str) -> None:
    async def main() -> None:
        async with opened(url):
            pass

    asyncio.run(main())


def older(url: str) -> None:
    """The tables of the program before this one, as far as the store can tell."""

    async def main() -> None:
        async with opened(url) as database, database.begin() as connection:
            await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")

    asyncio.run(main())


def newer(url: str) -> None:
    async def main() -> None:
        async with opened(url) as database, database.begin() as connection:
            await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    asyncio.run(main())


def test_a_store_of_this_program_is_good(tmp_path: Path, store_at: str) -> None:
    migrated(store_at)
    assert at(tmp_path, store_at).state == "good"


def test_messages_that_wait_for_their_delivery_are_told_with_their_age(
    tmp_path: Path, store_at: str
) -> None:
    hooks = {
        "OFFHOOK_DATABASE_URL": store_at,
        "OFFHOOK_WEBHOOK_URL": "https://desk.example.com/calls",
        "OFFHOOK_WEBHOOK_SECRET": "whsec_" + base64.b64encode(bytes(32)).decode(),
    }

    async def announce() -> None:
        async with opened(store_at) as database:
            put, at = Putter(database), datetime(2026, 11, 20, 9, 5, tzinfo=UTC)
            await put(ended(1), announcing=Announcing(), now=at)
            await put(ended(2), announcing=Announcing(), now=at + timedelta(days=1))

    migrated(store_at)
    told = asyncio.run(store.check(settings(tmp_path, **hooks))).told
    assert "no message of a webhook waits" in told
    asyncio.run(announce())
    finding = asyncio.run(store.check(settings(tmp_path, **hooks)))
    assert finding.state == "good"
    assert "that wait: 2, the oldest since 2026-11-20 09:05 UTC" in finding.told
    assert "wait" not in at(tmp_path, store_at).told


def test_pending_migrations_fail_and_are_named_but_not_made(tmp_path: Path, store_at: str) -> None:
    older(store_at)
    for _ in range(2):
        finding = at(tmp_path, store_at)
        assert finding.state == "failed"
        assert "pending: 0002" in finding.told and "offhook serve" in finding.mend


def test_tables_of_a_newer_program_fail(tmp_path: Path, store_at: str) -> None:
    newer(store_at)
    finding = at(tmp_path, store_at)
    assert (finding.state, "newer program" in finding.told) == ("failed", True)


def test_a_sqlite_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    finding = asyncio.run(store.check(settings(tmp_path / "state")))
    assert finding.state == "skipped"
    assert list(tmp_path.iterdir()) == []


def test_a_sqlite_file_that_is_none_fails(tmp_path: Path) -> None:
    (tmp_path / "offhook.db").write_bytes(b"no database at all" * 100)
    finding = asyncio.run(store.check(settings(tmp_path)))
    assert finding.state == "failed" and "offhook.db" in finding.mend


def test_a_database_that_is_away_fails_without_its_password(tmp_path: Path) -> None:
    finding = at(tmp_path, "postgresql://offhook:sesame@127.0.0.1:9/offhook")
    assert finding.state == "failed"
    assert "OFFHOOK_DATABASE_URL" in finding.mend and "sesame" not in repr(finding)


def test_a_database_without_tables_or_of_another_name_fails(
    tmp_path: Path, postgres_server: Postgres
) -> None:
    url = postgres_server.new_url()
    assert "pending: 0001, 0002" in at(tmp_path, url).told
    finding = at(tmp_path, f"{url}x")
    assert (finding.state, "does not exist" in finding.told) == ("failed", True)


def test_looking_leaves_no_connection_behind(tmp_path: Path, store_at: str) -> None:
    async def main() -> bool:
        async with store.ready(settings(tmp_path, OFFHOOK_DATABASE_URL=store_at)) as database:
            return isinstance(database, Database)

    assert not asyncio.run(main())
    migrated(store_at)
    assert asyncio.run(main())


def test_a_url_that_is_none_is_no_bug_of_the_check(tmp_path: Path) -> None:
    finding = at(tmp_path, "postgresql://offhook:sesame@127.0.0.1:abc/offhook")
    assert (finding.state, finding.mend) == (
        "failed",
        "write postgresql://USER:PASSWORD@HOST:PORT/NAME",
    )
