import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from sqlalchemy import select

from bridge.store.audit import Audit
from bridge.store.database import Database
from bridge.store.problems import Conflict, Invalid, NotFound
from bridge.store.tables import tokens as table
from bridge.store.tokens import Scope, TokenStore
from tests.support.stores import ANN, BOB, opened


def check(url: str, test: Callable[[TokenStore, Database], Awaitable[None]]) -> None:
    async def main() -> None:
        async with opened(url) as database:
            await test(TokenStore(database), database)

    asyncio.run(main())


def test_a_token_is_found_by_its_secret_which_is_nowhere_kept(store_at: str) -> None:
    async def test(tokens: TokenStore, database: Database) -> None:
        row, secret = await tokens.create("console", "editor", None, ANN)
        found = await tokens.find(secret)
        assert found is not None
        assert (found.id, found.name, found.scope, found.created_by) == (
            row.id,
            "console",
            "editor",
            "ann",
        )
        for wrong in (secret[:-1], secret + "x", secret.removeprefix("ofh_"), "", "ofh_"):
            assert await tokens.find(wrong) is None
        async with database.read() as connection:
            kept = str((await connection.execute(select(table))).all())
        assert secret not in kept and secret.removeprefix("ofh_") not in kept
        assert secret not in str(await Audit(database).entries())

    check(store_at, test)


def test_a_token_that_is_over_or_revoked_is_found_no_more(store_at: str) -> None:
    async def test(tokens: TokenStore, database: Database) -> None:
        now = datetime.now(UTC)
        over = (await tokens.create("old", "viewer", now - timedelta(seconds=1), ANN))[1]
        row, good = await tokens.create("new", "viewer", now + timedelta(days=1), ANN)
        assert await tokens.find(over) is None
        assert await tokens.find(good) is not None
        revoked = await tokens.revoke(row.id, BOB)
        assert revoked.revoked_at is not None
        assert await tokens.find(good) is None
        assert await tokens.revoke(row.id, BOB) == revoked
        with pytest.raises(NotFound):
            await tokens.revoke("nobody", BOB)

    check(store_at, test)


def test_a_name_is_of_one_token_until_that_is_over_or_revoked(store_at: str) -> None:
    async def test(tokens: TokenStore, database: Database) -> None:
        now = datetime.now(UTC)
        await tokens.create("deploy", "viewer", now - timedelta(seconds=1), ANN)
        row, _ = await tokens.create("deploy", "viewer", now + timedelta(days=1), ANN)
        with pytest.raises(Conflict, match=f"token {row.id} has the name deploy"):
            await tokens.create(" deploy ", "admin", None, BOB)
        await tokens.create("Deploy", "viewer", None, ANN)
        await tokens.revoke(row.id, ANN)
        puts = [tokens.create("deploy", "viewer", None, ANN) for _ in range(4)]
        done = await asyncio.gather(*puts, return_exceptions=True)
        assert sum(isinstance(each, Conflict) for each in done) == 3
        assert len(await tokens.list()) == 4

    check(store_at, test)


def test_when_a_token_was_used_is_kept(store_at: str) -> None:
    async def test(tokens: TokenStore, database: Database) -> None:
        secret = (await tokens.create("console", "viewer", None, ANN))[1]
        assert (await tokens.list())[0].last_used_at is None
        await tokens.find(secret)
        used = (await tokens.list())[0].last_used_at
        assert used is not None
        await tokens.find(secret)
        assert (await tokens.list())[0].last_used_at == used  # to the minute is enough

    check(store_at, test)


def test_scope_and_name_are_checked(store_at: str) -> None:
    async def test(tokens: TokenStore, database: Database) -> None:
        with pytest.raises(Invalid, match="viewer or editor or admin"):
            await tokens.create("console", cast(Scope, "root"), None, ANN)
        with pytest.raises(Invalid):
            await tokens.create("  ", "viewer", None, ANN)

    check(store_at, test)
