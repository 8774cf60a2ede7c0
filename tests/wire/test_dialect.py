"""What we say to the model: in each dialect only what that dialect documents."""

import base64
import json
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from openai.types.beta.realtime import RealtimeClientEvent as PreviewClientEvent
from openai.types.realtime import RealtimeClientEvent as GaClientEvent
from pydantic import BaseModel, TypeAdapter

from bridge.wire.dialect import (
    GA,
    PREVIEW,
    PREVIEW_2024_10,
    Append,
    CancelResponse,
    CreateResponse,
    DeleteItem,
    Dialect,
    FunctionOutput,
    ModelMessage,
    SessionUpdate,
    SystemText,
    Truncate,
    UserText,
    azure_dialect,
    azure_url,
    openai_url,
    serialize,
    websocket_origin,
)
from bridge.wire.session import AudioFormat, SessionConfig, Tool, Transcription, TurnDetection
from tests.wire.documented import problems
from tests.wire.vendor import Json, realtime_events

DIALECTS = (GA, PREVIEW, PREVIEW_2024_10)
LOOKUP = Tool(
    "lookup_order",
    "Find an order by its number.",
    {"type": "object", "properties": {"number": {"type": "string"}}, "required": ["number"]},
)
TELEPHONE = SessionConfig(
    instructions="You answer the phone for Example Ltd. Be brief.",
    voice="marin",
    audio_format="g711_ulaw",
    turn_detection=TurnDetection(threshold=0.5, prefix_padding_ms=300, silence_duration_ms=500),
    noise_reduction="near_field",
    transcription=Transcription("gpt-4o-mini-transcribe", language="en"),
    tools=(LOOKUP,),
    speed=1.0,
    max_output_tokens=1024,
)
TURNS = (
    None,
    TurnDetection(),
    TurnDetection(threshold=0.6, prefix_padding_ms=300, silence_duration_ms=500),
    TurnDetection(idle_timeout_ms=6000, create_response=False, interrupt_response=False),
    TurnDetection(type="semantic_vad"),
    TurnDetection(type="semantic_vad", eagerness="high", threshold=0.5, idle_timeout_ms=6000),
)
FORMATS: tuple[AudioFormat, ...] = ("pcm16", "g711_ulaw")
LITTLE = SessionConfig(instructions="Be brief.")
MUCH = SessionConfig(
    instructions="Be brief.",
    voice="alloy",
    noise_reduction="far_field",
    tools=(LOOKUP,),
    temperature=0.8,
    speed=1.2,
    max_output_tokens=1024,
)
CONFIGS = tuple(
    structs.replace(
        config, turn_detection=turn, audio_format=audio_format, transcription=transcription
    )
    for config, turn, audio_format, transcription in product(
        (LITTLE, MUCH),
        TURNS,
        FORMATS,
        (None, Transcription("whisper-1"), Transcription("w", language="en", prompt="Ltd")),
    )
)
MESSAGES: tuple[ModelMessage, ...] = (
    *(SessionUpdate(config) for config in CONFIGS),
    Append(b"\xff\x7f" * 80),
    Append(b""),
    CreateResponse(),
    CreateResponse("Greet the caller in one sentence."),
    CancelResponse("resp_1"),
    Truncate("item_1", 0, 1460),
    DeleteItem("item_1"),
    UserText('The caller pressed "2".'),
    SystemText("Offer to call back."),
    FunctionOutput("call_1", '{"status":"shipped"}'),
)


def said(message: ModelMessage, dialect: Dialect) -> Json:
    event: Json = json.loads(serialize(message, dialect))
    return event


def said_without_id(message: ModelMessage, dialect: Dialect) -> Json:
    event = said(message, dialect)
    event.pop("event_id", None)
    return event


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_everything_we_say_is_documented_in_its_dialect(dialect: Dialect) -> None:
    found = {
        problem
        for message in MESSAGES
        for problem in problems(said(message, dialect), dialect.name)
    }
    assert found == set()


def test_where_asked_the_type_of_the_session_alone_is_left_out() -> None:
    whole = said(SessionUpdate(TELEPHONE), GA)["session"]
    rest = said(SessionUpdate(TELEPHONE, typed=False), GA)["session"]
    assert rest == {key: value for key, value in whole.items() if key != "type"}
    assert said(SessionUpdate(TELEPHONE, typed=False), PREVIEW)["session"]


