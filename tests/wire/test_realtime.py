"""Realtime server events, against the examples and the schema of the vendors' documents."""

import json
import re
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.wire import realtime
from bridge.wire.errors import WireError
from bridge.wire.realtime import Error, Item, ModelEvent, Unknown, Unused
from bridge.wire.usage import (
    CachedTokens,
    InputTokens,
    OutputTokens,
    TranscriptionUsage,
    Usage,
)
from tests.wire.vendor import Json, realtime_document, realtime_events

USER, SPOKEN = "item_Engfcj4a3dDVhYRnKTbxT", "item_EngfeNJFoBinF5aJXVuLk"
RESPONSE = "resp_EngfeSIc47WQAmL9xVQ2z"
USAGE = Usage(193, 132, 61, InputTokens(112, 20, 0, 64, CachedTokens(64)), OutputTokens(19, 42))
NOTHING = Usage(0, 0, 0, InputTokens(cached_tokens_details=CachedTokens()), OutputTokens())
SCHEMA_NAMES = ("ga", "preview", "azure_preview_2024_10_01")


def read(event: Json) -> ModelEvent:
    return realtime.parse(json.dumps(event))


def examples(dialect: str) -> list[ModelEvent]:
    return [read(event) for event in realtime_events("server", dialect)]


def problem(text: str | bytes) -> str:
    with pytest.raises(WireError) as raised:
        realtime.parse(text)
    assert raised.value.peer == "model"
    return raised.value.problem


def test_every_documented_ga_example_is_read() -> None:
    assert examples("ga") == [
        realtime.SessionCreated("sess_EngfYKy9Pf34qY6Nb3wWD", 1795514400),
        realtime.SpeechStarted(USER, 3296),
        realtime.SpeechStopped(USER, 5216),
        realtime.Committed(USER, None),
        realtime.ItemAdded(Item(USER, role="user", status="completed")),
        realtime.ResponseCreated(RESPONSE),
        realtime.OutputItemAdded(RESPONSE, Item(SPOKEN, role="assistant", status="in_progress")),
        Unused("response.content_part.added"),
        realtime.AudioDelta(RESPONSE, SPOKEN, b"\xff" * 6),
        realtime.TranscriptDelta(RESPONSE, SPOKEN, "Good"),
        realtime.AudioDone(RESPONSE, SPOKEN),
        Unused("response.output_audio_transcript.done"),
        Unused("response.function_call_arguments.done"),
        realtime.OutputItemDone(RESPONSE, Item(SPOKEN, role="assistant", status="completed")),
        realtime.ResponseDone(RESPONSE, "completed", usage=USAGE),
        Unused("conversation.item.input_audio_transcription.delta"),
        realtime.InputTranscript(
            USER,
            "Hello, where is my order?",
            TranscriptionUsage("tokens", 19, 9, InputTokens(audio_tokens=19)),
        ),
        realtime.ItemTruncated(SPOKEN, 1460),
        Unused("rate_limits.updated"),
        Unused("input_audio_buffer.timeout_triggered"),
        Error(
            "Cancellation failed: no active response found",
            "invalid_request_error",
            "response_cancel_not_active",
        ),
    ]


def test_preview_events_come_under_their_ga_names() -> None:
    ga = {type(event) for event in examples("ga")}
    preview = examples("preview")
    assert {type(event) for event in preview} <= ga
    assert realtime.SessionCreated("sess_EngfYKy9Pf34qY6Nb3wWD", 1795512600) in preview
    assert realtime.ItemAdded(Item(USER, role="user", status="completed")) in preview
    assert realtime.AudioDelta(RESPONSE, SPOKEN, b"\xff" * 6) in preview
    assert realtime.TranscriptDelta(RESPONSE, SPOKEN, "Good") in preview


