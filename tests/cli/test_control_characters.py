"""What a terminal would obey comes neither into the store nor out of it."""

import asyncio
import os
from pathlib import Path

import pytest
from sqlalchemy import update

from bridge.store import tables
from bridge.store.database import store_url
from tests.cli.shell import Shell
from tests.support.stores import SHOP, opened

RED = "E\x1b[31mred\x9b2J"


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("routes", "block", "+4930123456", "--reason", RED), "reason"),
        (("routes", "block", "+4930123456", "--author", RED), "--author"),
        (("tokens", "create", RED, "--scope", "viewer"), "name"),
        (("agents", "publish", "shop", "--note", RED), "note"),
    ],
)
def test_it_is_refused_with_the_field_named(
    shell: Shell, arguments: tuple[str, ...], field: str
) -> None:
    shell.done("agents", "import", shell.file("shop.yaml", SHOP))
    told = shell.refused(2, *arguments)
    assert f"{field} holds a control character (U+001B); remove it" in told.replace(":", "")
    assert "\x1b" not in told


def test_what_is_in_the_store_already_is_shown_without_it(shell: Shell) -> None:
    shell.done("agents", "import", shell.file("shop.yaml", SHOP), "--publish")
    shell.done("routes", "block", "+4930123456")
    shell.done("tokens", "create", "deploy", "--scope", "viewer")

    async def older() -> None:
        """As by a program that let it in."""
        url = store_url(None, Path(os.environ["OFFHOOK_STATE_DIR"]))
        async with opened(url) as database, database.begin() as connection:
            await connection.execute(update(tables.agents).values(title=RED))
            await connection.execute(update(tables.blocked_callers).values(reason=RED))
            await connection.execute(update(tables.tokens).values(name=f"[red]{RED}"))

    asyncio.run(older())
    for command in (
        ("agents", "list"),
        ("agents", "show", "shop"),
        ("routes", "blocked"),
        ("routes", "explain", "--called", "+4930123457", "--caller", "+4930123456"),
        ("tokens", "list"),
    ):
        told = shell.done(*command)
        assert "E\ufffd[31mred\ufffd2J" in told, command
        assert "\x1b" not in told and "\x9b" not in told
    assert "[red]" in shell.done("tokens", "list")
