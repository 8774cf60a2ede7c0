"""Media Streams, both ways, against the messages of Twilio's documents."""

import base64
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.wire import twilio
from bridge.wire.errors import WireError
from tests.wire.vendor import Json, twilio_messages

SID = "MZ0123456789abcdef0123456789abcdef"
AUDIO = bytes([255, 127]) * 80
START: Json = {
    "event": "start",
    "streamSid": SID,
    "start": {
        "accountSid": "AC0123456789abcdef0123456789abcdef",
        "callSid": "CA0123456789abcdef0123456789abcdef",
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
    },
}


def media(**fields: object) -> str:
    return json.dumps({"event": "media", "streamSid": SID, "media": fields})


def problem(text: str | bytes) -> str:
    with pytest.raises(WireError) as raised:
        twilio.parse(text)
    assert raised.value.peer == "carrier"
    assert str(raised.value) == f"carrier: {raised.value.problem}"
    return raised.value.problem


def test_every_documented_message_of_the_carrier_is_read() -> None:
    assert [twilio.parse(json.dumps(message)) for message in twilio_messages("carrier")] == [
        twilio.Connected(),
        twilio.Start(
            stream_sid=SID,
            call_sid="CA0123456789abcdef0123456789abcdef",
            account_sid="AC0123456789abcdef0123456789abcdef",
            encoding="audio/x-mulaw",
            rate_hz=8000,
            channels=1,
            parameters={"tenant": "7"},
        ),
        twilio.Media(AUDIO, 118),
        twilio.Dtmf("5"),
        twilio.Mark("r7-c3"),
        twilio.Stop(),
    ]


def test_our_messages_are_the_documented_ones_to_the_key() -> None:
    ours = [
        twilio.serialize(message, SID)
        for message in (twilio.Media(AUDIO), twilio.Mark("r7-c3"), twilio.Clear())
    ]
    assert [json.loads(text) for text in ours] == twilio_messages("server")


@given(st.binary(max_size=400))
def test_any_payload_goes_out_as_plain_base64(payload: bytes) -> None:
    sent = json.loads(twilio.serialize(twilio.Media(payload, 123), SID))
    assert base64.b64decode(sent["media"]["payload"], validate=True) == payload
    assert list(sent["media"]) == ["payload"]


@given(st.binary(max_size=400), st.integers(min_value=0, max_value=2**40))
def test_audio_of_any_length_comes_in_whole(payload: bytes, timestamp_ms: int) -> None:
    encoded = base64.b64encode(payload).decode()
    read = twilio.parse(media(track="inbound", timestamp=str(timestamp_ms), payload=encoded))
    assert read == twilio.Media(payload, timestamp_ms)


def test_bytes_are_read_like_text() -> None:
    assert twilio.parse(b'{"event":"stop"}') == twilio.Stop()


def test_custom_parameters_may_be_absent() -> None:
    read = twilio.parse(json.dumps(START))
    assert isinstance(read, twilio.Start)
    assert read.parameters == {}


@pytest.mark.parametrize(
    ("said", "read"),
    [
        (None, {}),
        ([], {}),
        ("tenant", {}),
        ({"a": "7", "b": 7}, {"a": "7", "b": "7"}),
        ({"c": None, "d": {"é": [1.5, True]}}, {"c": "null", "d": '{"é":[1.5,true]}'}),
    ],
)
def test_custom_parameters_of_any_shape_let_the_call_begin(
    said: object, read: dict[str, str]
) -> None:
    start = twilio.parse(json.dumps(START | {"start": START["start"] | {"customParameters": said}}))
    assert isinstance(start, twilio.Start)
    assert start.parameters == read


def test_audio_that_names_another_stream_is_passed_over() -> None:
    text = media(timestamp="5", payload="VQ==")
    assert twilio.parse(text) == twilio.parse(text, SID) == twilio.Media(b"\x55", 5)
    assert twilio.parse(text, "MZ" + "0" * 32) == twilio.Unknown("media of another stream")
    nameless = '{"event":"media","media":{"payload":"VQ==","timestamp":"5"}}'
    assert twilio.parse(nameless, SID) == twilio.Media(b"\x55", 5)


def test_unknown_fields_pass() -> None:
    text = '{"event":"mark","later":[1],"mark":{"name":"0.1","also":{}},"sequenceNumber":"9"}'
    assert twilio.parse(text) == twilio.Mark("0.1")


def test_unknown_events_pass_by_name() -> None:
    assert twilio.parse('{"event":"weather","media":5}') == twilio.Unknown("weather")


def test_the_other_track_is_not_the_caller() -> None:
    # <Start><Stream track="both_tracks"> sends what the caller hears as well.
    assert twilio.parse(media(track="outbound", payload="")) == twilio.Unknown("media.outbound")


def test_an_announced_format_is_handed_on_whatever_it_is() -> None:
    start = START["start"] | {
        "mediaFormat": {"encoding": "audio/l16", "sampleRate": "16000", "channels": 2}
    }
    read = twilio.parse(json.dumps(START | {"start": start}))
    assert isinstance(read, twilio.Start)
    assert (read.encoding, read.rate_hz, read.channels) == ("audio/l16", 16000, 2)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (media(timestamp="118"), "payload"),
        (media(payload="not base64!", timestamp="118"), "$.media.payload"),
        (media(payload="////", timestamp="soon"), "$.media.timestamp"),
        (media(payload=7), "$.media.payload"),
        ('{"event":"mark","mark":{}}', "name"),
        ('{"event":"mark"}', "mark"),
        ('{"event":"dtmf","dtmf":{"digit":null}}', "$.dtmf.digit"),
        (json.dumps(START | {"start": {}}), "accountSid"),
        (json.dumps(START | {"streamSid": 'MZ","x":"y'}), "$.streamSid"),
        (json.dumps(START | {"streamSid": SID + "\n"}), "$.streamSid"),
    ],
)
def test_a_malformed_message_is_one_problem_that_names_the_field(text: str, named: str) -> None:
    event = json.loads(text)["event"]
    assert re.match(f"malformed '{event}' message: .*{re.escape(named)}", problem(text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "[]",
        "{}",
        '{"event":5}',
        '{"event":"media"',
        b"\xff\xfe",
        b'{"event":"\xff"}',
        '{"event":"stop","x":' + "[" * 100_000 + "]" * 100_000 + "}",
    ],
)
def test_what_is_no_message_at_all_is_a_problem_too(text: str | bytes) -> None:
    assert problem(text).startswith("not a Media Streams message")


def test_a_problem_never_holds_the_payload() -> None:
    secret = base64.b64encode(b"what the caller said").decode()
    for fields in ({"payload": secret + "*"}, {"payload": [secret]}, {"timestamp": secret}):
        assert secret not in problem(media(**fields))
