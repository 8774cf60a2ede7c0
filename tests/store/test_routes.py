import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bridge.agents.routing import Route, Trial
from bridge.store.agents import AgentStore
from bridge.store.audit import Audit
from bridge.store.database import Database
from bridge.store.problems import Conflict, Invalid, NotFound
from bridge.store.routes import RouteRow, RouteStore
from bridge.store.snapshot import StoreSource
from tests.support.stores import ANN, BOB, SHOP, opened

NUMBER = "+4930123456"


def check(url: str, test: Callable[[RouteStore, Database], Awaitable[None]]) -> None:
    async def main() -> None:
        async with opened(url) as database:
            agents = AgentStore(database)
            await agents.create("shop", SHOP, ANN)
            await agents.publish("shop", revision=1, change=ANN)
            await agents.create("unpublished", SHOP, ANN)
            await test(RouteStore(database), database)

    asyncio.run(main())


def test_a_route_is_set_changed_and_deleted_by_who_knows_it(store_at: str) -> None:
    async def test(routes: RouteStore, database: Database) -> None:
        first = await routes.put(Route(NUMBER, "shop"), revision=None, change=ANN)
        assert await routes.get(NUMBER) == first
        trial = Route(NUMBER, "shop", trial=Trial(1, 20), max_calls=3)
        second = await routes.put(trial, revision=first.revision, change=BOB)
        assert second.revision > first.revision
        assert (second.route, second.updated_by) == (trial, "bob")
        assert await routes.get(NUMBER) == second
        for old in (None, first.revision):
            with pytest.raises(Conflict):
                await routes.put(Route(NUMBER, "shop"), revision=old, change=ANN)
        with pytest.raises(Conflict):
            await routes.delete(NUMBER, revision=first.revision, change=ANN)
        await routes.delete(NUMBER, revision=second.revision, change=ANN)
        assert await routes.list() == []
        for revision in (first.revision, second.revision):
            with pytest.raises(NotFound):
                await routes.delete(NUMBER, revision=revision, change=ANN)
            with pytest.raises(NotFound):
                await routes.put(trial, revision=revision, change=ANN)
        told = [(each.action, each.before is None) for each in await Audit(database).entries()]
        assert told[:3] == [("route.deleted", False), ("route.set", False), ("route.set", True)]

    check(store_at, test)


def test_who_has_seen_a_route_that_was_deleted_does_not_change_the_one_after_it(
    store_at: str,
) -> None:
    async def test(routes: RouteStore, _: Database) -> None:
        first = await routes.put(Route(NUMBER, "shop"), revision=None, change=ANN)
        await routes.delete(NUMBER, revision=first.revision, change=BOB)
        again = await routes.put(Route(NUMBER, "shop", max_calls=3), revision=None, change=BOB)
        with pytest.raises(Conflict) as told:
            await routes.put(Route(NUMBER, "shop"), revision=first.revision, change=ANN)
        assert told.value.revision == again.revision
        with pytest.raises(Conflict):
            await routes.delete(NUMBER, revision=first.revision, change=ANN)
        assert await routes.get(NUMBER) == again

    check(store_at, test)


def test_of_two_who_set_a_new_route_one_is_told(store_at: str) -> None:
    async def test(routes: RouteStore, _: Database) -> None:
        puts = [routes.put(Route("*", "shop"), revision=None, change=ANN) for _ in range(4)]
        done = await asyncio.gather(*puts, return_exceptions=True)
        assert sum(isinstance(each, RouteRow) for each in done) == 1
        assert sum(isinstance(each, Conflict) for each in done) == 3

    check(store_at, test)


def test_a_route_leads_to_agents_that_can_answer(store_at: str) -> None:
    async def test(routes: RouteStore, _: Database) -> None:
        rule = {"days": ["mon"], "start": "09:00", "end": "17:00", "agent": "unpublished"}
        wrong = {
            "called": NUMBER,
            "agent": "nobody",
            "rules": [rule],
            "trial": {"version": 7, "percent": 20},
        }
        with pytest.raises(Invalid) as caught:
            await routes.put(wrong, revision=None, change=ANN)
        assert {each.field for each in caught.value.problems} == {
            "agent",
            "rules[0].agent",
            "trial.version",
        }
        with pytest.raises(Invalid):
            await routes.put({"called": "030"}, revision=None, change=ANN)
        assert await routes.list() == []

    check(store_at, test)


def test_callers_are_blocked_with_a_reason_and_unblocked(store_at: str) -> None:
    async def test(routes: RouteStore, _: Database) -> None:
        await routes.block("+4990*", "nuisance", ANN)
        await routes.block("+4990*", "advertising", BOB)
        assert [(each.caller, each.reason) for each in await routes.blocked()] == [
            ("+4990*", "advertising")
        ]
        with pytest.raises(Invalid):
            await routes.block("*", "all", ANN)
        await routes.unblock("+4990*", ANN)
        with pytest.raises(NotFound):
            await routes.unblock("+4990*", ANN)

    check(store_at, test)


def test_the_source_of_the_directory_tells_what_changed_and_nothing_else(store_at: str) -> None:
    async def test(routes: RouteStore, database: Database) -> None:
        agents, source = AgentStore(database), StoreSource(database)
        await agents.save_draft("shop", SHOP + "# 2\n", revision=None, change=ANN)
        await agents.publish("shop", revision=2, change=ANN)
        await routes.put(Route("*", "shop", trial=Trial(1, 10)), revision=None, change=ANN)
        await routes.block("withheld", "", ANN)
        snapshot = await source(None)
        assert snapshot is not None
        assert snapshot.published == {"shop": 2}
        assert {each.key: each.text for each in snapshot.texts} == {
            ("shop", 1): SHOP,
            ("shop", 2): SHOP + "# 2\n",
        }
        assert snapshot.routes == (Route("*", "shop", trial=Trial(1, 10)),)
        assert snapshot.blocked == ("withheld",)
        assert await source(snapshot.revision) is None
        await agents.rollback("shop", 1, ANN)
        after = await source(snapshot.revision)
        assert after is not None and after.published == {"shop": 1}

    check(store_at, test)


def test_no_route_leads_to_an_agent_that_is_deleted_at_the_same_moment(store_at: str) -> None:
    async def main() -> None:
        async with opened(store_at) as first, opened(store_at) as second:
            agents, routes = AgentStore(first), RouteStore(second)
            for number in range(12):
                name = f"shop-{number}"
                await agents.create(name, SHOP, ANN)
                await agents.publish(name, revision=1, change=ANN)
                called = f"+4930{number:06}"
                put = routes.put(Route(called, name), revision=None, change=ANN)
                both = [put, agents.delete(name, ANN)]
                done = await asyncio.gather(*both, return_exceptions=True)
                failed = [each for each in done if isinstance(each, Invalid | Conflict)]
                assert len(failed) == 1, done
            left = {row.name for row in await agents.list()}
            assert {row.route.agent for row in await routes.list()} == left

    asyncio.run(main())
