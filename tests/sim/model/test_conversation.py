"""Items: their order, and what may be done with them."""

import base64
from typing import Any

import pytest

from bridge.sim.model.dialect import DIALECTS, GA, PREVIEW, PREVIEW_2024_10, Dialect
from bridge.sim.model.profile import ModelProfile
from bridge.sim.model.reply import FunctionCall, Reply, Spoken
from bridge.sim.model.scripted import ScriptedMind
from tests.sim.model.client import HELLO, Client, error, pcm, types
from tests.sim.model.test_hearing import manual
from tests.sim.model.test_session_object import update

each_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda d: d.name)


def text(words: str, role: str = "user", kind: str = "input_text", **more: Any) -> dict[str, Any]:
    content = [{"type": kind, "text": words}]
    return {"type": "message", "role": role, "content": content, **more}


def create(client: Client, item: dict[str, Any], **fields: Any) -> list[dict[str, Any]]:
    return client.send("conversation.item.create", item=item, **fields)


def order(client: Client) -> list[str]:
    """As a client learns it: from previous_item_id and deletions."""
    known: list[str] = []
    for event in client.events:
        if event["type"] == client.dialect.event("conversation.item.added"):
            before = event["previous_item_id"]
            known.insert(known.index(before) + 1 if before else 0, event["item"]["id"])
        elif event["type"] == "conversation.item.deleted":
            known.remove(event["item_id"])
    return known


@each_dialect
def test_an_item_of_text_enters_and_starts_nothing(dialect: Dialect) -> None:
    client = Client(dialect)
    told = create(client, text("The caller pressed 2.", id="mine"))
    names = ["conversation.item.added"]
    names += ["conversation.item.done"] if dialect.items_are_done else []
    assert types(told) == [dialect.event(name) for name in names]
    assert told[0]["previous_item_id"] is None
    assert told[0]["item"]["id"] == "mine"
    assert told[0]["item"]["content"] == [{"type": "input_text", "text": "The caller pressed 2."}]
    assert client.wait(5_000) == []


@each_dialect
def test_text_and_response_create_are_enough_for_an_answer(dialect: Dialect) -> None:
    mind = ScriptedMind([HELLO])
    client = Client(dialect, mind=mind)
    create(client, text("Where is my order?"))
    client.send("response.create")
    client.wait(3_000)
    assert [turn.text for turn in mind.contexts[0].turns] == ["Where is my order?"]
    assert client.of("response.done")[0]["response"]["status"] == "completed"


def test_items_are_put_at_the_front_behind_another_and_at_the_end() -> None:
    client = Client()
    create(client, text("b", id="b"))
    create(client, text("d", id="d"))
    create(client, text("a", id="a"), previous_item_id="root")
    create(client, text("c", id="c"), previous_item_id="b")
    assert order(client) == ["a", "b", "c", "d"]


def test_deletion_closes_the_gap() -> None:
    client = Client()
    for name in "abc":
        create(client, text(name, id=name))
    assert client.send("conversation.item.delete", item_id="b")[0]["item_id"] == "b"
    client.send("conversation.item.delete", item_id="c")
    (added, _) = create(client, text("d", id="d"))
    assert added["previous_item_id"] == "a"


def test_an_unknown_neighbour_is_named() -> None:
    told = error(create(Client(), text("x"), previous_item_id="ghost"))
    assert "'ghost' does not exist" in told["message"]


@pytest.mark.parametrize("verb", ["delete", "retrieve", "truncate"])
def test_an_unknown_item_is_refused_by_a_code_of_its_own(verb: str) -> None:
    more = {"content_index": 0, "audio_end_ms": 0} if verb == "truncate" else {}
    told = error(Client().send(f"conversation.item.{verb}", item_id="ghost", **more))
    assert told["code"] == f"item_{verb}_invalid_item_id"
    assert "the item with id 'ghost' does not exist." in told["message"]


@pytest.mark.parametrize(
    ("dialect", "item", "code", "param"),
    [
        (GA, text("x", "assistant", "text"), "invalid_value", "item.content[0].type"),
        (PREVIEW, text("x", "assistant", "output_text"), "invalid_value", "item.content[0].type"),
        (GA, text("x", "user", "text"), "invalid_value", "item.content[0].type"),
        (
            GA,
            {"type": "message", "role": "assistant", "content": [{"type": "output_audio"}]},
            "invalid_value",
            "item.content[0].type",
        ),
        (GA, text("x", "nobody"), "invalid_value", "item.role"),
        (GA, {"type": "message", "content": []}, "missing_required_parameter", "item.role"),
        (GA, {"type": "message", "role": "user"}, "missing_required_parameter", "item.content"),
        (GA, text("x", id="i" * 33), "string_above_max_length", "item.id"),
        (
            GA,
            {"type": "function_call_output", "call_id": "c" * 33, "output": ""},
            "string_above_max_length",
            "item.call_id",
        ),
        (GA, {"type": "song"}, "invalid_value", "item.type"),
    ],
)
def test_an_item_of_the_wrong_shape_is_refused(
    dialect: Dialect, item: dict[str, Any], code: str, param: str
) -> None:
    told = error(create(Client(dialect), item))
    assert (told["code"], told["param"]) == (code, param)


