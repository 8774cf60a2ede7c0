"""The short way of an append says what the careful way says."""

import json
import random

import pytest

from bridge.sim.model.frames import MAX_APPEND_BYTES, appended, audio_bytes, parsed
from bridge.sim.model.refusal import Refusal
from bridge.sim.model.shapes import EVENT_ID_CHARS
from tests.sim.model.client import Client, error

APPEND = "input_audio_buffer.append"


def event(audio: str, **more: object) -> str:
    return json.dumps({"type": APPEND, "audio": audio, **more}, ensure_ascii=False)


def careful(frame: str) -> bytes | None:
    try:
        return audio_bytes(parsed(frame)["audio"])
    except Refusal:
        return None


@pytest.mark.parametrize(
    "frame",
    [
        event("AAAA"),
        event(""),
        event("AAA=", event_id="mine"),
        event("AA==", event_id=None),
        event("+/+/", event_id="é" * EVENT_ID_CHARS),
        '{"audio":"AAAA","type":"input_audio_buffer.append"}',
        ' { "type" : "input_audio_buffer.append" , "audio" : "AAAA" } ',
    ],
)
def test_an_append_in_order_goes_the_short_way(frame: str) -> None:
    audio = appended(frame)
    assert audio is not None
    assert audio == careful(frame)


@pytest.mark.parametrize(
    "frame",
    [
        event("A"),
        event("AAA"),
        event("AA A"),
        event("AA-_"),
        event("AAAA", event_id="x" * (EVENT_ID_CHARS + 1)),
        event("AAAA", event_id=1),
        event("AAAA", more=1),
        '{"type":"input_audio_buffer.append"}',
        '{"type":"input_audio_buffer.append","audio":null}',
        '{"type":"input_audio_buffer.append","audio":"AAAA"',
        '{"type":"input_audio_buffer.append","audio":"AAAA"} x',
        '["input_audio_buffer.append"]',
    ],
)
def test_an_append_with_a_fault_is_refused_as_ever(frame: str) -> None:
    assert appended(frame) is None
    client = Client()
    assert error(client.send_text(frame))["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    "frame",
    [
        '{"type":"input_audio_buffer.clear"}',
        '{"type":"response.create","event_id":"input_audio_buffer.append"}',
        b'{"type":"input_audio_buffer.append","audio":"AAAA"}',
    ],
)
def test_other_events_go_the_careful_way(frame: str | bytes) -> None:
    assert appended(frame) is None


def test_whatever_is_taken_as_audio_the_careful_way_takes_too() -> None:
    chance = random.Random(3)
    taken = 0
    for _ in range(20_000):
        audio = "".join(
            chance.choices("ABab09+/=- \n", [6] * 8 + [3, 1, 1, 1], k=chance.randint(0, 9))
        )
        data = appended(event(audio))
        if data is not None:
            taken += 1
            assert data == careful(event(audio)), audio
    assert taken > 1_000


def test_too_much_audio_in_one_event_is_refused() -> None:
    frame = event("A" * ((MAX_APPEND_BYTES // 3 + 1) * 4))
    assert appended(frame) is None
    assert careful(frame) is None
