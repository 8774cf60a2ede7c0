"""The whole command, against a server of ours, a simulated model and a simulated carrier."""

import asyncio
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bridge.sim.carrier.rest import RestFacade
from tests.cli.offhook import offhook, reported
from tests.support.ends import ACCOUNT_SID
from tests.support.house import environ, standing

TOKEN = "the-auth-token-of-the-account"
KEY = "sk-the-key-of-the-model"
NUMBER = "+15005550001"


def command(
    folder: Path,
    *arguments: str,
    number: Mapping[str, str] | None = None,
    settings: Mapping[str, str] | None = None,
    typed: str = "",
) -> tuple[subprocess.CompletedProcess[str], Mapping[str, Any], list[Mapping[str, str]]]:
    """The command, the number as it is afterwards, and what was asked to be changed. Without
    ``number`` it calls us as it should."""

    async def main() -> tuple[Any, Mapping[str, Any], list[Mapping[str, str]]]:
        async with (
            standing(folder / "server") as house,
            RestFacade(ACCOUNT_SID, TOKEN) as facade,
        ):
            origin = f"http://127.0.0.1:{house.port}"
            right = {
                "voice_url": f"{origin}/twilio/voice",
                "status_callback": f"{origin}/twilio/status",
            }
            sid = facade.calls.numbers.add(NUMBER, **{**right, **(number or {})})
            asked = environ(
                house.model.http_url,
                folder / "server",
                TWILIO_AUTH_TOKEN=TOKEN,
                OPENAI_API_KEY=KEY,
                OFFHOOK_TWILIO_API_URL=facade.url,
                OFFHOOK_PUBLIC_URL=origin,
                **(settings or {}),
            )
            done = await asyncio.to_thread(
                offhook, "doctor", *arguments, settings=asked, typed=typed
            )
            changes = [each.form for each in facade.calls.requests if each.method == "POST"]
            return done, facade.calls.numbers.fetch(sid), changes

    done, afterwards, changes = asyncio.run(main())
    for secret in (TOKEN, KEY):
        assert secret not in done.stdout + done.stderr
    return done, afterwards, changes


def states(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    return {each["check"]: each["state"] for each in reported(done)["findings"]}


def test_an_installation_that_is_well_ends_with_0(tmp_path: Path) -> None:
    done, _, changes = command(tmp_path, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert reported(done)["good"] is True
    assert set(states(done).values()) == {"good"} and len(states(done)) == 9
    assert changes == []


def test_for_people_each_finding_is_a_line_and_each_failure_has_its_mend(tmp_path: Path) -> None:
    (tmp_path / "agent.yaml").write_text("name: [")
    more = {"OFFHOOK_AGENT": str(tmp_path / "agent.yaml")}
    done, _, _ = command(tmp_path, number={"voice_method": "GET"}, settings=more)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert sum(each.startswith("good ") for each in lines) == 7
    for name in ("webhook", "agent"):
        at = next(n for n, each in enumerate(lines) if each.split()[:2] == ["failed", name])
        assert any(each.strip().startswith("mend: ") for each in lines[at + 1 :])


def test_nothing_is_changed_without_fix(tmp_path: Path) -> None:
    done, _, changes = command(tmp_path, "--json", number={"voice_url": "https://old.example/"})
    assert done.returncode == 1
    assert [name for name, state in states(done).items() if state == "failed"] == ["webhook"]
    assert changes == []


@pytest.mark.parametrize(("arguments", "typed"), [(["--fix"], "y\n"), (["--fix", "--yes"], "")])
def test_fix_sets_the_webhook_and_then_all_is_well(
    tmp_path: Path, arguments: list[str], typed: str
) -> None:
    wrong = {"voice_url": "https://old.example/", "voice_method": "GET", "status_callback": ""}
    done, number, changes = command(tmp_path, "--json", *arguments, number=wrong, typed=typed)
    assert done.returncode == 0, done.stdout + done.stderr
    assert states(done)["webhook"] == "good"
    assert [set(each) for each in changes] == [{"VoiceUrl", "VoiceMethod", "StatusCallback"}]
    assert number["voice_url"].endswith("/twilio/voice") and number["voice_method"] == "POST"
    assert number["status_callback"].endswith("/twilio/status")
    asked = "VoiceUrl is https://old.example/, it should be" in done.stderr
    assert asked == bool(typed)


def test_fix_changes_nothing_when_it_may_not(tmp_path: Path) -> None:
    for typed in ("n\n", ""):
        wrong = {"voice_url": "https://old.example/"}
        folder = tmp_path / str(len(typed))
        done, _, changes = command(folder, "--fix", "--json", number=wrong, typed=typed)
        assert (done.returncode, changes) == (1, [])
        assert states(done)["webhook"] == "failed"


def test_fix_has_nothing_to_do_where_all_is_well(tmp_path: Path) -> None:
    done, _, changes = command(tmp_path, "--fix", "--yes")
    assert (done.returncode, changes) == (0, [])


def test_faults_are_found_side_by_side(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done, _, _ = command(
        tmp_path,
        "--json",
        settings={
            "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
            "OFFHOOK_DATABASE_URL": "postgresql://offhook:sesame@127.0.0.1:9/offhook",
            "OFFHOOK_STATE_DIR": str(tmp_path / "file" / "state"),
        },
    )
    assert done.returncode == 1
    failed = {name for name, state in states(done).items() if state == "failed"}
    assert failed == {"model", "store", "disk"}
    assert "sesame" not in done.stdout + done.stderr


def test_wrong_settings_end_with_2_and_are_all_told() -> None:
    settings = {"OFFHOOK_PORT": "x", "TWILIO_ACCOUNT_SID": "AC1"}
    done = offhook("doctor", "--json", settings=settings)
    assert done.returncode == 2
    (first, *others) = reported(done)["findings"]
    assert "OFFHOOK_PORT" in first["told"] and "TWILIO_ACCOUNT_SID" in first["told"]
    assert {each["state"] for each in others} == {"skipped"}


def test_without_any_account_it_looks_at_what_there_is(tmp_path: Path) -> None:
    local = {"OFFHOOK_MODEL_PROVIDER": "local", "OFFHOOK_STATE_DIR": str(tmp_path)}
    done = offhook("doctor", "--json", settings=local)
    assert done.returncode == 0, done.stdout + done.stderr
    found = states(done)
    assert {name for name, state in found.items() if state == "good"} == {
        "settings",
        "model",
        "disk",
        "agent",
    }
    assert list(tmp_path.iterdir()) == []
