import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy.exc import DBAPIError

from bridge.agents.document import Agent
from bridge.agents.problems import Problem
from bridge.functions import BUILT_IN_ALONE, Allowed
from bridge.store.agents import AgentStore, Draft, Version
from bridge.store.audit import Audit, Change, revision
from bridge.store.database import Database
from bridge.store.problems import Conflict, Invalid, NotFound, StoreUnavailable
from bridge.store.routes import RouteStore
from tests.support.stores import ANN, BOB, SHOP, opened

ODD = 'name: "Tëa 🫖"  \r\ninstructions: "a\\tb"\r\n# trailing blanks   \n\n'


def check(url: str, test: Callable[[AgentStore, Database], Awaitable[None]]) -> None:
    async def main() -> None:
        async with opened(url) as database:
            await test(AgentStore(database), database)

    asyncio.run(main())


async def published(agents: AgentStore, name: str, text: str) -> Version:
    row = await agents.get(name)
    draft = await agents.save_draft(name, text, revision=row.draft_revision, change=ANN)
    return await agents.publish(name, revision=draft.revision, change=BOB)


def test_what_was_written_is_kept_to_the_byte_from_draft_to_version(store_at: str) -> None:
    async def test(agents: AgentStore, _: Database) -> None:
        draft = await agents.create("tea", ODD, ANN)
        assert await agents.draft("tea") == draft
        version = await agents.publish("tea", revision=draft.revision, change=BOB)
        assert (version.number, version.text, version.author, version.note) == (
            1,
            ODD,
            "bob",
            "a reason",
        )
        assert await agents.version("tea", 1) == version
        row = await agents.get("tea")
        assert (row.title, row.published, row.draft_revision) == ("Tëa 🫖", 1, None)
        with pytest.raises(NotFound):
            await agents.draft("tea")

    check(store_at, test)


def test_a_rollback_gives_new_calls_the_old_bytes_and_a_new_version_the_next_number(
    store_at: str,
) -> None:
    async def test(agents: AgentStore, _: Database) -> None:
        await agents.create("tea", ODD, ANN)
        first = await agents.publish("tea", revision=1, change=ANN)
        second = await published(agents, "tea", SHOP)
        assert second.number == 2
        assert await agents.rollback("tea", 1, BOB) == first
        assert (await agents.get("tea")).published == 1
        assert (await published(agents, "tea", SHOP)).number == 3
        assert [each.number for each in await agents.versions("tea")] == [3, 2, 1]
        assert (await agents.version("tea", 1)).text == ODD

    check(store_at, test)


def test_of_two_editors_the_later_one_is_told_and_overwrites_nothing(store_at: str) -> None:
    async def test(agents: AgentStore, _: Database) -> None:
        await agents.create("shop", SHOP, ANN)
        saves = [
            agents.save_draft("shop", SHOP + f"# {who}\n", revision=1, change=Change(who))
            for who in ("ann", "bob", "cy", "di")
        ]
        done = await asyncio.gather(*saves, return_exceptions=True)
        won = [each for each in done if isinstance(each, Draft)]
        lost = [each for each in done if isinstance(each, Conflict)]
        assert (len(won), len(lost)) == (1, 3)
        assert await agents.draft("shop") == won[0]
        assert {each.revision for each in lost} == {2}
        with pytest.raises(Conflict):
            await agents.save_draft("shop", SHOP, revision=None, change=BOB)

    check(store_at, test)


def test_of_two_publishers_one_wins_and_no_number_is_lost(store_at: str) -> None:
    async def test(agents: AgentStore, _: Database) -> None:
        await agents.create("shop", SHOP, ANN)
        both = [agents.publish("shop", revision=1, change=ANN) for _ in range(4)]
        done = await asyncio.gather(*both, return_exceptions=True)
        assert sum(isinstance(each, Version) for each in done) == 1
        assert all(isinstance(each, Version | Conflict | NotFound) for each in done)
        assert [each.number for each in await agents.versions("shop")] == [1]

    check(store_at, test)


def test_a_revision_is_never_used_twice(store_at: str) -> None:
    async def test(agents: AgentStore, _: Database) -> None:
        await agents.create("shop", SHOP, ANN)
        await agents.publish("shop", revision=1, change=ANN)
        again = await agents.save_draft("shop", SHOP, revision=None, change=ANN)
        assert again.revision == 2  # who still looks at the first draft saves nothing
        await agents.discard_draft("shop", revision=2, change=ANN)
        with pytest.raises(NotFound):
            await agents.discard_draft("shop", revision=2, change=ANN)
        assert (await agents.save_draft("shop", SHOP, revision=None, change=ANN)).revision == 3

    check(store_at, test)


def test_what_is_not_valid_is_not_published_and_says_where(store_at: str) -> None:
    async def test(agents: AgentStore, _: Database) -> None:
        await agents.create("shop", "name: Shop\ninstrutions: x\n", ANN)
        with pytest.raises(Invalid) as caught:
            await agents.publish("shop", revision=1, change=ANN)
        assert {(each.line, each.field) for each in caught.value.problems} >= {(2, "instrutions")}
        assert await agents.versions("shop") == []
        assert (await agents.draft("shop")).revision == 1

    check(store_at, test)


