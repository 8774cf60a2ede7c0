"""A shell with a state directory of its own, for commands that work in the store."""

import asyncio
import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.store.database import store_url
from tests.cli.offhook import OF_THE_BRIDGE
from tests.cli.shell import Shell
from tests.support.stores import opened


async def _migrated(state: Path) -> None:
    async with opened(store_url(None, state)):
        pass


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of a database with its tables: making them takes longer than most tests."""
    state = tmp_path_factory.mktemp("empty")
    asyncio.run(_migrated(state))
    return (state / "offhook.db").read_bytes()


@pytest.fixture
def shell(tmp_path: Path, empty_store: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    for name in list(os.environ):
        if name.startswith(OF_THE_BRIDGE):
            monkeypatch.delenv(name)
    state = tmp_path / "state"
    state.mkdir()
    (state / "offhook.db").write_bytes(empty_store)
    for name, value in {
        "OFFHOOK_STATE_DIR": str(state),
        "OFFHOOK_MODEL_PROVIDER": "local",
        "LOGNAME": "kim",
        "COLUMNS": "120",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield Shell(tmp_path, monkeypatch)
    root.handlers[:] = handlers  # those of the command wrote to what is closed now
    root.setLevel(level)
