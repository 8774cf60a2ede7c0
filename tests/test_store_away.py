"""The store goes away under running calls: nobody hears it, and nothing is lost or doubled."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bridge.records.record import CallRecord
from bridge.rehearsal.scenario import caller_says
from bridge.sim.carrier.caller import AfterAgent, HangUp, Say, ScriptedCaller, Step
from bridge.sim.carrier.profile import StreamProfile
from bridge.sim.carrier.result import CallResult
from bridge.sim.model.reply import Reply, Spoken
from bridge.sim.voice.timecode import decode_all
from bridge.store.calls import CallStore
from bridge.store.database import Database
from tests.support.house import House, standing
from tests.support.postgres import Postgres, postgres
from tests.support.stores import opened

AT_ONCE = 20
AWAY = ("the store is away",)  # in the log, as the only error
ANSWER_MS = 600
TURNS = 4
TURN = Say(caller_says(200), AfterAgent(quiet_ms=100))
TALKS: tuple[Step, ...] = (*[TURN] * TURNS, HangUp(AfterAgent(quiet_ms=200)))
STREAM = StreamProfile(start_delay_ms=20)
ANSWER = (Reply((Spoken("words", duration_ms=ANSWER_MS),)),)


def sounds(heard: bytes) -> list[list[int]]:
    """The numbers of the 20 ms slots of each stretch of speech, as the ear got them."""
    slots = decode_all(heard)
    runs = itertools.groupby(slots, key=lambda slot: slot is not None)
    return [[slot.slot for slot in run if slot] for spoken, run in runs if spoken]


async def calls(house: House, while_they_run: Awaitable[None]) -> list[CallResult]:
    """One batch after the other, until that is over; at least one begins after it."""
    placed: list[CallResult] = []
    disturbing = asyncio.ensure_future(while_they_run)
    last = False
    while not last:
        last = disturbing.done()
        batch = [house.call(ScriptedCaller(TALKS), stream_profile=STREAM) for _ in range(AT_ONCE)]
        placed += await asyncio.gather(*batch)
    await disturbing
    return placed


async def stored(database: Database, placed: list[CallResult]) -> list[CallRecord]:
    store = CallStore(database, Path("recordings"))
    for _ in range(200):
        if len((await store.list(limit=200)).rows) >= len(placed) and not await store.live():
            break
        await asyncio.sleep(0.1)
    assert len((await store.list(limit=200)).rows) == len(placed)
    return [await store.get(result.call_sid) for result in placed]


def check(tmp_path: Path, disturb: Callable[[Postgres], Awaitable[None]]) -> None:
    async def main(server: Postgres) -> None:
        url = server.new_url()
        more = {"OFFHOOK_DATABASE_URL": url}
        async with (
            asyncio.timeout(90),
            standing(tmp_path, more, script=ANSWER, expected=AWAY) as house,
        ):
            placed = await calls(house, disturb(server))
            async with opened(url) as database:
                records = await stored(database, placed)
        for result, made in zip(placed, records, strict=True):
            # No gap, nothing twice: each answer is one stretch of sound, from its first slot on.
            assert sounds(result.heard) == [[*range(ANSWER_MS // 20)]] * (TURNS + 1)
            assert (made.filled_ms, made.skipped_ms, made.late_deltas) == (0, 0, 0)
            # What is on its way when the caller hangs up is heard by nobody.
            assert 0 <= len(result.streams[0].sent_ulaw) // 160 - made.frames_in <= 3
            assert [line.heard for line in made.lines if line.role == "assistant"] == ["words"] * (
                TURNS + 1
            )
            assert len(made.turns) == TURNS + 1
            assert made.outcome == "caller hung up"

    with postgres() as server:
        asyncio.run(main(server))


@pytest.mark.parametrize(
    "away_s", [2.0, pytest.param(10.0, marks=pytest.mark.long)], ids=["short", "ten_seconds"]
)
def test_a_store_that_is_stopped_for_a_while_disturbs_no_call(
    tmp_path: Path, away_s: float, postgres_server: Postgres
) -> None:
    async def disturb(server: Postgres) -> None:
        await asyncio.sleep(1)
        await asyncio.to_thread(server.stop)
        await asyncio.sleep(away_s)
        await asyncio.to_thread(server.start)

    check(tmp_path, disturb)


def test_a_store_that_is_killed_disturbs_no_call(tmp_path: Path, postgres_server: Postgres) -> None:
    async def disturb(server: Postgres) -> None:
        await asyncio.sleep(3)
        await asyncio.to_thread(server.kill)
        await asyncio.sleep(0.5)
        await asyncio.to_thread(server.start)

    check(tmp_path, disturb)
