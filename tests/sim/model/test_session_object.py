"""Updates of the session: key by key, checked whole, applied whole or not at all."""

from typing import Any

import pytest

from bridge.sim.model.dialect import DIALECTS, GA, PREVIEW, PREVIEW_2024_10, Dialect
from bridge.sim.model.profile import ModelProfile
from tests.sim.model.client import HELLO, Client, error, types


def update(client: Client, **session: Any) -> list[dict[str, Any]]:
    if client.dialect.nested:
        session = {"type": "realtime", **session}
    return client.send("session.update", session=session)


def hearing(**changes: Any) -> dict[str, Any]:
    return {"audio": {"input": changes}}


def test_an_update_is_answered_with_the_complete_session() -> None:
    client = Client(GA)
    before = client.events[0]["session"]
    (updated,) = update(client, instructions="Be brief.")
    assert updated["type"] == "session.updated"
    assert updated["session"] == before | {"instructions": "Be brief."}


def test_nested_objects_are_merged_key_by_key() -> None:
    client = Client(GA)
    (updated,) = update(
        client,
        audio={
            "input": {"turn_detection": {"type": "server_vad", "silence_duration_ms": 500}},
            "output": {"voice": "cedar"},
        },
    )
    audio = updated["session"]["audio"]
    assert audio["input"]["turn_detection"]["silence_duration_ms"] == 500
    assert audio["input"]["turn_detection"]["prefix_padding_ms"] == 300
    assert audio["output"] == {
        "format": {"type": "audio/pcm", "rate": 24000},
        "voice": "cedar",
        "speed": 1.0,
    }


def test_the_telephone_profile_of_ga_is_accepted() -> None:
    client = Client(GA)
    (updated,) = update(
        client,
        output_modalities=["audio"],
        instructions="You answer the phone.",
        audio={
            "input": {
                "format": {"type": "audio/pcmu"},
                "transcription": {"model": "gpt-4o-mini-transcribe", "language": "en"},
                "noise_reduction": {"type": "near_field"},
                "turn_detection": {"type": "server_vad", "create_response": False},
            },
            "output": {"format": {"type": "audio/pcmu"}, "voice": "marin", "speed": 1.0},
        },
        tools=[{"type": "function", "name": "lookup", "parameters": {"type": "object"}}],
        tool_choice="auto",
        max_output_tokens=1024,
    )
    assert updated["session"]["audio"]["input"]["format"] == {"type": "audio/pcmu"}
    assert updated["session"]["audio"]["input"]["transcription"] == {
        "model": "gpt-4o-mini-transcribe",
        "language": "en",
        "prompt": None,
    }


@pytest.mark.parametrize("dialect", [PREVIEW, PREVIEW_2024_10], ids=lambda d: d.name)
def test_the_telephone_profile_of_the_previews_is_accepted(dialect: Dialect) -> None:
    client = Client(dialect)
    (updated,) = update(
        client,
        modalities=["text", "audio"],
        voice="shimmer",
        input_audio_format="g711_ulaw",
        output_audio_format="g711_ulaw",
        input_audio_transcription={"model": "whisper-1"},
        turn_detection={"type": "server_vad", "silence_duration_ms": 500},
        temperature=0.8,
        max_response_output_tokens=1024,
    )
    assert updated["type"] == "session.updated"
    assert updated["session"]["voice"] == "shimmer"


@pytest.mark.parametrize(
    ("dialect", "session", "code", "param"),
    [
        (GA, {}, "missing_required_parameter", "session.type"),
        (GA, {"type": "transcription"}, "invalid_value", "session.type"),
        (
            GA,
            {"type": "realtime", "modalities": ["text"]},
            "unknown_parameter",
            "session.modalities",
        ),
        (GA, {"type": "realtime", "voice": "marin"}, "unknown_parameter", "session.voice"),
        (GA, {"type": "realtime", "temperature": 0.8}, "unknown_parameter", "session.temperature"),
        (
            GA,
            {"type": "realtime", "turn_detection": None},
            "unknown_parameter",
            "session.turn_detection",
        ),
        (PREVIEW, {"type": "realtime"}, "unknown_parameter", "session.type"),
        (PREVIEW, {"audio": {}}, "unknown_parameter", "session.audio"),
        (
            PREVIEW,
            {"output_modalities": ["text"]},
            "unknown_parameter",
            "session.output_modalities",
        ),
        (PREVIEW_2024_10, {"speed": 1.0}, "unknown_parameter", "session.speed"),
        (
            PREVIEW_2024_10,
            {"turn_detection": {"type": "server_vad", "create_response": True}},
            "unknown_parameter",
            "session.turn_detection.create_response",
        ),
        (PREVIEW_2024_10, {"turn_detection": None}, "invalid_type", "session.turn_detection"),
        (
            PREVIEW,
            {"turn_detection": {"type": "none"}},
            "invalid_value",
            "session.turn_detection.type",
        ),
        (
            PREVIEW,
            {"tools": [{"type": "function", "name": "a", "meta": 1}]},
            "unknown_parameter",
            "session.tools[0].meta",
        ),
        (
            PREVIEW,
            {"tool_choice": {"type": "function", "function": "a"}},
            "missing_required_parameter",
            "session.tool_choice.name",
        ),
        (PREVIEW, {"modalities": ["audio"]}, "invalid_value", "session.modalities"),
        (PREVIEW, {"voice": "marin"}, "invalid_value", "session.voice"),
        (
            PREVIEW,
            {"input_audio_format": "g711-ulaw"},
            "invalid_value",
            "session.input_audio_format",
        ),
        (PREVIEW, {"temperature": 0.5}, "decimal_below_min_value", "session.temperature"),
        (PREVIEW, {"temperature": None}, "invalid_type", "session.temperature"),
        (
            PREVIEW,
            {"max_response_output_tokens": 4097},
            "integer_above_max_value",
            "session.max_response_output_tokens",
        ),
        (PREVIEW, {"model": "another"}, "invalid_value", "session.model"),
    ],
)
def test_a_key_of_another_dialect_or_a_wrong_value_is_named(
    dialect: Dialect, session: dict[str, Any], code: str, param: str
) -> None:
    told = error(Client(dialect).send("session.update", session=session))
    assert (told["code"], told["param"]) == (code, param)


