"""The numbers of a Twilio account, and which of them should call us."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from bridge.doctor import Finding, numbers, webhook
from bridge.settings import Settings
from bridge.sim.carrier.rest import RestFacade
from bridge.store.agents import AgentStore
from bridge.store.database import store_url
from bridge.store.routes import RouteStore
from tests.doctor.patient import answering, response, settings
from tests.support.ends import ACCOUNT_SID
from tests.support.stores import ANN, SHOP, opened

TOKEN = "the-auth-token-of-the-account"
KEY_SID, KEY_SECRET = "SK" + "c" * 32, "the-secret-of-the-key"
ORIGIN = "https://phone.example"
VOICE, STATUS = f"{ORIGIN}/twilio/voice", f"{ORIGIN}/twilio/status"
OURS = {"voice_url": VOICE, "status_callback": STATUS}
ONE, TWO, THREE = "+15005550001", "+15005550002", "+15005550003"


def examined(
    state_dir: Path,
    *account: tuple[str, dict[str, Any]],
    then: Callable[[RestFacade, Settings], Awaitable[Finding]] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Finding:
    async def main() -> Finding:
        async with RestFacade(ACCOUNT_SID, TOKEN, {KEY_SID: KEY_SECRET}) as facade:
            for number, fields in account:
                facade.calls.numbers.add(number, **fields)
            asked = settings(
                state_dir,
                **{
                    "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
                    "TWILIO_AUTH_TOKEN": TOKEN,
                    "OFFHOOK_TWILIO_API_URL": facade.url,
                    "OFFHOOK_PUBLIC_URL": ORIGIN,
                    **(environ or {}),
                },
            )
            return await (then(facade, asked) if then else webhook.check(asked))

    return asyncio.run(main())


def test_a_number_that_calls_us_is_good(tmp_path: Path) -> None:
    finding = examined(tmp_path, (ONE, OURS))
    assert (finding.state, finding.told) == ("good", f"calls us: {ONE}")


def test_fields_behind_the_url_are_allowed(tmp_path: Path) -> None:
    assert examined(tmp_path, (ONE, {**OURS, "voice_url": f"{VOICE}?shop=7"})).state == "good"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"voice_url": ""}, f"VoiceUrl is nothing, it should be {VOICE}"),
        (
            {"voice_url": f"{ORIGIN}/voice"},
            f"VoiceUrl is {ORIGIN}/voice, it should be {VOICE}",
        ),
        ({"voice_url": "http://[bad"}, "VoiceUrl is what is no URL"),
        ({"voice_method": "GET"}, "VoiceMethod is GET, it should be POST"),
        ({"status_callback": ""}, f"StatusCallback is nothing, it should be {STATUS}"),
        ({"status_callback_method": "GET"}, "StatusCallbackMethod is GET, it should be POST"),
    ],
)
def test_each_field_that_is_wrong_is_told(
    tmp_path: Path, change: dict[str, str], told: str
) -> None:
    finding = examined(tmp_path, (ONE, {**OURS, **change}))
    assert finding.state == "failed"
    assert f"{ONE}: {told}" in finding.told and finding.told.count(" it should be ") == 1
    assert "--fix" in finding.mend


def test_what_stands_in_anothers_url_stays_there(tmp_path: Path) -> None:
    theirs = "https://ann:sesame@else.example/voice?key=sesame"
    finding = examined(tmp_path, (ONE, {**OURS, "voice_url": theirs}))
    assert "https://else.example/voice?…" in finding.told
    assert "sesame" not in repr(finding)


@pytest.mark.parametrize("field", ["trunk_sid", "voice_application_sid"])
def test_a_trunk_or_application_that_takes_the_calls_is_told(tmp_path: Path, field: str) -> None:
    finding = examined(tmp_path, (ONE, {**OURS, field: "TK" + "0" * 32}))
    assert finding.state == "failed"
    assert "VoiceUrl does not count" in finding.told
    assert "--fix" not in finding.mend and "console" in finding.mend


def test_numbers_of_other_installations_are_left_alone(tmp_path: Path) -> None:
    other = {"voice_url": "https://staging.example/twilio/voice"}
    finding = examined(tmp_path, (ONE, other), (TWO, OURS), (THREE, {}))
    assert (finding.state, finding.told) == ("good", f"calls us: {TWO}")


def test_a_number_with_a_route_should_be_ours(tmp_path: Path) -> None:
    async def main() -> None:
        async with opened(store_url(None, tmp_path)) as database:
            draft = await AgentStore(database).create("shop", SHOP, ANN)
            await AgentStore(database).publish("shop", revision=draft.revision, change=ANN)
            route = {"called": THREE, "agent": "shop"}
            await RouteStore(database).put(route, revision=None, change=ANN)

    asyncio.run(main())
    finding = examined(tmp_path, (ONE, {}), (TWO, OURS), (THREE, {}))
    assert finding.state == "failed"
    assert THREE in finding.told and ONE not in finding.told and TWO not in finding.told


def test_where_no_number_is_ours_it_says_what_to_set(tmp_path: Path) -> None:
    finding = examined(tmp_path, (ONE, {}), (TWO, {"voice_url": "https://else.example/"}))
    assert finding.state == "failed"
    assert "none of the 2 numbers" in finding.told and VOICE in finding.mend


def test_an_account_without_numbers_for_calls_is_told(tmp_path: Path) -> None:
    texts_only = {"capabilities": {"voice": False, "sms": True}}
    for account in ((), ((ONE, texts_only),)):
        finding = examined(tmp_path, *account)
        assert finding.state == "failed" and "no number that takes calls" in finding.told


def test_all_pages_of_a_large_account_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(numbers, "PAGE_SIZE", 2)
    others = [(f"+1500555{n:04}", {"voice_url": "https://else.example/"}) for n in range(6)]
    finding = examined(tmp_path, *others, ("+15005559999", OURS))
    assert (finding.state, finding.told) == ("good", "calls us: +15005559999")


def test_a_next_page_of_another_host_is_not_asked_for(tmp_path: Path) -> None:
    number = {"sid": "PN1", "phone_number": ONE, "voice_method": "POST", **OURS}
    number["status_callback_method"] = "POST"
    page = {"incoming_phone_numbers": [number], "next_page_uri": "@else.invalid/page"}

    async def main() -> Finding:
        async with answering(response(200, json.dumps(page))) as address:
            asked = settings(
                tmp_path,
                TWILIO_ACCOUNT_SID=ACCOUNT_SID,
                TWILIO_AUTH_TOKEN=TOKEN,
                OFFHOOK_TWILIO_API_URL=f"http://{address}",
                OFFHOOK_PUBLIC_URL=ORIGIN,
            )
            return await webhook.check(asked)

    assert asyncio.run(main()) == Finding("webhook", "good", f"calls us: {ONE}")


def test_an_api_key_is_used_where_there_is_one(tmp_path: Path) -> None:
    key = {"TWILIO_API_KEY": KEY_SID, "TWILIO_API_SECRET": KEY_SECRET}
    assert examined(tmp_path, (ONE, OURS), environ=key).state == "good"


def test_credentials_that_twilio_refuses_fail_without_being_shown(tmp_path: Path) -> None:
    finding = examined(tmp_path, (ONE, OURS), environ={"TWILIO_AUTH_TOKEN": "not-the-token"})
    assert finding.state == "failed"
    assert "401, code 20003" in finding.told and "TWILIO_AUTH_TOKEN" in finding.mend
    assert "not-the-token" not in repr(finding)


def test_a_carrier_that_is_away_or_ill_fails(tmp_path: Path) -> None:
    away = examined(tmp_path, environ={"OFFHOOK_TWILIO_API_URL": "http://127.0.0.1:9"})
    assert (away.state, "connect: " in away.told) == ("failed", True)
    assert "OFFHOOK_TWILIO_API_URL" in away.mend

    async def ill(facade: RestFacade, asked: Settings) -> Finding:
        facade.calls.fail_next.append(20503)
        return await webhook.check(asked)

    finding = examined(tmp_path, then=ill)
    assert (finding.state, "503, code 20503" in finding.told) == ("failed", True)


@pytest.mark.parametrize("missing", ["TWILIO_ACCOUNT_SID", "OFFHOOK_PUBLIC_URL"])
def test_without_account_or_public_url_it_is_skipped(tmp_path: Path, missing: str) -> None:
    finding = examined(tmp_path, (ONE, {}), environ={missing: ""})
    assert finding.state == "skipped" and missing in finding.told


def test_mending_sets_what_was_wrong_and_nothing_else(tmp_path: Path) -> None:
    async def mended(facade: RestFacade, asked: Settings) -> Finding:
        account = await webhook.look(asked, ORIGIN)
        (ill,) = account.ill
        await webhook.mend(asked, ill)
        form = facade.calls.requests[-1].form
        assert form == {"VoiceUrl": VOICE, "VoiceMethod": "POST"}
        return await webhook.check(asked)

    wrong = {**OURS, "voice_url": "https://old.example/twilio/voice", "voice_method": "GET"}
    finding = examined(tmp_path, (ONE, wrong), then=mended)
    assert finding.state == "good"