def test_a_publish_can_ask_for_more_than_a_valid_document(store_at: str) -> None:
    async def refuse(draft: Draft, agent: Agent) -> None:
        raise Invalid("tests", [Problem(1, 1, "tests", f"{agent.name} fails {draft.tests}")])

    async def test(agents: AgentStore, _: Database) -> None:
        await agents.create("shop", SHOP, ANN, tests="one test")
        with pytest.raises(Invalid, match="Shop fails one test"):
            await agents.publish("shop", revision=1, change=ANN, check=refuse)
        assert await agents.versions("shop") == []
        version = await agents.publish("shop", revision=1, change=ANN)
        assert version.tests == "one test"
        draft = await agents.save_draft("shop", SHOP, revision=None, change=ANN)
        assert draft.tests == "one test"

    check(store_at, test)


def test_a_name_is_taken_once_and_has_a_form(store_at: str) -> None:
    async def test(agents: AgentStore, _: Database) -> None:
        await agents.create("shop", SHOP, ANN)
        with pytest.raises(Conflict, match="choose another name"):
            await agents.create("shop", SHOP, BOB)
        for bad in ("", "Shop", "1shop", "shop/x", "a" * 64):
            with pytest.raises(Invalid):
                await agents.create(bad, SHOP, BOB)
        with pytest.raises(NotFound):
            await agents.get("tea")
        with pytest.raises(NotFound):
            await agents.version("shop", 7)

    check(store_at, test)


def test_every_change_is_in_the_audit_with_who_before_and_after(store_at: str) -> None:
    async def test(agents: AgentStore, database: Database) -> None:
        await agents.create("shop", SHOP, ANN)
        await agents.save_draft("shop", ODD, revision=1, change=BOB)
        await agents.publish("shop", revision=2, change=BOB)
        await agents.require_tests("shop", True, ANN)
        entries = await Audit(database).entries(subject="agent/shop")
        assert [(each.action, each.who) for each in entries] == [
            ("agent.tests_required", "ann"),
            ("agent.published", "bob"),
            ("agent.draft_saved", "bob"),
            ("agent.created", "ann"),
        ]
        assert entries[2].before == {"text": SHOP, "tests": ""}
        assert entries[2].after == {"text": ODD, "tests": ""}
        assert (entries[1].before, entries[1].after) == (None, {"published": 1})
        assert [each.id for each in await Audit(database).entries(entries[1].id, 1)] == [
            entries[2].id
        ]
        assert len(await Audit(database).entries(who="bob")) == 2
        async with database.read() as connection:
            assert await revision(connection) == 4

    check(store_at, test)


def test_an_agent_goes_with_its_versions_but_not_while_a_route_leads_to_it(store_at: str) -> None:
    async def test(agents: AgentStore, database: Database) -> None:
        routes = RouteStore(database)
        for name in ("shop", "night"):
            await agents.create(name, SHOP, ANN)
            await agents.publish(name, revision=1, change=ANN)
        rule = {"days": ["mon"], "start": "18:00", "end": "09:00", "agent": "night"}
        route = {"called": "*", "agent": "shop", "rules": [rule]}
        row = await routes.put(route, revision=None, change=ANN)
        for name in ("shop", "night"):
            with pytest.raises(Conflict, match="change that route first"):
                await agents.delete(name, BOB)
        await routes.delete("*", revision=row.revision, change=ANN)
        await agents.delete("shop", BOB)
        assert [row.name for row in await agents.list()] == ["night"]
        with pytest.raises(NotFound):
            await agents.versions("shop")

    check(store_at, test)


def test_a_store_that_is_away_says_so() -> None:
    async def main() -> None:
        database = await Database.open("postgresql://nobody:secret@127.0.0.1:1/none")
        try:
            with pytest.raises(StoreUnavailable, match="try again") as caught:
                await AgentStore(database).list()
            assert "secret" not in str(caught.value)
        finally:
            await database.close()

    asyncio.run(main())


def test_a_wrong_statement_is_a_bug_and_no_store_that_is_away(store_at: str) -> None:
    async def test(_: AgentStore, database: Database) -> None:
        with pytest.raises(DBAPIError):
            async with database.read() as connection:
                await connection.exec_driver_sql("SELECT nothing FROM nowhere")

    check(store_at, test)


def test_functions_that_cannot_be_loaded_are_refused_with_their_line(store_at: str) -> None:
    missing = SHOP + 'functions:\n  - name: find\n    entry_point: "no_such_module:find"\n'

    async def test(agents: AgentStore, _: Database) -> None:
        agents.allowed = Allowed(["no_such_module"])
        await agents.create("shop", missing, ANN)
        with pytest.raises(Invalid) as caught:
            await agents.publish("shop", revision=1, change=ANN)
        (problem,) = caught.value.problems
        assert (problem.line, problem.field) == (6, "functions[0].entry_point")
        assert "no_such_module" in problem.message and "install it" in problem.message
        assert await agents.versions("shop") == []

    check(store_at, test)


