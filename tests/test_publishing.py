"""Agents are edited and published while calls run: over sockets, in one process and in two."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bridge.agents.routing import Route
from bridge.records.record import PROCESS_DIED, CallRecord
from bridge.rehearsal.scenario import caller_says
from bridge.sim.carrier.caller import AfterAgent, HangUp, Say, ScriptedCaller, Step
from bridge.sim.carrier.profile import INSTANT, StreamProfile
from bridge.sim.carrier.shell import place_call
from bridge.sim.model.reply import Context, Reply, Spoken
from bridge.sim.model.scripted import ScriptedMind
from bridge.sim.model.server import serve
from bridge.sim.voice.scripted import ScriptedVoice
from bridge.store.agents import AgentStore
from bridge.store.calls import CallStore
from bridge.store.database import Database, store_url
from bridge.store.routes import RouteStore
from tests.support.ends import ACCOUNT_SID
from tests.support.house import AUTH_TOKEN, FROM, QUICK, TO, environ, standing
from tests.support.postgres import Postgres
from tests.support.program import serving
from tests.support.stores import ANN, opened

CALLS, PUBLISHES = 50, 20
PUBLISH_EVERY_S = 0.25
EFFECT_S = 1.0  # by then a published change reaches the next call
TURN = Say(caller_says(200), AfterAgent(quiet_ms=100))
TALKS: Sequence[Step] = (TURN, TURN, HangUp(AfterAgent(quiet_ms=200)))
STREAM = StreamProfile(start_delay_ms=20)


def text(number: int) -> str:
    """What the model is told, and says, tells which version it is; and bytes that are easily
    lost."""
    return (
        f"name: Desk {number}   \r\ninstructions: You are version {number}.\n"
        f"greeting: version {number}\n# number {number}  \n\n"
    )


def says_its_version(context: Context) -> Reply:
    found = re.search(r"version \d+", context.instructions)
    return Reply((Spoken(found[0] if found else "nothing", duration_ms=300),))


@dataclass(frozen=True)
class Placed:
    call_sid: str
    began_at: float


class Desk:
    """The agent "desk" of one store, and what became of it when."""

    def __init__(self, database: Database) -> None:
        self.agents = AgentStore(database)
        self.published: list[tuple[float, int]] = []  # when it was done, the version
        self._database = database

    async def open(self) -> None:
        await self.agents.create("desk", text(1), ANN)
        await self.publish(1)
        await RouteStore(self._database).put(Route("*", "desk"), revision=None, change=ANN)
        await asyncio.sleep(EFFECT_S)

    async def publish(self, revision: int) -> None:
        version = await self.agents.publish("desk", revision=revision, change=ANN)
        self.published.append((asyncio.get_running_loop().time(), version.number))

    async def edit_and_publish(self) -> None:
        for number in range(2, PUBLISHES + 2):
            draft = await self.agents.save_draft("desk", text(number), revision=None, change=ANN)
            await self.publish(draft.revision)
            await asyncio.sleep(PUBLISH_EVERY_S)

    def may_answer(self, began_at: float) -> range:
        """The versions that may answer a call that began then."""
        sure = [number for at, number in self.published if at <= began_at - EFFECT_S]
        there = [number for at, number in self.published if at <= began_at + EFFECT_S]
        return range(max(sure), max(there) + 1)


async def place(voice_url: str) -> Placed:
    began_at = asyncio.get_running_loop().time()
    result = await place_call(
        voice_url,
        caller=ScriptedCaller(TALKS),
        account_sid=ACCOUNT_SID,
        auth_token=AUTH_TOKEN,
        from_number=FROM,
        to_number=TO,
        profile=INSTANT,
        stream_profile=STREAM,
        time_limit_s=30.0,
    )
    assert not result.errors and result.ended_by == "caller"
    return Placed(result.call_sid, began_at)


async def place_all(voice_urls: Sequence[str], count: int, within_s: float) -> list[Placed]:
    async with asyncio.TaskGroup() as group:
        tasks = []
        for number in range(count):
            tasks.append(group.create_task(place(voice_urls[number % len(voice_urls)])))
            await asyncio.sleep(within_s / count)
    return [task.result() for task in tasks]


async def stored(database: Database, placed: Sequence[Placed]) -> list[CallRecord]:
    """Once the records of all are there."""
    calls = CallStore(database, Path("recordings"))
    async with asyncio.timeout(10):
        while True:
            rows = (await calls.list(limit=100)).rows
            if len(rows) >= len(placed) and not await calls.live():
                return [await calls.get(each.call_sid) for each in placed]
            await asyncio.sleep(0.05)


async def play(database: Database, voice_urls: Sequence[str]) -> None:
    desk = Desk(database)
    await desk.open()
    async with asyncio.TaskGroup() as group:
        group.create_task(desk.edit_and_publish())
        calling = group.create_task(
            place_all(voice_urls, CALLS, PUBLISHES * PUBLISH_EVERY_S + EFFECT_S)
        )
    await desk.agents.rollback("desk", 1, ANN)
    await asyncio.sleep(EFFECT_S)
    placed = calling.result()
    back = [await place(url) for url in voice_urls]
    records = await stored(database, [*placed, *back])
    for call, made in zip(placed, records, strict=False):
        # From the greeting to the last answer it was one and the same; on a machine that stands
        # still for a moment the caller talks over the end of one.
        told = [line for line in made.lines if line.role == "assistant"]
        said = [f"{line.heard} {line.unheard}".strip() for line in told]
        assert said == [f"version {made.version}"] * 3
        assert made.version in desk.may_answer(call.began_at)
        assert (made.agent, made.route, made.outcome) == ("desk", "*", "caller hung up")
    assert len({made.version for made in records[:CALLS]}) > PUBLISHES / 2
    assert {made.version for made in records[CALLS:]} == {1}
    assert (await desk.agents.version("desk", 1)).text == text(1)
    for number in range(1, PUBLISHES + 2):
        assert (await desk.agents.version("desk", number)).text == text(number)
    assert PROCESS_DIED not in {made.outcome for made in records}


def test_running_calls_keep_their_version_and_new_ones_have_the_newest(
    store_at: str, tmp_path: Path
) -> None:
    """SQLite and PostgreSQL."""
    state_dir = tmp_path / "state"
    more = {} if store_at.startswith("sqlite") else {"OFFHOOK_DATABASE_URL": store_at}

    async def main() -> None:
        async with (
            asyncio.timeout(60),
            standing(state_dir, more, script=says_its_version) as house,
            opened(store_url(more.get("OFFHOOK_DATABASE_URL"), state_dir)) as database,
        ):
            await play(database, [f"{house.origin}/twilio/voice"])

    asyncio.run(main())


@asynccontextmanager
async def two_processes(url: str, tmp_path: Path) -> AsyncIterator[list[str]]:
    async with AsyncExitStack() as stack:
        model = await stack.enter_async_context(
            serve(
                "127.0.0.1",
                0,
                voice=ScriptedVoice(),
                mind_factory=lambda: ScriptedMind(says_its_version),
                profile=QUICK,
            )
        )
        urls = []
        for name in ("one", "other"):
            settings = environ(model.http_url, tmp_path / name, OFFHOOK_DATABASE_URL=url)
            urls.append((await stack.enter_async_context(serving(settings))).voice_url)
        yield urls


def test_two_processes_on_one_store_do_so_too(postgres_server: Postgres, tmp_path: Path) -> None:
    url = postgres_server.new_url()

    async def main() -> None:
        async with (
            asyncio.timeout(90),
            two_processes(url, tmp_path) as voice_urls,
            opened(url) as database,
        ):
            await play(database, voice_urls)

    asyncio.run(main())
