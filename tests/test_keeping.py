"""What goes wrong beside the calls stays there."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bridge.agents.default import default_agent
from bridge.directory import Ready
from bridge.keeping import Keeping, StateDirUnusable, keeping
from bridge.recording import wav
from bridge.records import cost
from bridge.settings import Settings
from bridge.sim.carrier.caller import AfterAgent, HangUp, ScriptedCaller
from bridge.sim.carrier.profile import StreamProfile
from bridge.store.agents import AgentStore
from bridge.store.spool import Spool
from tests.support.house import standing, until
from tests.support.records import begun, call_sid
from tests.support.stores import ANN, SHOP, kept, opened

FALLBACK = Ready(default_agent(), {})
HANGS_UP = (HangUp(AfterAgent(quiet_ms=200)),)
STREAM = StreamProfile(start_delay_ms=20)
CUT = ("Cancel 1 running task", "Exception in ASGI application")  # uvicorn's words for it


def keep(state_dir: Path, test: Callable[[Keeping], Awaitable[None]], **more: str) -> None:
    async def main() -> None:
        settings = Settings.from_env({"OFFHOOK_STATE_DIR": str(state_dir), **more})
        async with asyncio.timeout(20), keeping(settings, FALLBACK, "ga") as found:
            await test(found)

    asyncio.run(main())


def test_a_state_directory_that_cannot_be_used_is_named_with_its_mend(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    async def test(_: Keeping) -> None:
        raise AssertionError("it cannot be used")

    with pytest.raises(StateDirUnusable, match=r"OFFHOOK_STATE_DIR.*name a folder"):
        keep(tmp_path / "file" / "state", test)


def test_a_file_that_is_no_database_stops_no_server(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "offhook.db").write_bytes(b"no database" * 1000)

    async def test(found: Keeping) -> None:
        assert found.directory.revision is None

    keep(tmp_path, test)
    assert "the store has no tables that can be used" in caplog.text


def test_an_agent_that_would_end_the_process_is_not_used(tmp_path: Path) -> None:
    """Its module was good where it was published, and ends the program here."""
    module = tmp_path / "ends_the_program.py"
    module.write_text("def find() -> str:\n    '''Find.'''\n    return ''\n")
    bad = SHOP + "functions:\n  - {name: find, entry_point: 'ends_the_program:find'}\n"

    async def publish(state_dir: Path) -> None:
        async with opened(f"sqlite+aiosqlite:///{state_dir / 'offhook.db'}") as database:
            agents = AgentStore(database)
            await agents.create("shop", SHOP, ANN)
            await agents.publish("shop", revision=1, change=ANN)
        with sqlite3.connect(state_dir / "offhook.db") as store:
            store.execute(
                "INSERT INTO agent_versions SELECT agent, 2, ?, tests, author, note, created_at"
                " FROM agent_versions",
                (bad,),
            )
            store.execute("UPDATE agents SET published = 2")
        store.close()

    async def test(found: Keeping) -> None:
        assert found.directory.reachable

    module.write_text("import sys\nsys.exit(1)\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(tmp_path))
        state_dir = tmp_path / "state"
        state_dir.mkdir()
        asyncio.run(publish(state_dir))
        keep(state_dir, test, OFFHOOK_FUNCTIONS="ends_the_program")


def test_a_cost_that_cannot_be_counted_costs_no_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(cost, "cost", broken)

    async def main() -> None:
        async with (
            asyncio.timeout(20),
            standing(tmp_path, expected=("the cost of",)) as house,
        ):
            await house.call(ScriptedCaller(HANGS_UP), stream_profile=STREAM)

    asyncio.run(main())
    (made,) = asyncio.run(kept(tmp_path))
    assert (made.outcome, made.cost) == ("caller hung up", None)
    assert "could not be counted" in made.cost_unknown
    assert [line.heard for line in made.lines] == ["hello"]


def test_a_bug_in_one_job_stops_neither_the_others_nor_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bridge import keeping as module

    monkeypatch.setattr(module, "JOB_AGAIN_S", 0.01)

    async def test(found: Keeping) -> None:
        refresh, failed = found.directory.refresh, asyncio.Event()

        async def breaks_once() -> None:
            if not failed.is_set():
                failed.set()
                raise ValueError("a bug")
            await refresh()

        monkeypatch.setattr(found.directory, "refresh", breaks_once)
        agents = AgentStore(found.database)
        await failed.wait()
        await agents.create("shop", SHOP, ANN)
        before = found.directory.revision
        for _ in range(100):
            if found.directory.revision != before:
                return
            await asyncio.sleep(0.05)
        raise AssertionError("the directory does not follow any more")

    keep(tmp_path, test)


def test_what_a_process_that_dies_beside_us_has_recorded_is_finished(tmp_path: Path) -> None:
    """And the recording of a call that runs is left alone."""

    async def test(found: Keeping) -> None:
        dead = Spool(found.spool.root, 1 << 20)
        dead.append("call.started", begun(1).builtins())
        found.recordings.mkdir(exist_ok=True)
        for number in (1, 2):
            part = found.recordings / f"{call_sid(number)}.wav.part"
            part.write_bytes(wav.header(0) + b"\x11" * 10)
        dead.close()
        dead.folder.let_go()
        found.writer._adopt_at = 0.0
        found.writer._written()
        whole = found.recordings / f"{call_sid(1)}.wav"
        await until(whole.exists)
        assert not whole.with_name(f"{whole.name}.part").exists()
        assert (found.recordings / f"{call_sid(2)}.wav.part").exists()

    keep(tmp_path, test)


def test_a_request_that_never_ends_does_not_keep_the_server_up(tmp_path: Path) -> None:
    async def main() -> None:
        async with asyncio.timeout(20):
            async with standing(tmp_path, expected=CUT) as house:
                _, writer = await asyncio.open_connection("127.0.0.1", house.port)
                head = "POST /twilio/voice HTTP/1.1\r\nHost: here\r\nContent-Length: 10\r\n\r\nab"
                writer.write(head.encode())
                await writer.drain()
            writer.close()

    asyncio.run(main())
