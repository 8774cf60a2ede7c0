"""A task that is to end ends, though its statement answers with an error of the driver."""

import asyncio
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from bridge.store.outbox import Outbox
from bridge.store.problems import StoreUnavailable
from bridge.store.retention import Retention
from bridge.store.spool import Spool
from bridge.store.writer import StoreWriter
from bridge.webhooks import Webhooks


class Swallows:
    """A database whose statements turn a cancellation into an error of their own."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    def begin(self) -> "Swallows":
        return self

    read = begin

    async def __aenter__(self) -> None:
        self.asked.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise StoreUnavailable("the connection was closed") from None

    async def __aexit__(self, *error: object) -> None:
        pass


@pytest.mark.parametrize("which", ["writer", "retention", "webhooks"])
def test_a_cancellation_in_the_middle_of_a_statement_ends_the_task(
    tmp_path: Path, which: str
) -> None:
    async def main() -> None:
        database: Any = Swallows()
        spool = Spool(tmp_path / "spool", 1 << 30)
        spool.append("call.ended", {"n": 1, "call_sid": "CA1", "started_at": "2026-01-01T00:00Z"})
        async with httpx.AsyncClient() as client:
            secret = "whsec_" + "A" * 32
            hooks = Webhooks(Outbox(database), "https://x.example", secret, client, random=Random())
            retention = Retention(database, tmp_path, call_days=1, recording_days=1)
            writer = StoreWriter(spool, database)
            runs = {"writer": writer.run, "retention": retention.run, "webhooks": hooks.run}
            task = asyncio.create_task(runs[which]())
            await asyncio.wait_for(database.asked.wait(), 5)
            task.cancel()
            done, _ = await asyncio.wait([task], timeout=5)
            assert done and task.cancelled()
        spool.close()
        spool.folder.let_go()

    asyncio.run(main())
