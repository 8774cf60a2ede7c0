"""Twilio's webhooks, over loopback sockets."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlencode

import pytest
from websockets.asyncio.client import ClientConnection

from bridge.cli.loop import run
from bridge.sim.carrier.caller import AfterAgent, HangUp, ScriptedCaller
from bridge.sim.carrier.profile import StreamProfile
from bridge.sim.carrier.signing import signature
from bridge.sim.carrier.webhook import Response as CarrierResponse
from bridge.sim.model.profile import ModelProfile
from tests.support.ends import ACCOUNT_SID, sid
from tests.support.house import AUTH_TOKEN, FROM, TO, House, standing, start, until
from tests.support.stores import kept

TWIML = {"content-type": "text/xml; charset=utf-8"}


def check(tmp_path: Path, test: Callable[[House], Awaitable[None]], **more: str) -> None:
    async def main() -> None:
        async with asyncio.timeout(20), standing(tmp_path, more) as house:
            await test(house)

    run(main())


async def until_closed(socket: ClientConnection) -> None:
    async for _ in socket:
        pass


def test_a_call_is_handed_to_its_media_socket(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        answer = await house.post("/twilio/voice")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/xml")
        stream = house.origin.replace("http", "ws") + "/twilio/media/"
        assert f'<Connect action="{house.origin}/twilio/action"' in answer.text
        assert f'<Stream statusCallback="{house.origin}/twilio/stream-status"' in answer.text
        assert f'url="{stream}' in answer.text
        assert answer.text.endswith("</Connect><Hangup /></Response>")

    check(tmp_path, test)


def test_a_repeated_webhook_gets_the_same_document_and_one_model_connection(
    tmp_path: Path,
) -> None:
    async def test(house: House) -> None:
        one, other = await asyncio.gather(house.post("/twilio/voice"), house.post("/twilio/voice"))
        assert one.text == other.text
        await asyncio.sleep(0.2)
        assert house.opened == 1

    check(tmp_path, test, OFFHOOK_MAX_CALLS="1")


def test_the_public_origin_is_what_was_signed_and_what_is_told(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        answer = await house.post("/twilio/voice")  # signs house.origin, the public one
        assert answer.status_code == 200
        assert 'url="wss://phone.example.com/twilio/media/' in answer.text
        assert 'action="https://phone.example.com/twilio/action"' in answer.text

    check(tmp_path, test, OFFHOOK_PUBLIC_URL="https://phone.example.com")


@pytest.mark.parametrize("path", ["voice", "action", "status", "stream-status"])
@pytest.mark.parametrize("signed", [None, "another-token", ""])
def test_what_twilio_did_not_sign_is_refused(
    tmp_path: Path, path: str, signed: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    async def test(house: House) -> None:
        answer = await house.post(f"/twilio/{path}", signed=signed)
        assert answer.status_code == 403
        assert house.opened == 0
        url = f"{house.origin}/twilio/{path}"
        (line,) = [r.getMessage() for r in caplog.records if "signature" in r.getMessage()]
        assert line.count(url) == 2  # expected and received
        assert "OFFHOOK_PUBLIC_URL" in line and "TWILIO_AUTH_TOKEN" in line
        assert AUTH_TOKEN not in line

    with caplog.at_level(logging.WARNING):
        check(tmp_path, test)


def test_a_signature_over_another_origin_is_refused_with_both_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        more = {"OFFHOOK_PUBLIC_URL": "https://phone.example.com"}
        async with asyncio.timeout(20), standing(tmp_path, more) as house:
            received = f"http://127.0.0.1:{house.port}/twilio/voice"
            fields = {"CallSid": sid(1), "AccountSid": ACCOUNT_SID}
            headers = {"X-Twilio-Signature": signature(AUTH_TOKEN, received, fields.items())}
            answer = await house.http.post(received, data=fields, headers=headers)
            assert answer.status_code == 403
            (line,) = [r.getMessage() for r in caplog.records if "signature" in r.getMessage()]
            assert "https://phone.example.com/twilio/voice" in line and received in line

    with caplog.at_level(logging.WARNING):
        run(main())


def test_every_token_is_good_while_one_is_rotated(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        for token in ("old-token-000000", "new-token-000000"):
            assert (await house.post("/twilio/voice", signed=token)).status_code == 200
        assert (await house.post("/twilio/voice")).status_code == 403

    check(tmp_path, test, TWILIO_AUTH_TOKEN="old-token-000000, new-token-000000")


def test_blank_repeated_and_odd_fields_are_signed_as_twilio_signs_them(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        fields = [
            ("CallSid", sid(1)),
            ("AccountSid", ACCOUNT_SID),
            ("CallerName", ""),
            ("Digits", "1"),
            ("Digits", "2"),
            ("FromCity", "Zürich ❤ & + %"),
        ]
        url = f"{house.origin}/twilio/voice"
        headers = {
            "X-Twilio-Signature": signature(AUTH_TOKEN, url, fields),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        answer = await house.http.post(url, content=urlencode(fields), headers=headers)
        assert answer.status_code == 200

    check(tmp_path, test)


def test_a_query_string_is_part_of_what_is_signed(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        assert (await house.post("/twilio/voice?line=a%20b&x=")).status_code == 200

    check(tmp_path, test)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"AccountSid": "AC" + "b" * 32}, 403),
        ({"AccountSid": None}, 403),
        ({"CallSid": None}, 400),
        ({"CallSid": ""}, 400),
        ({"CallSid": "../../etc/passwd"}, 400),
    ],
)
def test_fields_that_cannot_be_right_are_refused(
    tmp_path: Path, changes: dict[str, str | None], status: int
) -> None:
    async def test(house: House) -> None:
        assert (await house.post("/twilio/voice", changes)).status_code == status
        assert house.opened == 0

    check(tmp_path, test)


def test_bodies_that_are_no_form_are_refused(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        assert (await house.post("/twilio/voice", body=b"\xff\xfe\x00")).status_code == 403
        huge = b"a=" + b"x" * 100_000
        assert (await house.post("/twilio/voice", body=huge)).status_code == 413
        assert (await house.http.get("/twilio/voice")).status_code == 405
        assert (await house.http.get("/docs")).status_code == 404
        assert (await house.http.get("/openapi.json")).status_code == 404

    check(tmp_path, test)


def test_an_unused_model_connection_is_closed_after_its_time(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        await house.post("/twilio/voice")
        await until(lambda: house.model.sessions)
        await until(lambda: not len(house.server.registry._warm))
        assert house.server.registry.running == 0

    check(tmp_path, test, OFFHOOK_WARM_MODEL_TTL_S="1")


def test_beyond_the_last_line_callers_are_told(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        assert (await house.http.get("/readyz")).status_code == 200
        await house.post("/twilio/voice", {"CallSid": sid(1)})
        answer = await house.post("/twilio/voice", {"CallSid": sid(2)})
        assert answer.status_code == 200
        assert "<Say>All our lines are busy." in answer.text
        assert answer.text.endswith("<Hangup /></Response>")
        ready = await house.http.get("/readyz")
        assert (ready.status_code, ready.json()) == (503, {"ready": False})
        assert (await house.http.get("/healthz")).json()["calls"] == 0
        gone = await house.post("/twilio/status", {"CallSid": sid(1), "CallStatus": "no-answer"})
        assert gone.status_code == 204
        assert (await house.http.get("/readyz")).status_code == 200

    check(tmp_path, test, OFFHOOK_MAX_CALLS="1")


def test_the_call_status_ends_a_call_whose_socket_is_half_open(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        async with house.media(await house.stream_url()) as socket:
            await socket.send(start(1))
            assert (await house.http.get("/healthz")).json()["calls"] == 1
            for status in ("ringing", "in-progress"):
                await house.post("/twilio/status", {"CallStatus": status})
            assert house.server.registry.running == 1
            await house.post("/twilio/status", {"CallStatus": "completed"})
            await until_closed(socket)
        assert socket.close_code == 1000

    check(tmp_path, test)


@pytest.mark.parametrize(
    ("profile", "sorry"),
    [
        (ModelProfile(first_delta_ms=20), False),
        (ModelProfile(drop_at_event=3), True),
        (ModelProfile(server_errors=frozenset({1, 2})), True),
        (ModelProfile(api_keys=frozenset({"another"})), True),
    ],
)
def test_the_action_says_sorry_only_where_we_failed(
    tmp_path: Path, profile: ModelProfile, sorry: bool
) -> None:
    async def main() -> None:
        async with asyncio.timeout(20), standing(tmp_path, profile=profile) as house:
            caller = ScriptedCaller([HangUp(AfterAgent(quiet_ms=200), no_later_than_s=3)])
            result = await house.call(caller, stream_profile=StreamProfile(start_delay_ms=20))
            answers = [
                exchange.answer.body.decode()
                for exchange in result.exchanges
                if exchange.request.purpose == "action"
                and isinstance(exchange.answer, CarrierResponse)
            ]
            assert [("went wrong" in answer) for answer in answers] == ([True] if sorry else [])
            assert {error.code for error in result.errors} <= {31921}  # closed by us
            final = (await house.post("/twilio/action", {"CallSid": result.call_sid})).text
            assert ("went wrong" in final) is sorry
            assert final.endswith("<Hangup /></Response>")

    run(main())


def test_an_action_nobody_knows_of_says_sorry(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        assert "went wrong" in (await house.post("/twilio/action", {"CallSid": sid(9)})).text

    check(tmp_path, test)


def test_what_the_stream_status_reports_is_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def test(house: House) -> None:
        told = {"StreamEvent": "stream-error", "StreamError": "31921 - server closed"}
        assert (await house.post("/twilio/stream-status", told)).status_code == 204
        assert "31921 - server closed" in caplog.text

    check(tmp_path, test)


def test_what_is_known_of_a_call_is_kept_in_the_store(tmp_path: Path) -> None:
    async def test(house: House) -> None:
        caller = ScriptedCaller([HangUp(AfterAgent(quiet_ms=200))])
        result = await house.call(caller, stream_profile=StreamProfile(start_delay_ms=20))
        until_there = 500
        unfinished = ("", "process died")  # as it stands in the store while it runs
        while not (calls := await kept(tmp_path)) or calls[0].outcome in unfinished:
            await asyncio.sleep(0.01)
            until_there -= 1
            assert until_there
        (call,) = calls
        assert (call.call_sid, call.outcome) == (result.call_sid, "caller hung up")
        assert (call.agent, call.version, call.route) == ("Offhook", 0, "")
        assert (call.caller, call.called) == (FROM, TO)
        assert [line.heard for line in call.lines] == ["hello"]
        assert call.errors == call.malformed == {}
        assert tmp_path.joinpath("offhook.db").stat().st_mode & 0o077 == 0

    check(tmp_path, test)
