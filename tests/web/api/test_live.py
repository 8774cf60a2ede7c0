"""Calls that run, controlled over the API: a real server, a simulated carrier and model."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx

from bridge.call.call import ANNOUNCE, GOODBYE
from bridge.sim.carrier.caller import At, HangUp, ScriptedCaller
from bridge.sim.carrier.profile import StreamProfile
from bridge.sim.model.reply import Context, Reply, Spoken, Turn
from bridge.store.audit import Audit
from bridge.store.database import Database, store_url
from bridge.store.tokens import TokenStore
from tests.support.house import House, standing, until
from tests.web.api.desk import ANN, bearer

STAYS = (HangUp(At(15.0)),)


class Ops:
    """Somebody with a token, and a call whose caller says nothing and stays."""

    def __init__(self, house: House, database: Database, token: dict[str, str]) -> None:
        self.house = house
        self.database = database
        self.asked: list[Context] = []  # of the model
        self._token = token

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        return await self.house.http.request(method, f"/api/v1{path}", headers=self._token, **more)

    async def live(self) -> dict[str, Any]:
        """The call, once the agent has said hello."""
        for _ in range(200):
            rows = (await self.ask("GET", "/calls/live")).json()["calls"]
            if rows and rows[0]["here"] and rows[0]["state"] == "listening":
                row: dict[str, Any] = rows[0]
                return row
            await asyncio.sleep(0.02)
        raise AssertionError(rows)

    async def ended(self, call_sid: str) -> dict[str, Any]:
        """Its record, once it is there."""
        for _ in range(300):
            record: dict[str, Any] = (await self.ask("GET", f"/calls/{call_sid}")).json()
            if record["ended_at"] is not None:
                return record
            await asyncio.sleep(0.02)
        raise AssertionError(record)

    async def audited(self, call_sid: str) -> list[tuple[str, str, Any]]:
        rows = await Audit(self.database).entries(subject=f"call/{call_sid}")
        return [(row.action, row.who, row.after) for row in rows]


def during_a_call(folder: Path, test: Callable[[Ops, str], Awaitable[None]]) -> None:
    asked: list[Context] = []

    def mind(context: Context) -> Reply:
        asked.append(context)
        return Reply((Spoken("words", duration_ms=200),))

    async def main() -> None:
        async with asyncio.timeout(25), standing(folder, script=mind) as house:
            database = await Database.open(store_url(None, folder))
            secret = (await TokenStore(database).create("ops", "editor", None, ANN))[1]
            ops = Ops(house, database, bearer(secret))
            ops.asked = asked
            profile = StreamProfile(start_delay_ms=20)
            calling = asyncio.create_task(house.call(ScriptedCaller(STAYS), stream_profile=profile))
            try:
                await test(ops, (await ops.live())["call_sid"])
            finally:
                house.server.registry.abandon()
                await calling
                await database.close()

    asyncio.run(main())


def test_the_agent_says_what_it_is_told_to(tmp_path: Path) -> None:
    async def test(ops: Ops, call_sid: str) -> None:
        body = {"text": "A colleague takes over."}
        told = await ops.ask("POST", f"/calls/{call_sid}/say", json=body)
        assert (told.status_code, told.json()) == (202, {"done": True})
        await until(lambda: ops.asked[-1].requested == ANNOUNCE + body["text"])
        assert await ops.audited(call_sid) == [("call.said", "token:ops", body)]
        await ops.ask("POST", f"/calls/{call_sid}/hang-up", json={"how": "now"})
        await ops.ended(call_sid)

    during_a_call(tmp_path, test)


def test_a_whisper_is_known_to_the_next_answer_and_asks_for_none(tmp_path: Path) -> None:
    async def test(ops: Ops, call_sid: str) -> None:
        body = {"text": "Offer to call back."}
        before = len(ops.asked)
        assert (await ops.ask("POST", f"/calls/{call_sid}/whisper", json=body)).status_code == 202
        await ops.ask("POST", f"/calls/{call_sid}/say", json={"text": "Hello."})
        await until(lambda: len(ops.asked) > before)
        assert ops.asked[before].requested == ANNOUNCE + "Hello."
        assert Turn("system", body["text"]) in ops.asked[-1].turns
        await ops.ask("POST", f"/calls/{call_sid}/hang-up", json={"how": "now"})
        record = await ops.ended(call_sid)
        assert [note["kind"] for note in record["notes"]] == [
            "operator_whispered",
            "operator_said",
            "operator_hung_up",
        ]

    during_a_call(tmp_path, test)


def test_hanging_up_lets_the_agent_say_goodbye(tmp_path: Path) -> None:
    async def test(ops: Ops, call_sid: str) -> None:
        assert (await ops.ask("POST", f"/calls/{call_sid}/hang-up", json={})).status_code == 202
        late = await ops.ask("POST", f"/calls/{call_sid}/say", json={"text": "Wait."})
        assert late.status_code == 409
        assert await ops.audited(call_sid) == [
            ("call.refused", "token:ops", {"action": "call.said", "text": "Wait."}),
            ("call.said", "token:ops", {"text": "Wait."}),
            ("call.hung_up", "token:ops", {"how": "goodbye"}),
        ]
        record = await ops.ended(call_sid)
        assert ops.asked[-1].requested == GOODBYE
        assert record["outcome"] == "completed"
        assert (await ops.ask("POST", f"/calls/{call_sid}/hang-up", json={})).status_code == 409

    during_a_call(tmp_path, test)


def test_hanging_up_now_is_now(tmp_path: Path) -> None:
    async def test(ops: Ops, call_sid: str) -> None:
        asked = len(ops.asked)
        await ops.ask("POST", f"/calls/{call_sid}/hang-up", json={"how": "now"})
        assert (await ops.ended(call_sid))["outcome"] == "completed"
        assert len(ops.asked) == asked

    during_a_call(tmp_path, test)