def test_how_a_response_ended_is_told() -> None:
    other = "resp_EngfkzMcNU77sVTUUJ596"
    done = [event for event in examples("preview") if isinstance(event, realtime.ResponseDone)]
    assert done == [
        realtime.ResponseDone(other, "cancelled", "turn_detected", usage=NOTHING),
        realtime.ResponseDone(
            other,
            "failed",
            error_code="inference_rate_limit_exceeded",
            usage=Usage(0, 0, 0, InputTokens(), OutputTokens()),
        ),
    ]


def test_a_session_tells_its_effective_formats_in_either_layout() -> None:
    created = {d: realtime_events("server", d)[0]["session"] for d in ("ga", "preview")}
    for session in created.values():
        updated = read({"type": "session.updated", "session": session})
        assert updated == realtime.SessionUpdated("pcm16", "pcm16", hears_turns=True)
    ulaw = created["ga"] | {
        "audio": {"input": {"format": {"type": "audio/pcmu"}}, "output": {"format": None}}
    }
    assert read({"type": "session.updated", "session": ulaw}) == realtime.SessionUpdated(
        "g711_ulaw", None
    )
    preview = created["preview"] | {"output_audio_format": "g711_ulaw"}
    assert read({"type": "session.updated", "session": preview}) == realtime.SessionUpdated(
        "pcm16", "g711_ulaw", hears_turns=True
    )


@pytest.mark.parametrize(
    ("session", "unknown"),
    [
        ({}, ()),
        ({"audio": {}}, ()),
        ({"audio": {"input": "pcm16", "output": {"format": "pcm16"}}}, ()),
        (
            {"audio": {"input": {"format": {"type": 5}}, "output": {"format": {"type": "opus"}}}},
            ("opus",),
        ),
        ({"input_audio_format": "opus", "output_audio_format": None}, ("opus",)),
    ],
)
def test_a_session_that_names_no_format_we_know_is_no_error(
    session: Json, unknown: tuple[str, ...]
) -> None:
    updated = read({"type": "session.updated", "session": session})
    assert updated == realtime.SessionUpdated(None, None, unknown)


@pytest.mark.parametrize(
    ("session", "hears"),
    [
        ({"audio": {"input": {"turn_detection": None}}}, False),
        ({"audio": {"input": {"turn_detection": {"type": "server_vad"}}}}, True),
        ({"audio": {"input": {}}}, None),
        ({"turn_detection": {"type": "none"}}, False),
        ({"turn_detection": None}, False),
        ({"turn_detection": {"type": "server_vad"}}, True),
        ({"turn_detection": 7}, True),
    ],
)
def test_a_session_tells_whether_it_hears_turns(session: Json, hears: bool | None) -> None:
    updated = read({"type": "session.updated", "session": session})
    assert isinstance(updated, realtime.SessionUpdated)
    assert updated.hears_turns is hears


def test_a_function_call_is_read_from_its_item() -> None:
    item = {
        "id": "item_1",
        "type": "function_call",
        "status": "completed",
        "name": "lookup_order",
        "call_id": "call_1",
        "arguments": '{"number":"4711"}',
    }
    event = read({"type": "response.output_item.done", "response_id": "r", "item": item})
    assert event == realtime.OutputItemDone("r", Item(**item))


def test_a_failed_transcription_and_a_deletion_are_read() -> None:
    failed = read(
        {
            "type": "conversation.item.input_audio_transcription.failed",
            "item_id": "item_1",
            "content_index": 0,
            "error": {"type": "server_error", "message": "Input transcription failed"},
        }
    )
    assert failed == realtime.InputTranscriptFailed(
        "item_1", Error("Input transcription failed", "server_error")
    )
    deleted = read({"type": "conversation.item.deleted", "item_id": "item_1"})
    assert deleted == realtime.ItemDeleted("item_1")


def sample(wanted: str, schemas: Json) -> object:
    """The least that satisfies a documented type."""
    kind = re.sub(r" \(.*\)$", "", wanted).split("|")[0]
    plain: Json = {"string": "", "integer": 0, "number": 0.5, "boolean": True, "null": None}
    if kind in plain:
        return plain[kind]
    if kind.startswith('"'):
        return kind.strip('"')
    if kind.startswith("array<"):
        return []
    if kind.startswith(("map<", "any", "{")):
        return {}
    schema = schemas[kind]
    if "one_of" in schema:
        return sample(schema["one_of"][0], schemas)
    return {key: sample(inner, schemas) for key, inner in schema["required"].items()}


