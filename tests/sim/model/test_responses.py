"""Responses beside each other and cut short: cancel, interruption, out of band."""

from typing import Any

import pytest

from bridge.sim.model.dialect import DIALECTS, GA, PREVIEW, PREVIEW_2024_10, Dialect
from bridge.sim.model.profile import ModelProfile
from bridge.sim.model.reply import FunctionCall, Reply, Spoken
from bridge.sim.voice.jobs import Speak, Transcribe, Transcript
from tests.sim.model.client import HELLO, Client, Event, error, types
from tests.sim.model.test_response import AUDIO, WORD, ladder, statuses
from tests.sim.model.test_session_object import hearing, update

each_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda d: d.name)
LONG = Reply((Spoken("This is a long answer to your question, and it goes on.", 20_000),))


def interrupted(
    dialect: Dialect, profile: ModelProfile | None = None
) -> tuple[Client, list[Event]]:
    """A long answer, and a caller who speaks into it; what came after the onset."""
    client = Client(dialect, replies=[LONG], profile=profile)
    client.send("response.create")
    client.hush(1_000)
    told = client.talk(400)
    onset = types(told).index("input_audio_buffer.speech_started")
    return client, told[onset:]


# --- interruption -----------------------------------------------------------------------------


@each_dialect
def test_an_onset_closes_what_was_open_and_cancels(dialect: Dialect) -> None:
    client, told = interrupted(dialect)
    expected = [
        "input_audio_buffer.speech_started",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
    ]
    expected += ["conversation.item.done"] if dialect.items_are_done else []
    expected += ["response.output_item.done", "response.done"]
    assert [n for n in ladder(client, told) if n != "rate_limits.updated"] == expected
    response = client.of("response.done")[0]["response"]
    assert response["status"] == "cancelled"
    assert response["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
    assert response["output"][0]["status"] == "incomplete"


def test_what_is_closed_equals_what_was_streamed() -> None:
    client, _ = interrupted(GA)
    (done,) = client.of("response.output_audio_transcript.done")
    assert done["transcript"] == "".join(delta["delta"] for delta in client.of(WORD))
    (item,) = client.of("response.done")[0]["response"]["output"]
    assert item["content"] == [{"type": "output_audio", "transcript": done["transcript"]}]
    part = client.session.items[0].parts[0]
    assert part.generated_ms == len(client.audio(item["id"])) / 48
    assert 0 < part.generated_ms < 20_000


def test_no_audio_follows_an_interruption() -> None:
    client, told = interrupted(GA)
    assert client.dialect.event(AUDIO) not in types(told)
    assert AUDIO not in types(client.talk(2_000))


def test_one_delta_may_have_been_on_the_wire_already() -> None:
    _, told = interrupted(GA, ModelProfile(late_delta=True))
    assert types(told)[:3] == [
        "input_audio_buffer.speech_started",
        "response.output_audio.delta",
        "response.output_audio.done",
    ]


def test_a_late_delta_counts_as_delivered() -> None:
    client, _ = interrupted(GA, ModelProfile(late_delta=True))
    part = client.session.items[0].parts[0]
    assert part.generated_ms == len(client.audio(client.session.items[0].id)) / 48


def test_a_response_interrupted_before_any_output_is_empty_and_free() -> None:
    client = Client(hold=lambda job: isinstance(job, Transcribe))
    client.talk(500)
    client.hush(300)
    client.talk(300)
    (done,) = client.of("response.done")
    assert done["response"]["output"] == []
    assert done["response"]["status_details"]["reason"] == "turn_detected"
    usage = done["response"]["usage"]
    assert usage["total_tokens"] == usage["input_tokens"] == usage["output_tokens"] == 0


def test_a_caller_who_pauses_and_goes_on_leaves_two_items() -> None:
    client = Client(said=["what about", "my order"])
    client.talk(500)
    client.hush(300)
    client.talk(500)
    client.hush(1_500)
    assert statuses(client) == ["cancelled", "completed"]
    assert [turn.text for turn in client.mind.contexts[-1].turns] == ["what about", "my order"]


def test_an_onset_after_the_response_was_done_is_nothing_but_an_onset() -> None:
    client = Client(replies=[HELLO])
    client.send("response.create")
    client.hush(1_500)
    told = client.talk(300)
    assert types(told) == ["input_audio_buffer.speech_started"]


def test_a_function_call_is_cut_with_its_arguments_as_streamed() -> None:
    arguments = '{"text":"' + "x" * 400 + '"}'
    client = Client(replies=[Reply((FunctionCall("f", arguments),))])
    client.send("response.create")
    client.hush(300)
    client.talk(500)
    (done,) = client.of("response.function_call_arguments.done")
    deltas = client.of("response.function_call_arguments.delta")
    assert done["arguments"] == "".join(delta["delta"] for delta in deltas)
    assert len(done["arguments"]) < len(arguments)
    assert client.of("response.output_item.done")[0]["item"]["status"] == "incomplete"


@pytest.mark.parametrize("dialect", [GA, PREVIEW], ids=lambda d: d.name)
def test_without_interrupt_response_the_answer_goes_on(dialect: Dialect) -> None:
    client = Client(dialect, replies=[Reply((Spoken("A long answer.", 12_000),))])
    rules = {"type": "server_vad", "interrupt_response": False}
    changes = hearing(turn_detection=rules) if dialect.nested else {"turn_detection": rules}
    update(client, **changes)
    client.send("response.create")
    client.hush(1_000)
    client.talk(500)
    client.hush(500)
    assert client.of("response.done") == []
    assert len(client.of("input_audio_buffer.committed")) == 1
    client.hush(2_000)
    assert statuses(client)[0] == "completed"
    assert len(client.of("response.created")) == 2  # the turn is answered when the slot is free


def test_a_changed_rule_counts_for_the_next_onset() -> None:
    client = Client(replies=[LONG])
    client.send("response.create")
    client.hush(500)
    rules = {"type": "server_vad", "interrupt_response": False}
    update(client, **hearing(turn_detection=rules))
    client.talk(500)
    assert client.of("response.done") == []


def test_speech_of_an_interrupted_response_is_not_wanted_any_more() -> None:
    client = Client(replies=[LONG], hold=lambda job: isinstance(job, Speak))
    client.send("response.create")
    client.hush(500)
    (ask,) = client.held
    assert client.session.wants(ask.job_id)
    client.talk(300)
    assert not client.session.wants(ask.job_id)
    assert client.release() == []


# --- cancel -----------------------------------------------------------------------------------


@each_dialect
def test_a_client_cancels(dialect: Dialect) -> None:
    client = Client(dialect, replies=[LONG])
    client.send("response.create")
    client.wait(1_000)
    told = client.send("response.cancel")
    (done,) = [event for event in told if event["type"] == "response.done"]
    details = {"type": "cancelled", "reason": "client_cancelled"}
    assert done["response"]["status_details"] == details


def test_a_cancel_can_name_its_response() -> None:
    client = Client(replies=[LONG])
    client.send("response.create")
    client.wait(500)
    assert error(client.send("response.cancel", response_id="resp_other"))
    name = client.of("response.created")[0]["response"]["id"]
    assert "response.done" in types(client.send("response.cancel", response_id=name))


def test_the_first_preview_cannot_name_it() -> None:
    client = Client(PREVIEW_2024_10)
    told = error(client.send("response.cancel", response_id="resp_other"))
    assert (told["code"], told["param"]) == ("unknown_parameter", "response_id")


def test_a_cancel_without_a_response_is_refused() -> None:
    told = error(Client().send("response.cancel"))
    assert told["code"] == "response_cancel_not_active"
    assert told["message"] == "Cancellation failed: no active response found"


@each_dialect
def test_after_a_cancel_the_slot_is_free(dialect: Dialect) -> None:
    client = Client(dialect, replies=[LONG])
    client.send("response.create")
    client.wait(500)
    client.send("response.cancel")
    assert types(client.send("response.create"))[0] == "response.created"


# --- one at a time ----------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", [GA, PREVIEW], ids=lambda d: d.name)
def test_a_second_response_is_refused_by_the_name_of_the_first(dialect: Dialect) -> None:
    client = Client(dialect, replies=[LONG])
    client.send("response.create")
    told = error(client.send("response.create"))
    assert told["code"] == "conversation_already_has_active_response"
    assert client.of("response.created")[0]["response"]["id"] in told["message"]


def test_an_automatic_response_counts_too() -> None:
    client = Client(replies=[LONG])
    client.talk(500)
    client.hush(400)
    told = error(client.send("response.create"))
    assert told["code"] == "conversation_already_has_active_response"


def test_every_response_created_is_done_exactly_once() -> None:
    client = Client(replies=[HELLO, LONG, HELLO])
    for _ in range(5):
        client.talk(500)
        client.hush(700)
    client.hush(8_000)
    created = [event["response"]["id"] for event in client.of("response.created")]
    done = [event["response"]["id"] for event in client.of("response.done")]
    assert created == done
    assert len(created) == 5


# --- out of band ------------------------------------------------------------------------------


def aside(client: Client, **more: Any) -> list[Event]:
    return client.send("response.create", response={"conversation": "none", **more})


@pytest.mark.parametrize("dialect", [GA, PREVIEW], ids=lambda d: d.name)
def test_a_response_out_of_band_runs_beside_and_leaves_no_trace(dialect: Dialect) -> None:
    client = Client(dialect, replies=[LONG, HELLO])
    client.send("response.create")
    (created,) = [event for event in aside(client) if event["type"] == "response.created"]
    assert created["response"]["conversation_id"] is None
    client.wait(3_000)
    (done,) = client.of("response.done")
    assert done["response"]["id"] == created["response"]["id"]
    assert len(client.of("conversation.item.added")) == 1
    assert len(client.session.items) == 1


def test_an_onset_leaves_it_alone() -> None:
    client = Client(replies=[LONG])
    aside(client)
    client.hush(500)
    client.talk(500)
    assert client.of("response.done") == []


def test_input_replaces_the_history() -> None:
    client = Client(replies=[HELLO])
    for name in ("a", "b"):
        content = [{"type": "input_text", "text": name}]
        item = {"type": "message", "role": "user", "content": content, "id": name}
        client.send("conversation.item.create", item=item)
    fresh = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "c"}]}
    aside(client, input=[{"type": "item_reference", "id": "b"}, fresh])
    aside(client, input=[])
    contexts = client.mind.contexts
    assert [turn.text for turn in contexts[0].turns] == ["b", "c"]
    assert contexts[1].turns == ()


