"""The session as a whole: what section 6 of the protocol notes asks of an emulator."""

import json

import pytest

from bridge.sim.model.dialect import DIALECTS, GA, PREVIEW, PREVIEW_2024_10, Dialect
from bridge.sim.model.profile import ModelProfile
from tests.sim.model.client import WALL_S, Client, error, types

each_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda d: d.name)


@each_dialect
def test_session_created_comes_first_and_unprompted(dialect: Dialect) -> None:
    (created,) = Client(dialect).events
    assert created["type"] == "session.created"
    assert created["session"]["id"].startswith("sess_")
    assert created["session"]["model"] == "gpt-realtime"


@pytest.mark.parametrize("dialect", [GA, PREVIEW], ids=lambda d: d.name)
def test_a_session_expires_an_hour_from_now(dialect: Dialect) -> None:
    (created,) = Client(dialect).events
    assert created["session"]["expires_at"] == int(WALL_S) + 3600
    assert created["session"]["object"] == "realtime.session"


def test_ga_shows_nested_audio_with_the_defaults_of_the_service() -> None:
    session = Client(GA).events[0]["session"]
    assert session["type"] == "realtime"
    assert session["output_modalities"] == ["audio"]
    assert session["audio"]["input"]["format"] == {"type": "audio/pcm", "rate": 24000}
    assert session["audio"]["input"]["turn_detection"] == {
        "type": "server_vad",
        "threshold": 0.5,
        "prefix_padding_ms": 300,
        "silence_duration_ms": 200,
        "idle_timeout_ms": None,
        "create_response": True,
        "interrupt_response": True,
    }


def test_the_first_preview_knows_no_decisions_in_turn_detection() -> None:
    session = Client(PREVIEW_2024_10).events[0]["session"]
    assert session["turn_detection"] == {
        "type": "server_vad",
        "threshold": 0.5,
        "prefix_padding_ms": 300,
        "silence_duration_ms": 200,
    }


@each_dialect
def test_a_whole_call_is_made_of_events_the_documents_know(dialect: Dialect) -> None:
    client = Client(dialect)
    client.talk(1_000)
    client.hush(1_500)
    assert types(client.of("response.done")) == ["response.done"]


@each_dialect
def test_every_event_has_an_id_of_its_own(dialect: Dialect) -> None:
    client = Client(dialect)
    client.talk(1_000)
    client.hush(1_500)
    ids = [event["event_id"] for event in client.events]
    assert len(set(ids)) == len(ids) > 20
    assert all(name.startswith("event_") and len(name) == len("event_") + 21 for name in ids)


def test_the_same_seed_says_the_same_to_the_byte() -> None:
    runs = []
    for _ in range(2):
        client = Client()
        client.talk(1_000)
        client.hush(1_500)
        runs.append(json.dumps(client.events))
    assert runs[0] == runs[1]


def test_what_happened_is_there_to_look_at() -> None:
    client = Client()
    client.talk(500)
    client.hush(1_500)
    client.send("response.cancel")
    session = client.session
    assert [item.role for item in session.items] == ["user", "assistant"]
    assert [(r.status, r.audio_ms) for r in session.responses] == [("completed", 2_000)]
    assert [refusal.code for refusal in session.errors] == ["response_cancel_not_active"]
    assert session.settings.turn_detection is not None


# --- expiry and faults ------------------------------------------------------------------------


def test_expiry_is_an_error_and_a_close_with_the_same_words() -> None:
    client = Client(profile=ModelProfile(session_expires_after_s=120))
    assert client.events[0]["session"]["expires_at"] == int(WALL_S) + 120
    assert client.wait(119_000) == []
    told = error(client.wait(2_000))
    assert told["code"] == "session_expired"
    assert client.closed is not None
    assert (client.closed.code, client.closed.reason) == (1001, told["message"])
    assert told["message"] == "Your session hit the maximum duration of 2 minutes."


def test_nothing_is_sent_after_the_end() -> None:
    client = Client(profile=ModelProfile(session_expires_after_s=1))
    client.wait(1_000)
    assert client.send("response.create") == []
    assert client.session.deadline() is None


def test_the_connection_is_lost_instead_of_a_named_event() -> None:
    client = Client(profile=ModelProfile(drop_at_event=3))
    client.send("input_audio_buffer.clear")
    client.send("input_audio_buffer.clear")
    assert types(client.events) == ["session.created", "input_audio_buffer.cleared"]
    assert client.closed is not None and client.closed.code == 1006


def test_a_server_error_names_the_session_and_leaves_it_usable() -> None:
    client = Client(profile=ModelProfile(server_errors=frozenset({1})))
    told = error(client.send("input_audio_buffer.clear"))
    assert (told["type"], told["code"]) == ("server_error", None)
    assert client.events[0]["session"]["id"] in told["message"]
    assert types(client.send("input_audio_buffer.clear")) == ["input_audio_buffer.cleared"]


# --- malformed input --------------------------------------------------------------------------


@each_dialect
@pytest.mark.parametrize(
    ("frame", "code", "param"),
    [
        ("{", "invalid_json", None),
        ("", "invalid_json", None),
        ("[]", "invalid_event", None),
        ('{"audio":"AAAA"}', "invalid_event", None),
        (b"\x00\x01", "invalid_event", None),
        ('{"type":"nope"}', "invalid_value", "type"),
        ('{"type":["nope"]}', "invalid_value", "type"),
        ('{"type":"input_audio_buffer.append"}', "missing_required_parameter", "audio"),
        ('{"type":"input_audio_buffer.append","audio":7}', "invalid_type", "audio"),
        ('{"type":"input_audio_buffer.append","audio":"?"}', "invalid_value", "audio"),
        ('{"type":"input_audio_buffer.append","audio":"AAA"}', "invalid_value", "audio"),
        ('{"type":"input_audio_buffer.append","audio":"\\u00e9\\ud800"}', "invalid_value", "audio"),
        ('{"type":"\\ud800"}', "invalid_value", "type"),
        ('{"type":NaN}', "invalid_json", None),
        ("[" * 100_000, "invalid_json", None),
        ('{"type":"input_audio_buffer.clear","x":1}', "unknown_parameter", "x"),
        ('{"type":"conversation.item.delete"}', "missing_required_parameter", "item_id"),
        ('{"type":"response.create","response":[]}', "invalid_type", "response"),
    ],
)
def test_a_malformed_frame_is_refused_and_survived(
    dialect: Dialect, frame: str | bytes, code: str, param: str | None
) -> None:
    client = Client(dialect)
    told = error(client.send_text(frame))
    assert (told["type"], told["code"], told["param"]) == ("invalid_request_error", code, param)
    assert types(client.send("input_audio_buffer.clear")) == ["input_audio_buffer.cleared"]


def test_an_unknown_type_is_told_the_names_that_are_known() -> None:
    told = error(Client().send("nope"))
    assert told["message"].startswith("Invalid value: 'nope'. Supported values are: ")
    assert "'session.update'" in told["message"]


def test_the_first_preview_cannot_retrieve() -> None:
    told = error(Client(PREVIEW_2024_10).send("conversation.item.retrieve", item_id="x"))
    assert (told["code"], told["param"]) == ("invalid_value", "type")


def test_an_error_echoes_the_client_s_event_id() -> None:
    assert error(Client().send("nope", event_id="mine"))["event_id"] == "mine"
    assert error(Client().send("nope"))["event_id"] is None


def test_an_error_can_keep_the_event_id_to_itself() -> None:
    client = Client(profile=ModelProfile(error_event_ids=False))
    assert error(client.send("nope", event_id="mine"))["event_id"] is None