@pytest.mark.parametrize(
    ("changes", "code", "param"),
    [
        ({"output_modalities": ["text", "audio"]}, "invalid_value", "session.output_modalities"),
        (
            hearing(turn_detection={"threshold": 0.5}),
            "missing_required_parameter",
            "session.audio.input.turn_detection.type",
        ),
        (
            hearing(turn_detection={"type": "server_vad", "create_response": None}),
            "invalid_type",
            "session.audio.input.turn_detection.create_response",
        ),
        (
            hearing(turn_detection={"type": "server_vad", "idle_timeout_ms": 100}),
            "integer_below_min_value",
            "session.audio.input.turn_detection.idle_timeout_ms",
        ),
        (
            hearing(turn_detection={"type": "semantic_vad", "threshold": 0.5}),
            "unknown_parameter",
            "session.audio.input.turn_detection.threshold",
        ),
        (
            hearing(format={"type": "audio/pcm", "rate": 16000}),
            "integer_below_min_value",
            "session.audio.input.format.rate",
        ),
        (
            hearing(format={"type": "audio/pcmu", "rate": 8000}),
            "unknown_parameter",
            "session.audio.input.format.rate",
        ),
        (
            {"audio": {"output": {"speed": 2}}},
            "decimal_above_max_value",
            "session.audio.output.speed",
        ),
        ({"reasoning": {"effort": "low"}}, "unknown_parameter", "session.reasoning"),
    ],
)
def test_ga_names_the_dotted_path(changes: dict[str, Any], code: str, param: str) -> None:
    told = error(update(Client(GA), **changes))
    assert (told["code"], told["param"]) == (code, param)


def test_one_wrong_key_discards_the_whole_update() -> None:
    client = Client(GA)
    events = update(client, instructions="Changed.", voice="marin")
    assert types(events) == ["error"]
    (updated,) = update(client)
    assert updated["session"] == client.events[0]["session"]


def test_the_service_s_own_words_name_the_parameter() -> None:
    client = Client(GA)
    missing = error(client.send("session.update", session={}))
    assert missing["message"] == "Missing required parameter: 'session.type'."
    unknown = error(update(client, turn_detection=None))
    assert unknown["message"] == "Unknown parameter: 'session.turn_detection'."
    null = error(update(client, instructions=None))
    assert null["message"] == (
        "Invalid type for 'session.instructions': expected a string, but got null instead."
    )


def test_a_reasoning_model_accepts_an_effort() -> None:
    client = Client(GA, model="gpt-realtime-2.1")
    (updated,) = update(client, reasoning={"effort": "high"}, parallel_tool_calls=False)
    assert updated["session"]["reasoning"] == {"effort": "high"}


def test_null_switches_turn_detection_transcription_and_noise_reduction_off() -> None:
    client = Client(GA)
    update(client, **hearing(transcription={"model": "whisper-1"}))
    off = hearing(turn_detection=None, transcription=None, noise_reduction=None)
    (updated,) = update(client, **off)
    heard = updated["session"]["audio"]["input"]
    assert [heard[k] for k in ("turn_detection", "transcription", "noise_reduction")] == [None] * 3


def test_another_kind_of_turn_detection_comes_with_its_own_defaults() -> None:
    (updated,) = update(Client(GA), **hearing(turn_detection={"type": "semantic_vad"}))
    assert updated["session"]["audio"]["input"]["turn_detection"] == {
        "type": "semantic_vad",
        "eagerness": "auto",
        "create_response": True,
        "interrupt_response": True,
    }


def test_the_first_preview_switches_turn_detection_off_by_a_type() -> None:
    client = Client(PREVIEW_2024_10)
    (updated,) = update(client, turn_detection={"type": "none"})
    assert updated["session"]["turn_detection"] == {"type": "none"}
    client.talk(600)
    assert client.hush(600) == []


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda d: d.name)
def test_the_voice_is_locked_once_the_assistant_has_spoken(dialect: Dialect) -> None:
    def voice(name: str) -> dict[str, Any]:
        return {"audio": {"output": {"voice": name}}} if dialect.nested else {"voice": name}

    client = Client(dialect, replies=(HELLO,))
    assert types(update(client, **voice("echo"))) == ["session.updated"]
    client.send("response.create")
    client.wait(3_000)
    assert error(update(client, **voice("alloy")))["code"] == "cannot_update_voice"
    assert types(update(client, **voice("echo"))) == ["session.updated"]
    refused = error(client.send("response.create", response=voice("alloy")))
    assert refused["code"] == "cannot_update_voice"


def test_the_voices_of_a_deployment_can_be_named() -> None:
    client = Client(PREVIEW, profile=ModelProfile(voices=("alloy", "echo")))
    told = error(update(client, voice="sage"))
    assert told["message"] == "Invalid value: 'sage'. Supported values are: 'alloy', and 'echo'."


def test_the_input_rate_cannot_change_once_audio_came() -> None:
    client = Client(PREVIEW)
    client.append(bytes(960))
    told = error(update(client, input_audio_format="g711_ulaw"))
    assert told["code"] == "invalid_value"
    (updated,) = update(client)
    assert updated["session"]["input_audio_format"] == "pcm16"
