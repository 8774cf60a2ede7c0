"""offhook calls replay."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.records.record import CallRecord, FunctionRun, Line, from_builtins
from bridge.sim.model.patterns import PatternMind
from bridge.sim.model.profile import ModelProfile
from bridge.sim.model.rules import load_patterns
from bridge.sim.model.server import serve
from bridge.sim.voice.scripted import ScriptedVoice
from bridge.sim.voice.speaker import Speaker
from bridge.store.applying import CallEntry, apply
from bridge.store.database import Database, store_url
from bridge.store.migrate import migrate
from bridge.trials.spoken import telephone
from bridge.trials.stereo import Stereo
from tests.cli.alone import alone
from tests.cli.offhook import reported
from tests.support.stored import write_recording

AGENT = """
name: Shop
instructions: You know when the shop is open.
functions:
  - name: opening
    entry_point: not.there:opening
    description: When the shop is open.
    parameters: {type: object, properties: {day: {type: string}}}
"""
REPLIES = """
rules:
  - {hears: sunday, calls: opening, arguments: {day: sunday}}
  - {after: opening, says: "We open at {hour}."}
"""
SECOND = b"\xff" * 8000


def spoken(text: str) -> bytes:
    return telephone(b"".join(each.pcm for each in Speaker().speak(text)))


@pytest.fixture
def call(tmp_path: Path) -> Path:
    said = SECOND * 2 + spoken("Hello, is the shop open on Sunday?") + SECOND * 3
    write_recording(tmp_path / "CA1.wav", Stereo(said, b"\xff" * len(said)))
    record = CallRecord(
        call_sid="CA1",
        started_at=datetime(2026, 11, 24, tzinfo=UTC),
        seconds=len(said) / 8000,
        outcome="caller hung up",
        lines=(Line("i1", "caller", "Hello, is the shop open on Sunday?"),),
        functions=(FunctionRun("opening", '{"day":"monday"}', '{"hour":"ten"}', 4.0, 4.5),),
        recording="CA1.wav",
    )
    path = tmp_path / "CA1.json"
    path.write_text(json.dumps(record.builtins()))
    (tmp_path / "shop.yaml").write_text(AGENT)
    (tmp_path / "replies.yaml").write_text(REPLIES)
    return path


def replies_of(call: Path) -> dict[str, str]:
    return {"OFFHOOK_LOCAL_REPLIES": str(call.with_name("replies.yaml"))}


def test_both_transcripts_stand_side_by_side(call: Path) -> None:
    shop = call.with_name("shop.yaml")
    done = alone("calls_replay", call, "--agent", shop, settings=replies_of(call))
    assert done.returncode == 0, done.stderr
    assert "then: CA1" in done.stdout
    assert "agent: We open at ten." in done.stdout
    assert 'arguments: opening {"day":"monday"} → opening {"day": "sunday"}' in done.stdout


def test_twice_it_is_the_same_to_the_byte(call: Path) -> None:
    shop = call.with_name("shop.yaml")
    one, other = (
        alone("calls_replay", call, "--agent", shop, "--json", settings=replies_of(call))
        for _ in "ab"
    )
    assert one.stdout == other.stdout
    report = reported(one)
    assert "Sunday" in report["now"]["lines"][0]["heard"]
    assert report["now"]["functions"][0]["output"] == '{"hour":"ten"}'
    assert report["caller_turns"][0]["came"] == "gap"


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("none.json", None, "cannot be read"),
        ("bad.json", "{", "is not the record of a call"),
        ("bad.json", '{"call_sid": 1}', "is not the record of a call"),
        ("old.json", '{"call_sid": "CA2", "started_at": "2026-11-24T00:00:00Z"}', "no recording"),
    ],
)
def test_what_cannot_be_run_again_is_told(
    call: Path, name: str, text: str | None, told: str
) -> None:
    if text is not None:
        call.with_name(name).write_text(text)
    done = alone("calls_replay", call.with_name(name), "--agent", call.with_name("shop.yaml"))
    assert done.returncode == 2 and told in done.stderr


def test_with_a_real_model_it_is_run_again_in_real_time(call: Path) -> None:
    async def main() -> None:
        async with serve(
            "127.0.0.1",
            0,
            voice=ScriptedVoice(lambda job: "sunday"),
            mind_factory=lambda: PatternMind(load_patterns(REPLIES)),
            profile=ModelProfile(first_delta_ms=50),
        ) as serving:
            settings = {
                "OFFHOOK_MODEL_PROVIDER": "openai",
                "OPENAI_API_KEY": "key",
                "OPENAI_BASE_URL": f"{serving.http_url}/v1",
            }
            arguments = (call, "--agent", call.with_name("shop.yaml"), "--real", "--json")
            done = await asyncio.to_thread(alone, "calls_replay", *arguments, settings=settings)
        report = reported(done)
        assert report["model"].startswith("openai")
        assert [line["heard"] for line in report["now"]["lines"]] == ["We open at ten."]
        assert report["now"]["outcome"] == "caller hung up"

    asyncio.run(main())


async def _keep(state: Path, record: CallRecord) -> None:
    database = await Database.open(store_url(None, state))
    await migrate(database)
    async with database.begin() as connection:
        entries = [CallEntry(1, "call.ended", record)]
        await apply(connection, "spool", entries, record.started_at, None)
    await database.close()


def test_a_call_of_the_store_is_run_again_with_its_recording(call: Path) -> None:
    state = call.parent
    (state / "recordings").mkdir()
    (state / "CA1.wav").rename(state / "recordings" / "CA1.wav")
    asyncio.run(_keep(state, from_builtins(json.loads(call.read_text()))))
    settings = {"OFFHOOK_STATE_DIR": str(state), **replies_of(call)}
    shop = call.with_name("shop.yaml")
    done = alone("calls_replay", "CA1", "--agent", shop, settings=settings)
    assert done.returncode == 0, done.stderr
    assert "agent: We open at ten." in done.stdout
    gone = alone("calls_replay", "CA2", "--agent", shop, settings=settings)
    assert gone.returncode == 2 and "CA2" in gone.stderr
