"""offhook agents test."""

import asyncio
from pathlib import Path

import pytest

from bridge.sim.model.patterns import PatternMind
from bridge.sim.model.profile import ModelProfile
from bridge.sim.model.rules import load_patterns
from bridge.sim.model.server import serve
from bridge.sim.voice.scripted import ScriptedVoice
from bridge.store.agents import AgentStore
from bridge.store.audit import Change
from bridge.store.database import Database, store_url
from bridge.store.migrate import migrate
from tests.cli.alone import alone
from tests.cli.offhook import reported

AGENT = """
name: Order line
instructions: You know every order.
functions:
  - {name: find_order, entry_point: "bridge.demo.orders:find_order"}
"""
REPLIES = r"""
rules:
  - {hears: '\d', calls: find_order, arguments: {number: "{digits}"}}
  - {after: find_order, says: "It is {state}."}
"""
TESTS = """
conversations:
  - name: An order is found
    functions: {find_order: {state: sent}}
    turns:
      - {caller: Number 4711., calls: {name: find_order}, says: [it is sent]}
  - name: An order is refunded
    turns:
      - {caller: Number 4711., says: [refunded]}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "shop.yaml").write_text(AGENT)
    (tmp_path / "shop.tests.yaml").write_text(TESTS)
    (tmp_path / "replies.yaml").write_text(REPLIES)
    return tmp_path / "shop.yaml"


def replies_of(shop: Path) -> dict[str, str]:
    return {"OFFHOOK_LOCAL_REPLIES": str(shop.with_name("replies.yaml"))}


def test_a_table_tells_what_passed_and_what_came_instead(shop: Path) -> None:
    done = alone("agents_test", shop, settings=replies_of(shop))
    assert done.returncode == 1, done.stderr
    assert "An order is found" in done.stdout and "passed" in done.stdout
    assert "turn 1 ('Number 4711.'): expected says 'refunded'" in done.stdout
    assert "said: It is ." in done.stdout
    assert "1 of 2 passed" in done.stdout


def test_the_results_as_json_are_the_same_each_time(shop: Path) -> None:
    done, again = (alone("agents_test", shop, "--json", settings=replies_of(shop)) for _ in "ab")
    report = reported(done)
    assert done.stdout == again.stdout
    assert (report["passed"], report["failed"]) == (1, 1)
    found, refunded = report["conversations"]
    assert found["passed"] and found["turns"][0]["calls"][0]["arguments"] == '{"number": "4711"}'
    assert refunded["failures"] == [
        {"turn": 1, "expected": "says 'refunded'", "instead": "said: It is ."}
    ]


def test_it_ends_well_where_all_pass(shop: Path) -> None:
    shop.with_name("shop.tests.yaml").write_text(TESTS.replace("[refunded]", "[it is]"))
    assert alone("agents_test", shop, settings=replies_of(shop)).returncode == 0


def test_a_real_model_is_asked_text_by_text(shop: Path) -> None:
    async def main() -> None:
        async with serve(
            "127.0.0.1",
            0,
            voice=ScriptedVoice(),
            mind_factory=lambda: PatternMind(load_patterns(REPLIES)),
            profile=ModelProfile(speed=0, first_delta_ms=0),
        ) as serving:
            settings = {
                "OFFHOOK_MODEL_PROVIDER": "openai",
                "OPENAI_API_KEY": "key",
                "OPENAI_BASE_URL": f"{serving.http_url}/v1",
            }
            done = await asyncio.to_thread(
                alone, "agents_test", shop, "--real", "--json", settings=settings
            )
        report = reported(done)
        assert (report["passed"], report["failed"]) == (1, 1)
        assert report["model"].startswith("openai")

    asyncio.run(main())


@pytest.mark.parametrize(
    ("tests", "arguments", "told"),
    [
        ("", (), "has no test conversations; write"),
        ("conversations: [{name: x}]", (), "shop.tests.yaml:1:17: conversations[0].turns"),
        (TESTS, ("--real",), "--real needs a model"),
        (TESTS, ("--draft",), "is a file: it has no drafts"),
        (TESTS, ("--draft", "--version", "1"), "exclude each other"),
    ],
)
def test_what_cannot_be_tested_is_told(
    shop: Path, tests: str, arguments: tuple[str, ...], told: str
) -> None:
    shop.with_name("shop.tests.yaml").write_text(tests)
    done = alone("agents_test", shop, *arguments)
    assert done.returncode == 2
    assert told in done.stderr


def test_what_takes_for_ever_is_ended(shop: Path) -> None:
    shop.write_text(AGENT + f"greeting: {'a' * 60}\n")
    shop.with_name("shop.tests.yaml").write_text(
        "conversations: [{name: slow, turns: [{says: ['/(a|aa)+!/']}]}]"
    )
    done = alone("agents_test", shop, "--time-limit", "4")
    assert done.returncode == 1
    assert "shop.tests.yaml: they were not through after 4 s" in " ".join(done.stderr.split())


def test_an_agent_that_is_not_there_is_told(tmp_path: Path) -> None:
    done = alone("agents_test", tmp_path / "none.yaml")
    assert done.returncode == 2 and "cannot be read" in done.stderr


async def _keep(state: Path) -> None:
    """Version 1 fails its tests and is published, draft 2 passes them."""
    database = await Database.open(store_url(None, state))
    await migrate(database)
    agents, change = AgentStore(database), Change("ada")
    greets = "conversations: [{name: greets, turns: [{says: [mill]}]}]"
    await agents.create("shop", f"{AGENT}greeting: The fair.\n", change, greets)
    await agents.publish("shop", revision=1, change=change)
    await agents.save_draft("shop", f"{AGENT}greeting: The mill.\n", revision=None, change=change)
    await agents.create("empty", "name: x", change)
    await database.close()


def test_agents_of_the_store_are_tested_by_draft_and_version(tmp_path: Path) -> None:
    asyncio.run(_keep(tmp_path))
    kept = {"OFFHOOK_STATE_DIR": str(tmp_path)}
    draft = reported(alone("agents_test", "shop", "--draft", "--json", settings=kept))
    assert (draft["agent"], draft["passed"]) == ("shop, draft 2", 1)
    first = reported(alone("agents_test", "shop", "--version", "1", "--json", settings=kept))
    assert (first["agent"], first["failed"]) == ("shop, version 1", 1)
    assert reported(alone("agents_test", "shop", "--json", settings=kept)) == draft


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("nobody",), "there is no agent nobody"),
        (("shop", "--version", "9"), "has no version 9"),
        (("empty",), "instructions: is missing"),
    ],
)
def test_what_the_store_does_not_have_is_told(
    tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    asyncio.run(_keep(tmp_path))
    done = alone("agents_test", *arguments, settings={"OFFHOOK_STATE_DIR": str(tmp_path)})
    assert done.returncode == 2 and told in done.stderr
