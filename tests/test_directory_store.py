"""The directory behind a real store: SQLite and PostgreSQL."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from bridge.agents.document import Agent
from bridge.agents.incoming import Incoming
from bridge.agents.routing import Refused, Route, Trial
from bridge.directory import Answering, Directory, Ready
from bridge.store.agents import AgentStore
from bridge.store.database import Database
from bridge.store.routes import RouteStore
from bridge.store.snapshot import StoreSource
from tests.support.postgres import Postgres
from tests.support.stores import ANN, opened

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
FALLBACK = Ready(Agent("Plain", "Be brief."), {})
WITHIN_S = 1.0  # a published change reaches the next call of every process


def text(number: int) -> str:
    return f"name: Shop\ninstructions: Text {number}.\n"


def directory(database: Database, kept: Path) -> Directory:
    return Directory(FALLBACK, StoreSource(database), kept, function_timeout_s=15)


def answered(made: Directory, caller: str = "+15550001") -> Answering:
    found = made.answer(Incoming("CA1", caller, "+4930100"), NOW, {})
    assert isinstance(found, Answering)
    return found


async def published(agents: AgentStore, number: int) -> None:
    draft = await agents.save_draft("shop", text(number), revision=None, change=ANN)
    await agents.publish("shop", revision=draft.revision, change=ANN)


async def with_shop(database: Database) -> AgentStore:
    agents = AgentStore(database)
    draft = await agents.create("shop", text(1), ANN)
    await agents.publish("shop", revision=draft.revision, change=ANN)
    await RouteStore(database).put(Route("*", "shop"), revision=None, change=ANN)
    return agents


def check(url: str, test: Callable[[Database, AgentStore], Awaitable[None]]) -> None:
    async def main() -> None:
        async with opened(url) as database:
            await test(database, await with_shop(database))

    asyncio.run(main())


async def says(made: Directory, instructions: str) -> None:
    """Waits until the next call hears it."""
    async with asyncio.timeout(WITHIN_S):
        for _ in iter(lambda: answered(made).document.instructions, instructions):
            await asyncio.sleep(0.01)


def test_every_publish_and_rollback_reaches_the_next_call_of_two_processes_within_a_second(
    store_at: str, tmp_path: Path
) -> None:
    async def test(database: Database, agents: AgentStore) -> None:
        async with opened(store_at) as of_the_other:
            both = [directory(database, tmp_path / "a.json")]
            both.append(directory(of_the_other, tmp_path / "b.json"))
            for each in both:
                await each.start()
            follow = [asyncio.create_task(each.run()) for each in both]
            first = [answered(each) for each in both]
            for number in range(2, 6):
                await published(agents, number)
                for each in both:
                    await says(each, f"Text {number}.")
                    assert answered(each).version == number
            await agents.rollback("shop", 2, ANN)
            for each in both:
                await says(each, "Text 2.")
            assert [each.document.instructions for each in first] == ["Text 1.", "Text 1."]
            for task in follow:
                task.cancel()

    check(store_at, test)


def test_a_trial_and_a_block_are_followed(store_at: str, tmp_path: Path) -> None:
    async def test(database: Database, agents: AgentStore) -> None:
        await published(agents, 2)
        routes = RouteStore(database)
        (row,) = await routes.list()
        trial = Route("*", "shop", trial=Trial(1, 50))
        await routes.put(trial, revision=row.revision, change=ANN)
        await routes.block("+1900*", "", ANN)
        made = directory(database, tmp_path / "directory.json")
        await made.start()
        seen = {answered(made, f"+49170{each}").version for each in range(40)}
        assert seen == {1, 2}
        blocked = made.answer(Incoming("CA2", "+19005", "+4930100"), NOW, {})
        assert blocked == Refused("blocked")

    check(store_at, test)


def test_a_database_that_is_stopped_leaves_the_answers_as_they_were(
    postgres_server: Postgres, tmp_path: Path
) -> None:
    async def test(database: Database, agents: AgentStore) -> None:
        made = directory(database, tmp_path / "directory.json")
        await made.start()
        postgres_server.stop()
        try:
            await made.refresh()
            assert not made.reachable
            assert answered(made).document.instructions == "Text 1."
            after_a_restart = directory(database, tmp_path / "directory.json")
            await after_a_restart.start()
            assert answered(after_a_restart).document.instructions == "Text 1."
        finally:
            postgres_server.start()
        await published(agents, 2)
        for each in (made, after_a_restart):
            await each.refresh()
            assert each.reachable
            assert answered(each).document.instructions == "Text 2."

    check(postgres_server.new_url(), test)
