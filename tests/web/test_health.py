"""What a balancer and whoever watches the server are told."""

import asyncio
from pathlib import Path
from typing import Any

from bridge.cli.loop import run
from bridge.sim.carrier.caller import AfterAgent, HangUp, ScriptedCaller
from tests.support.house import House, standing

NOBODY = "postgresql://offhook@127.0.0.1:9/offhook"  # the port of "discard", where nobody listens


async def health(house: House) -> dict[str, Any]:
    told: dict[str, Any] = (await house.http.get("/healthz")).json()
    return told


async def one_call(house: House) -> None:
    await house.call(ScriptedCaller([HangUp(AfterAgent(quiet_ms=200))]))


async def comes_to_say(house: House, wanted: dict[str, Any]) -> None:
    told: dict[str, Any] = {}
    for _ in range(500):
        told = await health(house)
        if told == wanted:
            return
        await asyncio.sleep(0.01)
    assert told == wanted


def test_records_are_waited_for_until_the_store_has_them(tmp_path: Path) -> None:
    async def main() -> None:
        async with standing(tmp_path, {}) as house:
            await one_call(house)
            idle = {"product": "offhook", "calls": 0, "store": "up", "records_waiting": 0}
            await comes_to_say(house, idle)

    run(main())


def test_of_a_store_that_is_away_it_is_told_how_many_records_wait(tmp_path: Path) -> None:
    async def main() -> None:
        async with standing(tmp_path, {"OFFHOOK_DATABASE_URL": NOBODY}) as house:
            await one_call(house)
            waiting = {"product": "offhook", "calls": 0, "store": "away", "records_waiting": 2}
            await comes_to_say(house, waiting)
            assert (await house.http.get("/readyz")).json() == {"ready": True}

    run(main())
