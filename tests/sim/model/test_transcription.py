"""The caller's words, told beside everything else."""

from typing import Any

import pytest

from bridge.sim.model.dialect import DIALECTS, GA, PREVIEW, Dialect
from bridge.sim.model.profile import ModelProfile
from bridge.sim.voice.jobs import Transcribe
from tests.sim.model.client import Client, Event, types
from tests.sim.model.test_hearing import manual
from tests.sim.model.test_session_object import hearing, update

PREFIX = "conversation.item.input_audio_transcription"
each_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda d: d.name)


def configured(dialect: Dialect, model: str = "gpt-4o-transcribe", **options: Any) -> Client:
    client = Client(dialect, said=["Hello, where is my order?", "Thanks."], **options)
    wanted = {"model": model}
    name = "input_audio_transcription"
    update(client, **(hearing(transcription=wanted) if dialect.nested else {name: wanted}))
    return client


def a_turn(client: Client, rest_ms: int = 3_000) -> None:
    client.talk(1_000)
    client.hush(rest_ms)


def completed(client: Client) -> list[Event]:
    return client.of(f"{PREFIX}.completed")


@each_dialect
def test_it_comes_once_and_for_the_item_that_was_committed(dialect: Dialect) -> None:
    client = configured(dialect)
    a_turn(client)
    (told,) = completed(client)
    assert told["transcript"] == "Hello, where is my order?"
    assert told["item_id"] == client.of("input_audio_buffer.committed")[0]["item_id"]


@each_dialect
def test_it_does_not_come_when_nobody_asked_for_it(dialect: Dialect) -> None:
    client = Client(dialect)
    a_turn(client)
    assert [name for name in types(client.events) if name.startswith(PREFIX)] == []


@pytest.mark.parametrize("dialect", [GA, PREVIEW], ids=lambda d: d.name)
def test_deltas_add_up_and_ga_pads_them(dialect: Dialect) -> None:
    client = configured(dialect)
    a_turn(client)
    deltas = client.of(f"{PREFIX}.delta")
    assert len(deltas) > 1
    assert "".join(delta["delta"] for delta in deltas) == "Hello, where is my order?"
    assert all(("obfuscation" in delta) == (dialect is GA) for delta in deltas)


def test_whisper_tells_all_in_one_delta_and_counts_seconds() -> None:
    client = configured(GA, model="whisper-1")
    a_turn(client)
    assert [d["delta"] for d in client.of(f"{PREFIX}.delta")] == ["Hello, where is my order?"]
    assert completed(client)[0]["usage"] == {"type": "duration", "seconds": 1.25}


def test_other_models_count_ten_tokens_a_second() -> None:
    client = configured(GA)
    a_turn(client)
    usage = completed(client)[0]["usage"]
    assert usage["input_tokens"] == usage["input_token_details"]["audio_tokens"] == 13  # 1.248 s
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


@pytest.mark.parametrize(
    ("delay_ms", "later_than", "sooner_than"),
    [
        (0, "input_audio_buffer.committed", "response.output_audio.delta"),
        (2_500, "response.done", ""),
    ],
)
def test_it_may_come_before_the_answer_and_after_its_end(
    delay_ms: int, later_than: str, sooner_than: str
) -> None:
    client = configured(GA, profile=ModelProfile(transcription_delays_ms=(delay_ms,)))
    a_turn(client, rest_ms=4_000)
    names = types(client.events)
    at = names.index(f"{PREFIX}.completed")
    assert names.index(later_than) < at
    assert not sooner_than or at < names.index(sooner_than)


def test_transcripts_can_come_out_of_order() -> None:
    client = configured(GA, profile=ModelProfile(transcription_delays_ms=(4_000, 0)))
    a_turn(client, rest_ms=500)
    a_turn(client, rest_ms=4_000)
    assert [told["transcript"] for told in completed(client)] == [
        "Thanks.",
        "Hello, where is my order?",
    ]


@each_dialect
def test_an_unknown_deployment_shows_only_after_the_commit(dialect: Dialect) -> None:
    profile = ModelProfile(transcription_models=frozenset({"whisper"}))
    client = configured(dialect, model="missing", profile=profile)
    assert types(client.events)[-1] == "session.updated"
    a_turn(client)
    (failed,) = client.of(f"{PREFIX}.failed")
    assert failed["error"]["type"] == "server_error"
    assert completed(client) == []
    assert client.of("response.done")[0]["response"]["status"] == "completed"


def test_the_transcript_becomes_part_of_the_item() -> None:
    client = configured(GA)
    a_turn(client)
    item_id = completed(client)[0]["item_id"]
    (told,) = client.send("conversation.item.retrieve", item_id=item_id)
    assert told["item"]["content"][0]["transcript"] == "Hello, where is my order?"


def test_a_deleted_item_is_not_transcribed() -> None:
    client = configured(GA, hold=lambda job: isinstance(job, Transcribe))
    manual(client)
    client.talk(500)
    (committed, *_) = client.send("input_audio_buffer.commit")
    client.send("conversation.item.delete", item_id=committed["item_id"])
    client.release()
    client.wait(2_000)
    assert completed(client) == []