def test_an_unknown_reference_is_refused() -> None:
    told = error(aside(Client(), input=[{"type": "item_reference", "id": "ghost"}]))
    assert told["param"] == "response.input[0].id"


def test_metadata_is_echoed() -> None:
    client = Client()
    aside(client, metadata={"purpose": "summary"})
    client.wait(3_000)
    told = client.of("response.created", "response.done")
    assert [event["response"]["metadata"] for event in told] == [{"purpose": "summary"}] * 2


def test_metadata_is_bounded() -> None:
    told = error(aside(Client(), metadata={f"key{n}": "" for n in range(17)}))
    assert told["code"] == "integer_above_max_value"
    told = error(aside(Client(), metadata={"key": "x" * 513}))
    assert told["code"] == "string_above_max_length"


# --- what a mind is given ---------------------------------------------------------------------


def test_a_response_may_bring_its_own_instructions_and_functions() -> None:
    client = Client()
    update(client, instructions="Session.", tools=[{"type": "function", "name": "a"}])
    client.send("response.create")
    client.wait(3_000)
    client.send(
        "response.create",
        response={
            "instructions": "Only this.",
            "tools": [{"type": "function", "name": "b", "description": "B", "parameters": {}}],
            "tool_choice": {"type": "function", "name": "b"},
        },
    )
    first, second = client.mind.contexts
    assert (first.instructions, first.requested, first.tool_choice) == ("Session.", None, "auto")
    assert [tool.name for tool in first.tools] == ["a"]
    assert (second.instructions, second.requested) == ("Only this.", "Only this.")
    assert ([tool.name for tool in second.tools], second.tool_choice) == (["b"], "b")


def test_a_response_waits_for_every_turn_before_it() -> None:
    client = Client(hold=lambda job: isinstance(job, Transcribe))
    update(client, **hearing(turn_detection={"type": "server_vad", "create_response": False}))
    for _ in range(2):
        client.talk(500)
        client.hush(500)
    client.send("response.create")
    client.release(Transcript("one"))
    assert client.mind.contexts == []
    client.release(Transcript("two"))
    assert [turn.text for turn in client.mind.contexts[0].turns] == ["one", "two"]
