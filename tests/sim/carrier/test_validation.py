"""What Twilio accepts and what it would only mention in its error log."""

import base64
import json
import math

import numpy as np
import pytest

from bridge.sim.carrier.line import mulaw
from bridge.sim.carrier.validation import (
    HUGE_BYTES,
    Clear,
    Mark,
    Media,
    Refused,
    objections,
    read,
)

SID = "MZ" + "0" * 32
PAYLOAD = base64.b64encode(b"\x11" * 160).decode()


def media(**changes: object) -> str:
    message: dict[str, object] = {
        "event": "media",
        "streamSid": SID,
        "media": {"payload": PAYLOAD},
    }
    return json.dumps({**message, **changes})


def code_of(frame: str | bytes) -> int:
    with pytest.raises(Refused) as refused:
        read(frame, SID)
    return refused.value.code


def test_the_three_messages_are_read() -> None:
    assert read(media(), SID) == Media(b"\x11" * 160)
    mark = {"event": "mark", "streamSid": SID, "mark": {"name": "r7-c3"}}
    assert read(json.dumps(mark), SID) == Mark("r7-c3")
    assert read(json.dumps({"event": "clear", "streamSid": SID}), SID) == Clear()


def test_a_binary_frame_cannot_be_decoded() -> None:
    assert code_of(media().encode()) == 31950


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "{",
        "[]",
        "null",
        '"clear"',
        "{}",
        json.dumps({"event": "hangup", "streamSid": SID}),
        json.dumps({"event": "dtmf", "streamSid": SID, "dtmf": {"digit": "1"}}),
        json.dumps({"event": ["media"], "streamSid": SID}),
        json.dumps({"event": "media", "media": {"payload": PAYLOAD}}),
        json.dumps({"event": "media", "streamSid": SID}),
        json.dumps({"event": "mark", "streamSid": SID}),
        json.dumps({"event": "clear"}),
        json.dumps({"event": "clear", "streamSid": SID, "clear": {}}),
        media(sequenceNumber="1"),
        media(streamSid="MZ" + "1" * 32),
        media(streamSid=None),
        media(media=PAYLOAD),
        media(media={"payload": PAYLOAD, "track": "outbound"}),
        media(media={"payload": PAYLOAD, "timestamp": "5"}),
        media(media={}),
        media(media={"payload": 7}),
        media(media={"payload": PAYLOAD[:-2]}),
        media(media={"payload": PAYLOAD[:5] + "\n" + PAYLOAD[5:]}),
        media(media={"payload": "/-+_"}),
        media(media={"payload": "ÄÄÄÄ"}),
        media(media={"payload": PAYLOAD + "===="}),
        json.dumps({"event": "mark", "streamSid": SID, "mark": {"name": 1}}),
        json.dumps({"event": "mark", "streamSid": SID, "mark": {}}),
        json.dumps({"event": "mark", "streamSid": SID, "mark": {"name": "a", "id": 1}}),
    ],
)
def test_anything_else_is_an_invalid_message(frame: str) -> None:
    assert code_of(frame) == 31951


def test_a_file_header_is_audio_to_the_carrier_and_an_objection_to_us() -> None:
    assert [code for code, _ in objections(b"RIFF" + bytes(40))] == [101]
    assert [code for code, _ in objections(b".snd" + bytes(40))] == [101]


def test_empty_and_huge_payloads_are_objected_to() -> None:
    assert [code for code, _ in objections(b"")] == [102]
    assert [code for code, _ in objections(b"\xff" * (HUGE_BYTES + 1))] == [103]
    assert objections(b"\xff" * 160) == []


def speech(n_samples: int, amplitude: float) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return np.random.default_rng(1).normal(0.0, amplitude, n_samples)


@pytest.mark.parametrize("amplitude", [100, 500, 1000])
def test_pcm16_sent_as_mu_law_is_objected_to(amplitude: float) -> None:
    little = speech(800, amplitude).astype("<i2").tobytes()
    big = speech(800, amplitude).astype(">i2").tobytes()
    assert [code for code, _ in objections(little)] == [104]
    assert [code for code, _ in objections(big)] == [104]


@pytest.mark.parametrize("amplitude", [0, 3, 30, 100, 300, 1000, 3000, 10000, 32000])
def test_mu_law_at_any_level_is_not_taken_for_pcm16(amplitude: float) -> None:
    assert objections(mulaw(speech(800, amplitude))) == []
    for hz in (200, 440, 997, 1000, 2000, 3999, 4000):
        tone = [amplitude * math.sin(2 * math.pi * hz * k / 8000) for k in range(800)]
        assert objections(mulaw(np.array(tone))) == []