def test_the_check_itself_finds_keys_of_another_dialect() -> None:
    update = said(SessionUpdate(TELEPHONE), GA)
    assert "session.update.session: unknown key audio" in problems(update, "preview")
    flat = said(SessionUpdate(TELEPHONE), PREVIEW)
    assert "session.update.session: no type" in problems(flat, "ga")
    assert any("speed" in found for found in problems(flat, "preview-2024-10"))
    assert problems({"type": "response.create", "response": None}, "ga")
    assert problems({"type": "output"}, "ga") == ["unknown event output"]


@pytest.mark.parametrize("dialect", ["ga", "preview"])
def test_the_check_itself_passes_the_documented_examples(dialect: str) -> None:
    events = realtime_events("client", dialect)
    assert len(events) > 8
    assert [found for event in events for found in problems(event, dialect)] == []


def extras(value: object, path: str = "") -> list[str]:
    """Keys a typed model does not know, however deep."""
    if isinstance(value, BaseModel):
        found = [f"{path}.{key}" for key in value.model_extra or ()]
        inner = [(name, getattr(value, name)) for name in type(value).model_fields]
    elif isinstance(value, list):
        found, inner = [], [(str(index), entry) for index, entry in enumerate(value)]
    else:
        return []
    return found + [extra for name, entry in inner for extra in extras(entry, f"{path}.{name}")]


@pytest.mark.parametrize(
    ("dialect", "typed"),
    [(GA, TypeAdapter(GaClientEvent)), (PREVIEW, TypeAdapter(PreviewClientEvent))],
    ids=["ga", "preview"],
)
def test_the_typed_client_knows_every_key_we_send(
    dialect: Dialect, typed: TypeAdapter[Any]
) -> None:
    for message in MESSAGES:
        assert extras(typed.validate_json(serialize(message, dialect))) == []


def by_type(dialect: str) -> dict[str, Json]:
    """The documented example of each kind of client event, without the event's own id."""
    found: dict[str, Json] = {}
    for event in realtime_events("client", dialect):
        event.pop("event_id", None)
        found.setdefault(event["type"], event)
    return found


def test_the_ga_session_is_the_documented_telephone_profile() -> None:
    wanted = by_type("ga")["session.update"]
    assert said(SessionUpdate(TELEPHONE), GA) == wanted


def test_the_preview_session_is_the_documented_telephone_profile() -> None:
    wanted = by_type("preview")["session.update"]
    wanted["session"]["turn_detection"]["interrupt_response"] = True
    config = SessionConfig(
        instructions=TELEPHONE.instructions,
        voice="alloy",
        audio_format="g711_ulaw",
        turn_detection=TELEPHONE.turn_detection,
        transcription=Transcription("whisper-1"),
        tools=(LOOKUP,),
        temperature=0.8,
        max_output_tokens=1024,
    )
    session = said(SessionUpdate(config), PREVIEW)["session"]
    assert session == wanted["session"]


@pytest.mark.parametrize("dialect", [GA, PREVIEW], ids=lambda dialect: dialect.name)
def test_the_other_client_events_are_the_documented_ones(dialect: Dialect) -> None:
    item_id = "item_EngfeNJFoBinF5aJXVuLk"
    messages = (
        Append(b"\xff" * 6),
        CancelResponse("resp_EngfeSIc47WQAmL9xVQ2z"),
        Truncate(item_id, 0, 1460),
        DeleteItem(item_id),
        UserText("The caller pressed 2."),
    )
    documented = by_type(dialect.name)
    for message in messages:
        event = said_without_id(message, dialect)
        assert event == documented[event["type"]]


def test_an_error_can_name_the_message_it_answers() -> None:
    asked = CreateResponse("Greet.", "offhook-7")
    assert asked == CreateResponse("Greet.") and hash(asked) == hash(CreateResponse("Greet."))
    assert asked != CreateResponse() and asked != "Greet."
    messages = (
        asked,
        CancelResponse("resp_1"),
        Truncate("item_1", 0, 1460),
        DeleteItem("item_1"),
        FunctionOutput("call_1", "{}"),
        UserText("2"),
        SystemText("Be brief."),
    )
    for dialect in DIALECTS:
        ids = [said(message, dialect)["event_id"] for message in messages]
        assert ids[0] == "offhook-7"
        assert "offhook-7" not in ids[1:]
    assert len(said(FunctionOutput("c" * 600, ""), GA)["event_id"]) == 512


