"""offhook calls list, show, export, delete: on a store with two calls in it."""

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner, Result

from bridge.cli.calls import app
from bridge.recording import wav
from bridge.records.record import CallRecord, from_builtins
from bridge.store.applying import CallEntry, apply
from bridge.store.database import Database, store_url
from bridge.store.migrate import migrate
from tests.records.sample import NOON, RECORD, sound

SID = RECORD.call_sid
OLDER = CallRecord(
    call_sid="CA" + "2" * 32,
    started_at=NOON - timedelta(days=1),
    ended_at=NOON - timedelta(days=1),
    agent="back-office",
    outcome="model lost",
    errors={"server_error": 1},
    recording="gone.wav",
)


async def _keep(state: Path, records: Sequence[CallRecord], kind: str = "call.ended") -> None:
    database = await Database.open(store_url(None, state))
    await migrate(database)
    async with database.begin() as connection:
        entries = [CallEntry(n, kind, each) for n, each in enumerate(records, 1)]
        await apply(connection, f"spool of {kind}", entries, NOON, None)
    await database.close()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    state = tmp_path_factory.mktemp("state")
    asyncio.run(_keep(state, [OLDER, RECORD]))
    return state / "offhook.db"


@pytest.fixture
def state(tmp_path: Path, template: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "recordings").mkdir()
    (tmp_path / "offhook.db").write_bytes(template.read_bytes())
    left, right = sound()
    both = bytes(each for pair in zip(left, right, strict=True) for each in pair)
    (tmp_path / "recordings" / f"{SID}.wav").write_bytes(wav.header(len(both)) + both)
    monkeypatch.setenv("OFFHOOK_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("OFFHOOK_MODEL_PROVIDER", "local")
    return tmp_path


def calls(*arguments: object, typed: str = "") -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments], input=typed)


def listed(*arguments: object) -> list[str]:
    done = calls("list", "--json", *arguments)
    assert done.exit_code == 0, done.output
    return [row["call_sid"] for row in json.loads(done.stdout)["calls"]]


def test_the_newest_call_comes_first(state: Path) -> None:
    assert listed() == [SID, OLDER.call_sid]
    text = calls("list").stdout
    assert max(map(len, text.splitlines())) <= 80
    for word in ("front-desk 7", "trial", "0:42.3", "$0.2097", "completed", "model lost !"):
        assert word in text


@pytest.mark.parametrize(
    ("flags", "found"),
    [
        (("--agent", "front-desk"), [SID]),
        (("--version", "7", "--variant", "trial"), [SID]),
        (("--outcome", "model lost"), [OLDER.call_sid]),
        (("--errors",), [OLDER.call_sid]),
        (("--no-errors",), [SID]),
        (("--since", "2026-11-24"), [SID]),
        (("--until", "2026-11-24T00:00"), [OLDER.call_sid]),
        (("--min-seconds", "40", "--max-seconds", "50"), [SID]),
        (("--caller", "+15550123", "--called", "+15550100", "--route", "+15550100"), [SID]),
        (("--agent", "nobody"), []),
    ],
)
def test_every_filter_filters(state: Path, flags: tuple[str, ...], found: list[str]) -> None:
    assert listed(*flags) == found


def test_an_outcome_or_an_agent_that_nobody_knows_is_told(state: Path) -> None:
    typo = calls("list", "--outcome", "typo")
    assert typo.exit_code == 2
    assert "'typo' is not known; calls end so: completed, caller hung up" in typo.stderr
    assert "there is no agent nobody" in calls("list", "--agent", "nobody").stderr
    deleted = calls("list", "--agent", "front-desk", "--until", "2000-01-01")
    assert (deleted.exit_code, deleted.stderr) == (0, "")


def test_a_list_goes_on_where_it_ended(state: Path) -> None:
    first = json.loads(calls("list", "--limit", 1, "--json").stdout)
    assert listed("--cursor", first["next_cursor"]) == [OLDER.call_sid]
    assert calls("list", "--cursor", "nonsense").exit_code == 2


def test_a_call_is_shown_and_told_as_json(state: Path) -> None:
    assert "the caller broke in" in calls("show", SID).stdout
    told = from_builtins(json.loads(calls("show", SID, "--json").stdout))
    assert msgspec.structs.replace(told, process=RECORD.process) == RECORD


def test_a_call_that_runs_is_told_as_one(state: Path) -> None:
    running = CallRecord(
        call_sid="CA" + "3" * 32,
        started_at=NOON,
        agent="front-desk",
        version=7,
        variant="trial",
        caller="+15550123",
        called="+15550100",
        recording="CA3.wav",
    )
    asyncio.run(_keep(state, [running], "call.started"))
    told = calls("show", running.call_sid).stdout
    assert f"{running.call_sid} runs since {NOON:%Y-%m-%d %H:%M:%S} UTC, " in told
    assert "+15550123 → +15550100" in told and "front-desk, version 7 (trial)" in told
    assert "it is being recorded" in told
    assert "long" not in told and "unknown" not in told
    page = calls("show", running.call_sid, "--html", state / "page.html")
    assert (page.exit_code, (state / "page.html").exists()) == (1, False)
    assert "still runs" in page.stderr
    assert json.loads(calls("show", running.call_sid, "--json").stdout)["outcome"] == ""


def test_the_page_is_one_file_with_sound_only_if_asked(state: Path, tmp_path: Path) -> None:
    page = tmp_path / "call.html"
    assert calls("show", SID, "--html", page).exit_code == 0
    assert "<audio" not in page.read_text()
    assert page.stat().st_mode & 0o077 == 0
    assert calls("show", SID, "--html", page, "--audio").exit_code == 0
    assert "<audio" in page.read_text()
    assert calls("show", SID, "--audio").exit_code == 2
    without = calls("show", OLDER.call_sid, "--html", page, "--audio")
    assert without.exit_code == 1
    assert calls("show", SID, "--html", tmp_path / "not" / "there.html").exit_code == 1


def test_an_export_is_the_record_and_the_recording(state: Path, tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    done = calls("export", SID, folder)
    assert done.stdout.split() == [str(folder / f"{SID}.json"), str(folder / f"{SID}.wav")]
    assert from_builtins(json.loads((folder / f"{SID}.json").read_text())).lines == RECORD.lines
    assert wav.read(folder / f"{SID}.wav") == sound()
    assert [each.stat().st_mode & 0o077 for each in folder.iterdir()] == [0, 0]
    calls("export", OLDER.call_sid, folder)
    assert {each.suffix for each in folder.glob(f"{OLDER.call_sid}.*")} == {".json"}


def test_a_deleted_call_is_gone_with_its_recording(state: Path) -> None:
    assert calls("delete", SID, typed="n\n").exit_code == 1
    assert listed() == [SID, OLDER.call_sid]
    assert calls("delete", SID, "--yes").exit_code == 0
    assert listed() == [OLDER.call_sid]
    assert not list((state / "recordings").iterdir())
    for arguments in (("show", SID), ("delete", SID, "--yes"), ("export", SID, state)):
        assert calls(*arguments).exit_code == 2


def test_a_store_that_is_away_is_told(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OFFHOOK_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")
    assert calls("list").exit_code == 1
