"""Fixtures of stores: what is asked of one database is asked of both."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.postgres import Postgres, postgres


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """Skipped where there is none: the half of the tests that runs on PostgreSQL is left out."""
    try:
        with postgres() as server:
            yield server
    except FileNotFoundError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


@pytest.fixture(params=["sqlite", "postgresql"])
def store_at(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'store' / 'offhook.db'}"
    server: Postgres = request.getfixturevalue("postgres_server")
    return server.new_url()
