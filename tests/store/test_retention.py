"""What is past its time goes, and nothing else; on both stores."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select

from bridge.records.record import PROCESS_DIED
from bridge.store.applying import mark_dead
from bridge.store.call_tables import call_details, outbox
from bridge.store.calls import CallStore
from bridge.store.outbox import Announcing, Outbox
from bridge.store.retention import Retention, Swept
from tests.support.records import NOON, Putter, begun, call_sid, ended, recordings, store


@dataclass
class Desk:
    calls: CallStore
    put: Putter
    folder: Path
    now: datetime = NOON + timedelta(days=100)

    def retention(
        self, call_days: int, recording_days: int, announcing: Announcing | None = None
    ) -> Retention:
        return Retention(
            self.put.database,
            self.folder,
            call_days=call_days,
            recording_days=recording_days,
            announcing=announcing,
            now=lambda: self.now,
            batch=3,
        )

    async def sids(self) -> set[str]:
        return {row.call_sid for row in (await self.calls.list(limit=200)).rows}


def with_desk(url: str, tmp_path: Path, main: Callable[[Desk], Awaitable[None]]) -> None:
    async def run() -> None:
        async with store(url) as database:
            folder = tmp_path / "recordings"
            await main(Desk(CallStore(database, folder), Putter(database), folder))

    asyncio.run(run())


def aged(days: float, now: datetime) -> datetime:
    return now - timedelta(days=days)


def test_old_calls_go_with_their_words_and_recordings_and_young_ones_stay(
    store_at: str, tmp_path: Path
) -> None:
    async def main(desk: Desk) -> None:
        there = recordings(desk.folder, *(f"CA{n}.wav" for n in range(10)))
        for n in range(10):
            at = aged(11 if n < 8 else 9, desk.now)
            await desk.put(ended(n, started_at=at, recording=f"CA{n}.wav"))
        swept = await desk.retention(10, 0).sweep()
        assert swept == Swept(calls=8, recordings=0, messages=0, lost=0)
        assert await desk.sids() == {call_sid(8), call_sid(9)}
        assert there() == ["CA8.wav", "CA9.wav"]
        async with desk.put.database.read() as connection:
            counted = select(func.count()).select_from(call_details)
            assert (await connection.execute(counted)).scalar_one() == 2
        assert await desk.retention(10, 0).sweep() == Swept(0, 0, 0, 0)

    with_desk(store_at, tmp_path, main)


def test_recordings_go_before_their_calls_each_by_its_own_days(
    store_at: str, tmp_path: Path
) -> None:
    async def main(desk: Desk) -> None:
        days: list[int | None] = [None, 3, 30, 0, None]
        there = recordings(desk.folder, *(f"CA{n}.wav" for n in range(5)), "stranger.wav")
        for n, kept in enumerate(days):
            at = aged(1 if n == 4 else 10, desk.now)
            await desk.put(ended(n, started_at=at, recording=f"CA{n}.wav", recording_days=kept))
        assert (await desk.retention(0, 7).sweep()).recordings == 2
        # 0: older than the server's 7 days and than its own 3; 3 is kept for ever, 4 is young.
        assert there() == ["CA2.wav", "CA3.wav", "CA4.wav", "stranger.wav"]
        assert len(await desk.sids()) == 5
        assert (await desk.calls.get(call_sid(0))).recording is None
        assert (await desk.calls.get(call_sid(2))).recording == "CA2.wav"

    with_desk(store_at, tmp_path, main)


def test_zero_days_keep_everything(store_at: str, tmp_path: Path) -> None:
    async def main(desk: Desk) -> None:
        there = recordings(desk.folder, "CA1.wav")
        await desk.put(ended(1, started_at=aged(3000, desk.now), recording="CA1.wav"))
        assert await desk.retention(0, 0).sweep() == Swept(0, 0, 0, 0)
        assert there() == ["CA1.wav"]
        assert await desk.sids() == {call_sid(1)}

    with_desk(store_at, tmp_path, main)


def test_a_recording_that_is_gone_already_keeps_nothing_from_going(
    store_at: str, tmp_path: Path
) -> None:
    async def main(desk: Desk) -> None:
        recordings(desk.folder)
        await desk.put(ended(1, started_at=aged(50, desk.now), recording="CA1.wav"))
        assert (await desk.retention(0, 7).sweep()).recordings == 1
        assert (await desk.retention(0, 7).sweep()).recordings == 0

    with_desk(store_at, tmp_path, main)


def test_a_call_of_which_nothing_is_heard_for_a_day_is_no_longer_live(
    store_at: str, tmp_path: Path
) -> None:
    async def main(desk: Desk) -> None:
        old = begun(1, started_at=aged(1.1, desk.now))
        young = begun(2, started_at=aged(0.9, desk.now))
        await desk.put(old, young, kind="call.started")
        assert (await desk.retention(0, 0).sweep()).lost == 1
        assert [row.call_sid for row in await desk.calls.live()] == [call_sid(2)]
        assert (await desk.calls.get(call_sid(1))).outcome == PROCESS_DIED

    with_desk(store_at, tmp_path, main)


def test_the_end_of_a_call_that_is_lost_is_told_once(store_at: str, tmp_path: Path) -> None:
    async def main(desk: Desk) -> None:
        started = aged(1.1, desk.now)
        await desk.put(begun(1, started_at=started), kind="call.started")
        sweeps = [desk.retention(0, 0, Announcing()).sweep() for _ in range(4)]
        swept = await asyncio.gather(*sweeps)
        assert sorted(each.lost for each in swept) == [0, 0, 0, 1]
        async with desk.put.database.begin() as connection:
            assert await mark_dead(connection, desk.put.spool, desk.now, Announcing()) == []
        async with desk.put.database.read() as connection:
            (body,) = (await connection.execute(select(outbox.c.body))).scalars()
        told = json.loads(body)
        assert (told["type"], told["data"]["call_sid"]) == ("call.ended", call_sid(1))
        assert told["data"]["outcome"] == PROCESS_DIED

    with_desk(store_at, tmp_path, main)


def test_of_a_lost_call_nobody_is_told_who_does_not_want_to(store_at: str, tmp_path: Path) -> None:
    async def main(desk: Desk) -> None:
        await desk.put(begun(1, started_at=aged(1.1, desk.now)), kind="call.started")
        assert (await desk.retention(0, 0).sweep()).lost == 1
        assert await Outbox(desk.put.database).waiting() == 0

    with_desk(store_at, tmp_path, main)


def test_messages_nobody_took_go_after_a_month(store_at: str, tmp_path: Path) -> None:
    async def main(desk: Desk) -> None:
        for n, days in enumerate((31, 29)):
            now = aged(days, desk.now)
            await desk.put(ended(n), announcing=Announcing(), now=now)
        assert (await desk.retention(0, 0).sweep()).messages == 1
        assert await Outbox(desk.put.database).waiting() == 1

    with_desk(store_at, tmp_path, main)