def test_a_version_may_name_allowed_functions_alone_also_when_it_comes_back(store_at: str) -> None:
    text = SHOP + "functions: [{name: f, entry_point: 'textwrap:dedent', description: Dedents.}]\n"

    async def test(agents: AgentStore, _: Database) -> None:
        await agents.create("shop", text, ANN)
        with pytest.raises(Invalid, match="add textwrap to OFFHOOK_FUNCTIONS") as caught:
            await agents.publish("shop", revision=1, change=ANN)
        assert [each.field for each in caught.value.problems] == ["functions[0].entry_point"]
        agents.allowed = Allowed(["textwrap"])
        spec = "parameters: {type: object, properties: {text: {type: string}}, required: [text]}}]"
        await agents.save_draft("shop", text.replace("}]", f", {spec}"), revision=1, change=ANN)
        await agents.publish("shop", revision=2, change=ANN)
        agents.allowed = BUILT_IN_ALONE
        with pytest.raises(Invalid, match="add textwrap to OFFHOOK_FUNCTIONS"):
            await agents.rollback("shop", 1, ANN)

    check(store_at, test)


def test_a_text_that_no_database_can_keep_is_refused_where_it_stands(store_at: str) -> None:
    async def test(agents: AgentStore, _: Database) -> None:
        for odd in ("\0", "\udc80"):
            with pytest.raises(Invalid) as caught:
                await agents.create("shop", f"{SHOP}# {odd}", ANN)
            assert caught.value.problems[0].line == 4
        await agents.create("shop", SHOP, ANN)
        with pytest.raises(Invalid, match="tests"):
            await agents.save_draft("shop", SHOP, revision=1, change=ANN, tests="\0")
        with pytest.raises(Invalid, match="longer than"):
            await agents.save_draft("shop", "x" * 300_000, revision=1, change=ANN)
        assert (await agents.draft("shop")).text == SHOP

    check(store_at, test)


def test_publishers_of_two_processes_leave_no_gap_and_no_double(store_at: str) -> None:
    async def one(agents: AgentStore, who: str) -> list[int]:
        """Publishes whatever it can until it has done so five times."""
        numbers: list[int] = []
        while len(numbers) < 5:
            revision = (await agents.get("shop")).draft_revision
            try:
                draft = await agents.save_draft(
                    "shop", f"{SHOP}# {who}\n", revision=revision, change=Change(who)
                )
                version = await agents.publish("shop", revision=draft.revision, change=Change(who))
            except (Conflict, NotFound):
                continue
            assert version.text == f"{SHOP}# {who}\n"
            numbers.append(version.number)
        return numbers

    async def main() -> None:
        async with opened(store_at) as first, opened(store_at) as second:
            here, there = AgentStore(first), AgentStore(second)
            await here.create("shop", SHOP, ANN)
            done = await asyncio.gather(one(here, "ann"), one(there, "bob"))
            assert sorted(done[0] + done[1]) == list(range(1, 11))
            for version in await here.versions("shop"):
                assert version.number in done["bob" == version.author]
                assert version.text == f"{SHOP}# {version.author}\n"

    asyncio.run(main())


@pytest.mark.parametrize(
    "statement", ["UPDATE agent_versions SET text = 'x'", "UPDATE audit SET who = 'x'"]
)
def test_a_version_and_the_audit_refuse_every_update(store_at: str, statement: str) -> None:
    async def test(agents: AgentStore, database: Database) -> None:
        await agents.create("tea", ODD, ANN)
        version = await agents.publish("tea", revision=1, change=ANN)
        with pytest.raises(DBAPIError, match="never changed"):
            async with database.begin() as connection:
                await connection.exec_driver_sql(statement)
        assert await agents.version("tea", 1) == version
        assert {each.who for each in await Audit(database).entries()} == {"ann"}
        await agents.delete("tea", ANN)

    check(store_at, test)


def test_no_number_is_given_twice_even_after_an_agent_was_deleted(store_at: str) -> None:
    """Calls are kept by agent and number, and processes keep what they have loaded by them."""

    async def test(agents: AgentStore, _: Database) -> None:
        await agents.create("shop", SHOP, ANN)
        await agents.publish("shop", revision=1, change=ANN)
        await published(agents, "shop", SHOP)
        for number in (3, 4):
            await agents.delete("shop", ANN)
            draft = await agents.create("shop", ODD, BOB)
            assert draft.revision == number
            assert (await agents.versions("shop"), (await agents.get("shop")).published) == (
                [],
                None,
            )
            version = await agents.publish("shop", revision=draft.revision, change=BOB)
            assert (version.number, version.text) == (number, ODD)

    check(store_at, test)
