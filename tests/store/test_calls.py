"""The list of calls leafed through with every filter, and what is kept of each; on both stores."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import pytest

from bridge.records.record import PROCESS_DIED, Cost, Turn
from bridge.store.agents import AgentStore
from bridge.store.audit import Audit, Change
from bridge.store.calls import CallFilters, CallRow, CallStore
from bridge.store.problems import Conflict, NotFound, StoreProblem
from tests.support.records import NOON, Putter, begun, call_sid, ended, recordings, store
from tests.support.stores import SHOP

T = TypeVar("T")
ME = Change("kim", "asked by the caller")


@dataclass(frozen=True)
class Desk:
    calls: CallStore
    put: Putter
    folder: Path


def with_store(url: str, tmp_path: Path, main: Callable[[Desk], Awaitable[T]]) -> T:
    async def run() -> T:
        async with store(url) as database:
            folder = tmp_path / "recordings"
            return await main(Desk(CallStore(database, folder), Putter(database), folder))

    return asyncio.run(run())


MIXED = [
    ended(0),
    ended(1, agent="desk", version=2, outcome="caller hung up"),
    ended(2, route="*", called="+2", seconds=3.0),
    ended(3, variant="trial", version=2, errors={"server_error": 1}),
    ended(4, outcome="model lost", seconds=3.0, caller="+490"),
]
FILTERS: list[tuple[dict[str, Any], set[int]]] = [
    ({}, {0, 1, 2, 3, 4, 5}),
    ({"agent": "shop"}, {0, 2, 3, 4, 5}),
    ({"version": 2}, {1, 3}),
    ({"route": "*"}, {2}),
    ({"variant": "trial"}, {3}),
    ({"outcome": "completed"}, {0, 2, 3}),
    ({"outcome": ""}, {5}),
    ({"caller": "+490"}, {0, 4}),
    ({"called": "+2"}, {2}),
    ({"since": NOON + timedelta(minutes=3)}, {3, 4, 5}),
    ({"until": NOON + timedelta(minutes=3)}, {0, 1, 2}),
    ({"min_seconds": 30.0}, {0, 1, 3}),
    ({"max_seconds": 3.0}, {2, 4}),
    ({"has_errors": True}, {3, 4}),
    ({"has_errors": False, "agent": "shop"}, {0, 2, 5}),
    ({"caller": "+490", "outcome": "model lost"}, {4}),
]


def test_each_filter_gives_its_calls_and_no_others(store_at: str, tmp_path: Path) -> None:
    async def main(desk: Desk) -> None:
        await desk.put(*MIXED)
        await desk.put(begun(5), kind="call.started")
        for given, expected in FILTERS:
            page = await desk.calls.list(CallFilters(**given))
            assert [row.call_sid for row in page.rows] == [
                call_sid(n) for n in sorted(expected, reverse=True)
            ], given
            assert page.next_cursor is None

    with_store(store_at, tmp_path, main)


def test_pages_hold_each_call_once_though_more_come_and_some_began_at_once(
    store_at: str, tmp_path: Path
) -> None:
    async def main(desk: Desk) -> None:
        await desk.put(*(ended(n, started_at=NOON + timedelta(minutes=n // 4)) for n in range(23)))
        seen: list[CallRow] = []
        cursor = None
        while True:
            page = await desk.calls.list(CallFilters(agent="shop"), cursor, 5)
            seen += page.rows
            cursor = page.next_cursor
            if cursor is None:
                break
            await desk.put(ended(100 + len(seen)))
        assert [row.call_sid for row in seen] == [call_sid(n) for n in range(22, -1, -1)]

    with_store(store_at, tmp_path, main)


@pytest.mark.parametrize(
    ("field", "asked"),
    [
        ("limit", {"limit": 0}),
        ("limit", {"limit": 201}),
        ("cursor", {"cursor": "nonsense"}),
        ("cursor", {"cursor": "é"}),
        ("cursor", {"cursor": "MjAyNi0wMS0wMlQxMjowMDowMCBDQTE"}),  # without a time zone
    ],
)
def test_what_is_asked_wrongly_is_named(tmp_path: Path, field: str, asked: dict[str, Any]) -> None:
    async def main(desk: Desk) -> None:
        with pytest.raises(StoreProblem) as problem:
            await desk.calls.list(**asked)
        assert problem.value.field == field

    with_store(f"sqlite+aiosqlite:///{tmp_path}/offhook.db", tmp_path, main)


def test_a_call_is_kept_as_it_was(store_at: str, tmp_path: Path) -> None:
    odd = ended(
        7,
        caller="+4\0" + "9" * 200,
        parameters={"note": "a\0b é"},
        cost=Cost(Decimal("0.123456"), {"carrier": Decimal("0.123456")}),
        recording="CA7.wav",
        process="p1",
    )

    async def main(desk: Desk) -> None:
        await desk.put(odd)
        assert await desk.calls.get(call_sid(7)) == odd
        (row,) = (await desk.calls.list()).rows
        assert row.cost == Decimal("0.123456")
        assert (row.started_at, row.latency_ms, row.turns) == (odd.started_at, 700.0, 1)
        with pytest.raises(NotFound):
            await desk.calls.get(call_sid(8))

    with_store(store_at, tmp_path, main)


def test_a_call_that_runs_is_live_until_it_has_ended(store_at: str, tmp_path: Path) -> None:
    async def main(desk: Desk) -> None:
        await desk.put(begun(1), begun(2), kind="call.started")
        assert [row.call_sid for row in await desk.calls.live()] == [call_sid(1), call_sid(2)]
        running = await desk.calls.get(call_sid(1))
        assert (running.outcome, running.agent, running.ended_at) == ("", "shop", None)
        await desk.put(ended(1))
        assert [row.call_sid for row in await desk.calls.live()] == [call_sid(2)]
        assert (await desk.calls.get(call_sid(1))).outcome == "completed"

    with_store(store_at, tmp_path, main)


def test_an_agent_is_known_while_it_is_there_or_has_calls(store_at: str, tmp_path: Path) -> None:
    async def main(desk: Desk) -> None:
        await desk.put(ended(1, agent="former"))
        await AgentStore(desk.put.database).create("new", SHOP, ME)
        known = [await desk.calls.knows(name) for name in ("former", "new", "nobody")]
        assert known == [True, True, False]

    with_store(store_at, tmp_path, main)


def test_what_is_deleted_is_gone_with_its_words_and_its_sound(
    store_at: str, tmp_path: Path
) -> None:
    async def main(desk: Desk) -> None:
        there = recordings(desk.folder, "CA1.wav", "CA1.wav.part", "CA2.wav", "CA2.wav.part")
        await desk.put(ended(1, recording="CA1.wav"), ended(2, recording="CA2.wav"))
        await desk.calls.delete(call_sid(1), ME)
        assert there() == ["CA2.wav", "CA2.wav.part"]
        with pytest.raises(NotFound):
            await desk.calls.get(call_sid(1))
        with pytest.raises(NotFound):
            await desk.calls.delete(call_sid(1), ME)
        (entry,) = await Audit(desk.put.database).entries()
        assert (entry.who, entry.action) == ("kim", "call.deleted")
        assert entry.subject == f"call/{call_sid(1)}"
        assert "words" not in str(entry.before)
        async with desk.put.database.read() as connection:
            left = await connection.exec_driver_sql("SELECT call_sid FROM call_details")
            assert [row[0] for row in left] == [call_sid(2)]

    with_store(store_at, tmp_path, main)


def test_a_call_that_runs_is_not_deleted(store_at: str, tmp_path: Path) -> None:
    async def main(desk: Desk) -> None:
        await desk.put(begun(1), kind="call.started")
        with pytest.raises(Conflict):
            await desk.calls.delete(call_sid(1), ME)
        assert len(await desk.calls.live()) == 1

    with_store(store_at, tmp_path, main)


def test_a_recording_outside_of_the_folder_is_left_alone(store_at: str, tmp_path: Path) -> None:
    async def main(desk: Desk) -> None:
        outside = recordings(tmp_path / "outside", "secret.wav")
        await desk.put(ended(1, recording="../outside/secret.wav"))
        desk.folder.mkdir()
        await desk.calls.delete(call_sid(1), ME)
        assert outside() == ["secret.wav"]

    with_store(store_at, tmp_path, main)


def answered(*latencies_ms: float) -> tuple[Turn, ...]:
    return tuple(Turn(0.0, {}, first_answer_ms=each) for each in latencies_ms)


def test_figures_of_each_version_are_those_counted_by_hand(store_at: str, tmp_path: Path) -> None:
    price = Cost(Decimal("0.25"), {})

    async def main(desk: Desk) -> None:
        await desk.put(
            ended(1, turns=answered(100, 200, 900), cost=price),  # median 200
            ended(2, turns=answered(400), cost=price, outcome="caller hung up"),
            ended(3, turns=answered(600)),
            ended(4, turns=answered(700)),
            ended(5, turns=()),
            ended(6, version=2, variant="trial", turns=answered(50)),
            ended(7, agent="desk"),
        )
        await desk.put(begun(8), kind="call.started")
        trial, published = await desk.calls.figures("shop")
        assert (trial.version, trial.variant, trial.calls) == (2, "trial", 1)
        assert (trial.latency_ms, trial.priced, trial.cost) == (50.0, 0, Decimal(0))
        assert published.calls == 5
        assert published.outcomes == {"completed": 4, "caller hung up": 1}
        assert published.latency_ms == 500.0
        assert (published.cost, published.priced) == (Decimal("0.5"), 2)
        assert published.seconds == 150.0
        assert await desk.calls.figures("nobody") == ()

    with_store(store_at, tmp_path, main)


def test_an_end_of_which_nothing_is_known_is_an_error(store_at: str, tmp_path: Path) -> None:
    async def main(desk: Desk) -> None:
        await desk.put(ended(1, outcome=PROCESS_DIED))
        (row,) = (await desk.calls.list(CallFilters(has_errors=True))).rows
        assert row.outcome == PROCESS_DIED

    with_store(store_at, tmp_path, main)