@pytest.mark.parametrize("dialect", SCHEMA_NAMES)
def test_every_documented_event_is_read_with_its_required_keys_alone(dialect: str) -> None:
    document = realtime_document()["dialects"][dialect]
    kinds = set()
    for spec in document["server_events"]:
        event = {key: sample(kind, document["schemas"]) for key, kind in spec["required"].items()}
        if "item" in event and isinstance(event["item"], dict):
            event["item"].setdefault("id", "item_1")  # optional by the schema, always sent
        if "response" in event and isinstance(event["response"], dict):
            event["response"].setdefault("id", "resp_1")
        kinds.add(type(read(event)))
    assert {realtime.AudioDelta, realtime.ResponseDone, realtime.SpeechStarted, Error} <= kinds


def test_unknown_events_pass_by_name() -> None:
    assert read({"type": "response.hologram.delta", "delta": 5}) == Unknown(
        "response.hologram.delta"
    )


def test_unknown_keys_pass() -> None:
    event = {"type": "response.audio.delta", "response_id": "r", "item_id": "i", "delta": "////"}
    assert read(event | {"obfuscation": "hbKWaqwA7ya", "later": {"a": []}}) == read(event)


def test_a_response_may_tell_nothing_but_its_id() -> None:
    # Azure, 2024-10-01-preview: neither conversation nor formats, and details may be null.
    done = {"type": "response.done", "response": {"id": "r", "status_details": None}}
    assert read(done) == realtime.ResponseDone("r", "in_progress")


@given(st.binary(max_size=1000))
def test_audio_of_any_length_is_decoded(audio: bytes) -> None:
    event = {
        "type": "response.output_audio.delta",
        "response_id": "r",
        "item_id": "i",
        "content_index": 1,
        "delta": b64encode(audio).decode(),
    }
    assert read(event) == realtime.AudioDelta("r", "i", audio, 1)
    event["delta"] = b64encode(audio).decode().rstrip("=")
    assert read(event) == realtime.AudioDelta("r", "i", audio, 1)


@pytest.mark.parametrize(
    ("event", "named"),
    [
        ({"type": "response.output_audio.delta", "response_id": "r", "item_id": "i"}, "delta"),
        (
            {"type": "response.audio.delta", "response_id": "r", "item_id": "i", "delta": "*"},
            "$.delta",
        ),
        ({"type": "response.created", "response": {}}, "id"),
        ({"type": "response.done"}, "response"),
        ({"type": "input_audio_buffer.speech_started", "item_id": 5}, "$.item_id"),
        ({"type": "session.created", "session": []}, "$.session"),
        ({"type": "error", "error": {"message": 5}}, "$.error.message"),
        ({"type": "conversation.item.truncated", "item_id": "i", "audio_end_ms": "x"}, "$.audio"),
    ],
)
def test_a_malformed_event_is_one_problem_that_names_the_field(event: Json, named: str) -> None:
    assert re.match(
        f"malformed '{event['type']}' event: .*{re.escape(named)}", problem(json.dumps(event))
    )


@pytest.mark.parametrize(
    "text", ["", "[1]", "{}", '{"type":null}', b"\xff", '{"type":"error","x":' + "[" * 100_000]
)
def test_what_is_no_event_at_all_is_a_problem_too(text: str | bytes) -> None:
    assert problem(text).startswith("not a Realtime event")


def test_a_problem_never_holds_the_payload() -> None:
    secret = "what the assistant said"
    event = {"type": "response.audio.delta", "response_id": "r", "item_id": "i", "delta": secret}
    assert secret not in problem(json.dumps(event))
    assert secret not in problem(json.dumps(event | {"delta": [secret]}))
