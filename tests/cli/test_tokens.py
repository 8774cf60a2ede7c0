"""offhook tokens create, list, revoke."""

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bridge.cli.tokens import app
from bridge.store.database import Database, store_url
from bridge.store.tokens import TokenRow, TokenStore


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OFFHOOK_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("OFFHOOK_MODEL_PROVIDER", "local")
    monkeypatch.delenv("OFFHOOK_DATABASE_URL", raising=False)
    return tmp_path


def offhook(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def found(state: Path, secret: str) -> TokenRow | None:
    async def main() -> TokenRow | None:
        database = await Database.open(store_url(None, state))
        try:
            return await TokenStore(database).find(secret)
        finally:
            await database.close()

    return asyncio.run(main())


def test_a_token_is_alone_on_its_line_and_good(state: Path) -> None:
    made = offhook("create", "deploy", "--scope", "editor", "--author", "ann")
    assert made.exit_code == 0
    (secret,) = made.stdout.splitlines()
    row = found(state, secret)
    assert row is not None
    assert (row.name, row.scope, row.created_by) == ("deploy", "editor", "ann")
    assert row.expires_at is not None and (row.expires_at - row.created_at).days in (89, 90)


def test_the_list_shows_everything_but_the_secret(state: Path) -> None:
    new = json.loads(offhook("create", "a", "--scope", "viewer", "--days", "0", "--json").stdout)
    assert new["secret"].startswith("ofh_") and new["expires_at"] is None
    listed = offhook("list", "--json")
    assert [each["id"] for each in json.loads(listed.stdout)["tokens"]] == [new["id"]]
    table = offhook("list")
    assert new["id"] in table.stdout and "does not expire" in table.stdout
    assert new["secret"] not in listed.stdout + table.stdout


def test_a_name_that_is_in_use_is_refused(state: Path) -> None:
    assert offhook("create", "a", "--scope", "viewer").exit_code == 0
    again = offhook("create", "a", "--scope", "admin")
    assert (again.exit_code, again.stdout) == (1, "")
    assert "has the name a; choose another, or revoke that one first" in again.stderr


def test_a_revoked_token_is_refused(state: Path) -> None:
    new = json.loads(offhook("create", "a", "--scope", "admin", "--json").stdout)
    assert offhook("revoke", new["id"]).exit_code == 0
    assert found(state, new["secret"]) is None
    assert "revoked" in offhook("list").stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("create", "a", "--scope", "root"), "viewer, editor, admin"),
        (("create", " ", "--scope", "viewer"), "name"),
        (("revoke", "1f3a5b7c"), "there is no token 1f3a5b7c"),
    ],
)
def test_what_cannot_be_done_says_why(state: Path, arguments: tuple[str, ...], told: str) -> None:
    done = offhook(*arguments)
    assert done.exit_code == 2
    assert told in done.stderr