@each_dialect
def test_an_assistant_turn_can_be_replayed_as_text(dialect: Dialect) -> None:
    mind = ScriptedMind([HELLO])
    client = Client(dialect, mind=mind)
    kind = dialect.part_type("output_text")
    assert types(create(client, text("It left yesterday.", "assistant", kind)))[0] != "error"
    client.send("response.create")
    (turn,) = mind.contexts[0].turns
    assert (turn.role, turn.text) == ("assistant", "It left yesterday.")


def test_an_id_is_not_used_twice() -> None:
    client = Client()
    create(client, text("a", id="a"))
    assert error(create(client, text("b", id="a")))["code"] == "item_create_duplicate_item_id"


def test_an_output_needs_its_call() -> None:
    client = Client()
    output = {"type": "function_call_output", "call_id": "call_1", "output": "{}"}
    assert "call_1" in error(create(client, output))["message"]
    call = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}
    create(client, call)
    assert types(create(client, output)) == ["conversation.item.added", "conversation.item.done"]


def test_audio_in_a_created_item_is_understood() -> None:
    mind = ScriptedMind([HELLO])
    client = Client(mind=mind, said=["one and a half"])
    audio = base64.b64encode(pcm(500)).decode()
    part = {"type": "input_audio", "audio": audio}
    create(client, {"type": "message", "role": "user", "content": [part]})
    client.send("response.create")
    assert [turn.text for turn in mind.contexts[0].turns] == ["one and a half"]


def test_a_retrieved_item_brings_its_audio() -> None:
    client = Client()
    client.send("response.create")
    client.wait(3_000)
    (item,) = (item for item in client.session.items if item.role == "assistant")
    (told,) = client.send("conversation.item.retrieve", item_id=item.id)
    (part,) = told["item"]["content"]
    assert (part["type"], part["format"]) == ("audio", "pcm16")
    assert base64.b64decode(part["audio"]) == pcm(2_000) == client.audio(item.id)


def test_the_caller_s_audio_can_be_retrieved() -> None:
    client = Client()
    manual(client)
    client.talk(300)
    (committed, *_) = client.send("input_audio_buffer.commit")
    (told,) = client.send("conversation.item.retrieve", item_id=committed["item_id"])
    assert base64.b64decode(told["item"]["content"][0]["audio"]) == pcm(300)


# --- truncation -------------------------------------------------------------------------------


def spoken(client: Client, after_ms: int = 3_000) -> str:
    """The assistant speaks; its item."""
    client.send("response.create")
    client.wait(after_ms)
    return next(item.id for item in client.session.items if item.role == "assistant")


def truncate(client: Client, item_id: str, end_ms: Any, index: Any = 0) -> list[dict[str, Any]]:
    return client.send(
        "conversation.item.truncate", item_id=item_id, content_index=index, audio_end_ms=end_ms
    )


@each_dialect
def test_a_truncation_keeps_the_audio_before_it_and_no_transcript(dialect: Dialect) -> None:
    client = Client(dialect)
    item_id = spoken(client)
    (told,) = truncate(client, item_id, 800)
    assert told["type"] == "conversation.item.truncated"
    assert (told["item_id"], told["content_index"], told["audio_end_ms"]) == (item_id, 0, 800)
    item = next(item for item in client.session.items if item.id == item_id)
    assert item.audio is not None
    assert (item.audio.transcript, len(item.audio.audio)) == (None, 800 * 48)
    assert item.audio.generated_ms == 2_000


def test_the_model_remembers_only_the_words_that_were_heard() -> None:
    mind = ScriptedMind([HELLO])
    client = Client(mind=mind)
    truncate(client, spoken(client), 800)
    client.send("response.create")
    heard = mind.contexts[1].turns[-1].text
    assert heard in ("Hello there, how", "Hello there, how can")


def test_the_whole_length_can_be_kept_and_not_a_millisecond_more() -> None:
    client = Client()
    item_id = spoken(client)
    told = error(truncate(client, item_id, 2_001))
    assert told["code"] == "invalid_value"
    assert told["message"] == "Audio content of 2000ms is already shorter than 2001ms"
    assert types(truncate(client, item_id, 2_000)) == ["conversation.item.truncated"]


def test_a_second_and_longer_truncation_is_refused() -> None:
    client = Client()
    item_id = spoken(client)
    truncate(client, item_id, 500)
    assert "500ms is already shorter than 501ms" in error(truncate(client, item_id, 501))["message"]
    assert types(truncate(client, item_id, 400)) == ["conversation.item.truncated"]


def test_the_server_may_count_an_item_shorter_than_it_delivered() -> None:
    client = Client(profile=ModelProfile(deficit_ms=85))
    item_id = spoken(client)
    assert "Audio content of 1915ms" in error(truncate(client, item_id, 1_916))["message"]
    assert types(truncate(client, item_id, 1_915)) == ["conversation.item.truncated"]


