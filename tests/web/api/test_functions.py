"""From an editor's draft to a function that runs in a call, over a real server."""

import asyncio
import sys
from pathlib import Path

import httpx
import pytest

from bridge.rehearsal.scenario import caller_says
from bridge.sim.carrier.caller import AfterAgent, Say, ScriptedCaller
from bridge.sim.carrier.profile import StreamProfile
from bridge.sim.model.reply import FunctionCall, Reply, Spoken
from bridge.store.database import store_url
from bridge.store.tokens import TokenStore
from tests.support.house import HELLO, House, standing
from tests.support.stores import ANN, kept, opened
from tests.web.api.desk import bearer

MODULE = "offhook_test_editors_choice"
TEXT = (
    "name: Shop\ninstructions: Help.\ngreeting: Hello.\n"
    f"functions: [{{name: find, entry_point: '{MODULE}:find'}}]\n"
)
SCRIPT = (
    *HELLO,
    Reply((FunctionCall("find", '{"number": "4711"}'),)),
    Reply((Spoken("goodbye", 300), FunctionCall("end_call", "{}"))),
)
CALLER = ScriptedCaller((Say(caller_says(400), AfterAgent(quiet_ms=200)),))
STREAM = StreamProfile(start_delay_ms=20)


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / f"{MODULE}.py").write_text(
        'def find(number: str) -> str:\n    """Find it."""\n    return f"{number} is there"\n'
    )
    monkeypatch.syspath_prepend(tmp_path)
    sys.modules.pop(MODULE, None)


async def publish(house: House) -> httpx.Response:
    """By an editor, with a route to it."""
    async with opened(store_url(None, house.state_dir)) as database:
        secret = (await TokenStore(database).create("ops", "editor", None, ANN))[1]
    ask, headers = house.http, bearer(secret)
    await ask.post("/api/v1/agents", headers=headers, json={"name": "shop", "text": TEXT})
    told = await ask.post("/api/v1/agents/shop/publish", headers=headers, json={"revision": 1})
    if told.status_code == 200:
        once = headers | {"If-None-Match": "*"}
        done = await ask.put("/api/v1/routes/*", headers=once, json={"agent": "shop"})
        assert done.status_code == 200, done.text
    return told


def test_a_function_of_an_allowed_module_runs_in_a_call(tmp_path: Path) -> None:
    async def main() -> None:
        settings = {"OFFHOOK_FUNCTIONS": MODULE}
        async with asyncio.timeout(20), standing(tmp_path, settings) as house:
            told = await publish(house)
            assert told.status_code == 200, told.text
        async with asyncio.timeout(20), standing(tmp_path, settings, script=SCRIPT) as house:
            await house.call(CALLER, stream_profile=STREAM)

    asyncio.run(main())
    (made,) = asyncio.run(kept(tmp_path))
    assert (made.agent, made.version) == ("shop", 1)
    assert [(each.name, each.output) for each in made.functions] == [("find", "4711 is there")]


def test_without_the_setting_it_is_not_even_imported(tmp_path: Path) -> None:
    async def main() -> None:
        async with asyncio.timeout(30), standing(tmp_path) as house:
            told = await publish(house)
            assert told.status_code == 422
            assert f"add {MODULE} to OFFHOOK_FUNCTIONS" in told.json()["errors"][0]["message"]
            assert MODULE not in sys.modules

    asyncio.run(main())
