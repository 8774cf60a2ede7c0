"""What is remembered of sessions, in virtual time and over HTTP."""

import asyncio
import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.asyncio.client import connect

import bridge.sim.model.records as limits
from bridge.sim.model.dialect import DIALECTS, Dialect
from bridge.sim.model.profile import ModelProfile
from bridge.sim.model.records import Records, SessionRecord
from bridge.sim.model.reply import Reply, Spoken
from bridge.sim.model.scripted import ScriptedMind
from bridge.sim.model.server import Serving, serve
from bridge.sim.voice.scripted import ScriptedVoice
from bridge.sim.voice.timecode import encode
from tests.sim.model.client import Client

REPLY = Reply((Spoken("Good morning.", 1_000),))


@pytest.fixture(params=DIALECTS, ids=lambda dialect: dialect.name)
def held(request: pytest.FixtureRequest) -> Iterator[tuple[Client, SessionRecord]]:
    """A client whose session is recorded; it has spoken and been answered."""
    dialect: Dialect = request.param
    record = SessionRecord(1, "gpt-realtime", 0.0)
    client = Client(dialect, record=record, replies=(REPLY,))
    client.talk(600)
    client.hush(400)
    client.wait(5_000)
    yield client, record


def test_appends_are_told_with_their_times(held: tuple[Client, SessionRecord]) -> None:
    _, record = held
    told = record.told()
    assert told["arrivals"][:2] == [(0.02, 20), (0.04, 40)]
    assert len(told["arrivals"]) == 50
    assert (told["appended_ms"], told["format"]) == (1_000, "pcm16")


def test_turns_are_told_as_they_were_sent(held: tuple[Client, SessionRecord]) -> None:
    client, record = held
    told = record.told()
    for name, event, field in (
        ("speech_started", "input_audio_buffer.speech_started", "audio_start_ms"),
        ("speech_stopped", "input_audio_buffer.speech_stopped", "audio_end_ms"),
    ):
        (sent,) = client.of(event)
        ((at, position),) = told[name]
        assert position == sent[field]
        assert at == client.times[client.events.index(sent)]


def test_each_delta_is_told_with_how_much_was_sent_by_then(
    held: tuple[Client, SessionRecord],
) -> None:
    client, record = held
    (item,) = record.told()["items"]
    deltas = client.of("response.output_audio.delta")
    assert item["id"] == deltas[0]["item_id"]
    assert (item["stream"], item["generated_ms"]) == (0, 1_000)
    sent, wanted = 0.0, []
    for delta in deltas:
        sent += len(base64.b64decode(delta["delta"])) / 48
        wanted.append((client.times[client.events.index(delta)], sent))
    assert item["deltas"] == wanted


def test_truncations_are_told_granted_or_not(held: tuple[Client, SessionRecord]) -> None:
    client, record = held
    (item,) = record.told()["items"]
    for end_ms in (500, 9_000):
        client.send(
            "conversation.item.truncate", item_id=item["id"], content_index=0, audio_end_ms=end_ms
        )
    told = record.told()
    assert [(t["audio_end_ms"], t["accepted"]) for t in told["truncations"]] == [
        (500, True),
        (9_000, False),
    ]
    assert {t["at"] for t in told["truncations"]} == {client.now}
    (error,) = told["errors"]
    assert (error["code"], error["at"]) == ("invalid_value", client.now)
    client.send("conversation.item.delete", item_id=item["id"])
    assert record.told()["deleted"] == [item["id"]]


def test_a_response_is_told_with_its_end(held: tuple[Client, SessionRecord]) -> None:
    client, record = held
    client.send("response.create")
    client.wait(400)
    client.send("response.cancel")
    first, second = record.told()["responses"]
    assert (first["status"], first["reason"]) == ("completed", None)
    assert (second["status"], second["reason"]) == ("cancelled", "client_cancelled")
    assert second["created_at"] > first["created_at"]


def told_by(records: Records, after: int | None = None) -> Any:
    return json.loads(asyncio.run(records.told(after, 3.0)))


def test_who_asks_again_is_told_what_was_closed_since_in_whatever_order_it_was_opened() -> None:
    records = Records()
    long = records.open("m", 0.0)
    records.close(records.open("m", 1.0), 2.0)
    first = told_by(records, 0)
    assert [session["number"] for session in first["sessions"]] == [2]
    records.close(long, 3.0)
    second = told_by(records, first["closings"])
    assert [session["number"] for session in second["sessions"]] == [1]
    assert told_by(records, second["closings"])["sessions"] == []


def test_of_closed_sessions_only_so_much_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "TOLD_BYTES", 1_000)
    records = Records()
    for _ in range(20):
        records.close(records.open("m", 1.0), 2.0)
    numbers = [session["number"] for session in told_by(records)["sessions"]]
    assert 1 <= len(numbers) < 10 and numbers[-1] == 20


def test_the_oldest_closed_sessions_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CLOSED_SESSIONS", 2)
    records = Records()
    still_open = records.open("m", 0.0)
    for _ in range(3):
        records.close(records.open("m", 1.0), 2.0)
    told = told_by(records)
    assert [session["number"] for session in told["sessions"]] == [3, 4, still_open.number]
    assert [session["closed_at"] for session in told["sessions"]] == [2.0, 2.0, None]


def test_of_one_session_only_so_many_arrivals_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ARRIVALS_OF_ONE", 3)
    record = SessionRecord(1, "m", 0.0)
    for number in range(5):
        record.appended(bytes(320), 8_000, "g711_ulaw", 20 * (number + 1), float(number))
    told = record.told()
    assert (len(told["arrivals"]), told["appended_ms"]) == (3, 100)


# --- over HTTP --------------------------------------------------------------------------------


async def get(serving: Serving, target: str) -> tuple[int, Any]:
    reader, writer = await asyncio.open_connection(serving.host, serving.port)
    writer.write(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


async def call(serving: Serving) -> None:
    """A caller who speaks in time code."""
    url = f"{serving.ws_url}/openai/v1/realtime?model=phone"
    async with connect(url, additional_headers={"api-key": "k"}) as socket:
        pcm = encode(5, 1_000, 24_000) + bytes(48 * 500)
        for at in range(0, len(pcm), 960):
            audio = base64.b64encode(pcm[at : at + 960]).decode()
            await socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))
        while json.loads(await socket.recv())["type"] != "response.done":
            pass


def test_records_are_told_over_http() -> None:
    async def main() -> None:
        async with (
            asyncio.timeout(20),
            serve(
                "127.0.0.1",
                0,
                voice=ScriptedVoice(),
                mind_factory=lambda: ScriptedMind((REPLY,)),
                profile=ModelProfile(first_delta_ms=0, speed=0),
                records=Records(),
            ) as serving,
        ):
            await call(serving)
            await call(serving)
            status, told = await get(serving, "/records")
            assert status == 200
            first, second = told["sessions"]
            assert (first["number"], second["number"]) == (1, 2)
            assert first["caller"] == [[0, 5, 0, 50]]
            assert first["opened_at"] < first["closed_at"] <= told["now"]
            _, told = await get(serving, "/records?after=1")
            assert [session["number"] for session in told["sessions"]] == [2]
            status, told = await get(serving, "/records?after=x")
            assert status == 400 and told["error"]

    asyncio.run(main())


def test_a_server_without_records_has_none() -> None:
    async def main() -> None:
        async with serve(
            "127.0.0.1", 0, voice=ScriptedVoice(), mind_factory=lambda: ScriptedMind((REPLY,))
        ) as serving:
            status, _ = await get(serving, "/records")
            assert status == 404

    asyncio.run(main())