def test_an_item_that_still_grows_is_as_long_as_what_was_delivered() -> None:
    client = Client(profile=ModelProfile(speed=1.0))
    item_id = spoken(client, after_ms=350)  # 100 ms and 150 ms are out after 300 ms and 400 ms
    assert "Audio content of 100ms" in error(truncate(client, item_id, 101))["message"]
    assert types(truncate(client, item_id, 100)) == ["conversation.item.truncated"]


def test_after_a_truncation_amid_delivery_nothing_more_is_remembered() -> None:
    client = Client(profile=ModelProfile(speed=1.0))
    item_id = spoken(client, after_ms=700)
    truncate(client, item_id, 100)
    client.wait(3_000)
    (told,) = client.of("response.output_audio_transcript.done")
    assert told["transcript"] == "Hello there, how can I help you today?"
    part = client.session.items[0].parts[0]
    assert (part.heard, part.length_ms, len(part.audio)) == ("Hello", 100, 100 * 48)
    assert "100ms is already shorter" in error(truncate(client, item_id, 101))["message"]


def test_what_is_no_assistant_audio_cannot_be_truncated() -> None:
    client = Client(profile=ModelProfile(first_delta_ms=300))
    create(client, text("a", id="words"))
    early = spoken(client, after_ms=200)  # opened, and no audio yet
    for item_id, end_ms in (("words", 0), (early, 0)):
        told = error(truncate(client, item_id, end_ms))
        assert told["message"] == "Only model output audio messages can be truncated"
        assert told["code"] == "unsupported_content_type"


@pytest.mark.parametrize(
    ("end_ms", "code"),
    [(-1, "integer_below_min_value"), (1.5, "invalid_type"), (None, "invalid_type")],
)
def test_a_truncation_takes_whole_milliseconds(end_ms: Any, code: str) -> None:
    client = Client()
    told = error(truncate(client, spoken(client), end_ms))
    assert (told["code"], told["param"]) == (code, "audio_end_ms")


def test_truncations_are_kept_for_those_who_look() -> None:
    client = Client()
    item_id = spoken(client)
    truncate(client, item_id, 5_000)
    truncate(client, item_id, 700)
    told = [(t.item_id, t.audio_end_ms, t.accepted) for t in client.session.truncations]
    assert told == [(item_id, 5_000, False), (item_id, 700, True)]


def test_a_deleted_item_cannot_be_truncated() -> None:
    client = Client()
    item_id = spoken(client)
    client.send("conversation.item.delete", item_id=item_id)
    assert error(truncate(client, item_id, 0))["code"] == "item_truncate_invalid_item_id"


# --- the first preview ------------------------------------------------------------------------


def test_the_first_preview_commits_and_cancels_with_response_create() -> None:
    client = Client(PREVIEW_2024_10)
    update(client, turn_detection={"type": "none"})
    client.talk(400)
    told = client.send("response.create")
    assert types(told)[:3] == [
        "input_audio_buffer.committed",
        "conversation.item.created",
        "response.created",
    ]
    client.wait(400)
    told = client.send("response.create")
    done = next(event for event in told if event["type"] == "response.done")
    assert done["response"]["status_details"] == {"type": "cancelled", "reason": "client_cancelled"}
    assert types(told)[-1] == "response.created"


def test_the_first_preview_does_neither_when_told_not_to() -> None:
    client = Client(PREVIEW_2024_10)
    update(client, turn_detection={"type": "none"})
    client.talk(400)
    assert types(client.send("response.create", response={"commit": False})) == ["response.created"]
    told = error(client.send("response.create", response={"cancel_previous": False}))
    assert told["code"] == "conversation_already_has_active_response"


def test_the_first_preview_takes_items_along() -> None:
    mind = ScriptedMind([HELLO])
    client = Client(PREVIEW_2024_10, mind=mind)
    client.send("response.create", response={"append_input_items": [text("One more.")]})
    client.wait(3_000)
    client.send("response.create", response={"input_items": [text("Only this.")]})
    turns = [[turn.text for turn in context.turns] for context in mind.contexts]
    assert turns == [["One more."], ["Only this."]]
    assert len(client.of("conversation.item.added")) == 2  # what was appended, and the answer


def test_a_picture_is_kept_and_says_nothing() -> None:
    mind = ScriptedMind([HELLO])
    client = Client(mind=mind)
    picture = {"type": "input_image", "image_url": "data:image/png;base64,AAAA"}
    words = {"type": "input_text", "text": "What is this?"}
    item = {"type": "message", "role": "user", "content": [picture, words]}
    assert create(client, item)[0]["item"]["content"] == [picture, words]
    client.send("response.create")
    assert [turn.text for turn in mind.contexts[0].turns] == ["What is this?"]


def test_calls_and_words_of_one_response_stand_in_order() -> None:
    client = Client(replies=[Reply((Spoken("One moment.", 500), FunctionCall("f", "{}")))])
    create(client, text("a", id="a"))
    client.send("response.create")
    client.wait(3_000)
    kinds = {item.id: item.kind for item in client.session.items}
    assert [kinds[i] for i in order(client)] == ["message", "message", "function_call"]