def test_audio_has_no_id() -> None:
    assert list(said(Append(b""), GA)) == ["type", "audio"]


def test_a_function_result_is_the_documented_item() -> None:
    wanted = next(
        event
        for event in realtime_events("client", "ga")
        if event.get("item", {}).get("type") == "function_call_output"
    )
    output = FunctionOutput("call_iYw1mXJft5isGXNw", '{"status":"shipped"}')
    for dialect in DIALECTS:
        assert said_without_id(output, dialect) == wanted


def test_an_instruction_is_a_system_message_which_only_takes_input_text() -> None:
    for dialect in DIALECTS:
        assert said(SystemText("Be brief."), dialect)["item"] == {
            "type": "message",
            "role": "system",
            "content": [{"type": "input_text", "text": "Be brief."}],
        }


@given(st.binary(max_size=2000))
def test_caller_audio_is_padded_base64(audio: bytes) -> None:
    event = said(Append(audio), GA)
    assert base64.b64decode(event["audio"], validate=True) == audio


def test_null_is_never_sent_for_what_is_not_given() -> None:
    bare = SessionConfig(instructions="")
    assert set(said(SessionUpdate(bare), GA)["session"]["audio"]["output"]) == {"format"}
    update = serialize(SessionUpdate(bare), PREVIEW_2024_10)
    assert b"null" not in update


def test_manual_turns_are_null_or_in_the_first_revision_none() -> None:
    manual = SessionUpdate(SessionConfig(instructions="", turn_detection=None))
    assert said(manual, GA)["session"]["audio"]["input"]["turn_detection"] is None
    assert said(manual, PREVIEW)["session"]["turn_detection"] is None
    assert said(manual, PREVIEW_2024_10)["session"]["turn_detection"] == {"type": "none"}


def test_the_first_revision_gets_the_one_detector_it_has() -> None:
    semantic = SessionConfig(instructions="", turn_detection=TurnDetection(type="semantic_vad"))
    session = said(SessionUpdate(semantic), PREVIEW_2024_10)["session"]
    assert session["turn_detection"] == {"type": "server_vad"}


def test_the_first_revision_is_told_not_to_commit_or_cancel_by_itself() -> None:
    # Azure, 2024-10-01-preview, "response.create": both default to true.
    assert said(CreateResponse(), PREVIEW_2024_10) == {
        "type": "response.create",
        "response": {"commit": False, "cancel_previous": False},
    }
    assert said(CreateResponse(), GA) == {"type": "response.create"}
    cancelled = said_without_id(CancelResponse("resp_1"), PREVIEW_2024_10)
    assert cancelled == {"type": "response.cancel"}
    assert not PREVIEW_2024_10.names_interruption


@pytest.mark.parametrize(
    ("api_version", "dialect"),
    [
        ("", GA),
        ("2024-10-01-preview", PREVIEW_2024_10),
        ("2024-12-17", PREVIEW),
        ("2025-04-01-preview", PREVIEW),
    ],
)
def test_azure_s_api_version_chooses_the_dialect(api_version: str, dialect: Dialect) -> None:
    assert azure_dialect(api_version) is dialect


def test_azure_ga_names_the_deployment_as_model_and_no_version() -> None:
    # Azure answers 401 to an api-version on this path.
    url = azure_url("https://res.openai.azure.com/", "my deployment", "")
    assert url == "wss://res.openai.azure.com/openai/v1/realtime?model=my+deployment"


def test_azure_preview_names_version_and_deployment() -> None:
    url = azure_url("https://res.openai.azure.com", "dep", "2025-04-01-preview")
    assert url == (
        "wss://res.openai.azure.com/openai/realtime?api-version=2025-04-01-preview&deployment=dep"
    )


def test_openai_is_reached_below_its_version() -> None:
    url = openai_url("https://api.openai.com/v1", "gpt-realtime")
    assert url == "wss://api.openai.com/v1/realtime?model=gpt-realtime"


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://127.0.0.1:8099/", "ws://127.0.0.1:8099"),
        ("https://example.com/base//", "wss://example.com/base"),
        ("ws://127.0.0.1:1", "ws://127.0.0.1:1"),
        ("wss://example.com", "wss://example.com"),
    ],
)
def test_http_origins_become_websocket_origins(url: str, origin: str) -> None:
    assert websocket_origin(url) == origin
