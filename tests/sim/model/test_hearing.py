"""Audio in: positions from bytes, turns, commits."""

import base64
from typing import Any

import pytest

from bridge.sim.model.dialect import DIALECTS, GA, PREVIEW, PREVIEW_2024_10, Dialect
from bridge.sim.voice.jobs import Detect, Failed, Transcribe
from tests.sim.model.client import Client, Loudness, error, pcm, types
from tests.sim.model.test_session_object import hearing, update

each_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda d: d.name)


def manual(client: Client) -> None:
    if client.dialect.nested:
        update(client, **hearing(turn_detection=None))
    elif client.dialect is PREVIEW:
        update(client, turn_detection=None)
    else:
        update(client, turn_detection={"type": "none"})


@each_dialect
def test_append_is_not_answered(dialect: Dialect) -> None:
    assert Client(dialect).append(pcm(100, 0)) == []


@each_dialect
def test_a_turn_is_told_under_one_item_id_and_back_to_back(dialect: Dialect) -> None:
    client = Client(dialect)
    client.hush(1_000)
    client.talk(1_000)
    client.hush(400)
    names = ["input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped"]
    names += ["input_audio_buffer.committed", "conversation.item.added"]
    names += ["conversation.item.done"] if dialect.items_are_done else []
    names += ["response.created"]
    told = client.events[1 : len(names) + 1]
    assert types(told) == [dialect.event(name) for name in names]
    ids = [event.get("item_id") or event.get("item", {}).get("id") for event in told[:-1]]
    assert len(set(ids)) == 1
    times = client.times[2 : len(names) + 1]
    assert len(set(times)) == 1


def test_positions_are_whole_windows_with_prefix_and_silence_counted_in() -> None:
    client = Client()
    client.hush(1_000)
    client.talk(1_000)
    client.hush(400)
    (started,) = client.of("input_audio_buffer.speech_started")
    (stopped,) = client.of("input_audio_buffer.speech_stopped")
    assert started["audio_start_ms"] == (992 - 300) // 32 * 32
    assert stopped["audio_end_ms"] == 2_016 + 224


def test_an_onset_does_not_reach_before_the_session() -> None:
    client = Client()
    client.talk(400)
    (started,) = client.of("input_audio_buffer.speech_started")
    assert started["audio_start_ms"] == 0


def test_positions_count_bytes_and_not_time() -> None:
    client = Client()
    client.wait(60_000)
    for _ in range(20):
        client.append(pcm(50, 0))
    for _ in range(10):
        client.append(pcm(50))
    (started,) = client.of("input_audio_buffer.speech_started")
    assert started["audio_start_ms"] == (992 - 300) // 32 * 32


@pytest.mark.parametrize("size", [1, 7, 333, 960, 48_000])
def test_the_cutting_of_appends_changes_nothing(size: int) -> None:
    stream = pcm(500, 0) + pcm(700) + pcm(500, 0)
    client, told = Client(), []
    for at in range(0, len(stream), size):
        told += client.append(stream[at : at + size])
    positions = [
        event[key] for event in told for key in ("audio_start_ms", "audio_end_ms") if key in event
    ]
    assert positions == [(480 - 300) // 32 * 32, 1_216 + 224]


def test_the_audio_of_a_turn_runs_from_prefix_to_the_end_of_the_silence() -> None:
    client = Client(hold=lambda job: isinstance(job, Transcribe))
    client.hush(1_000)
    client.talk(1_000)
    client.hush(400)
    (job,) = (ask.job for ask in client.held)
    assert isinstance(job, Transcribe) and job.rate_hz == 24_000
    prefix = bytes(48 * (1_000 - 672))
    assert job.pcm == prefix + pcm(1_000) + bytes(48 * (2_240 - 2_000))


@pytest.mark.parametrize(
    ("dialect", "changes"),
    [
        (GA, hearing(format={"type": "audio/pcmu"})),
        (GA, hearing(format={"type": "audio/pcma"})),
        (PREVIEW, {"input_audio_format": "g711_ulaw"}),
        (PREVIEW_2024_10, {"input_audio_format": "g711_alaw"}),
    ],
)
def test_g711_is_heard_at_8_khz_in_the_same_milliseconds(
    dialect: Dialect, changes: dict[str, Any]
) -> None:
    client = Client(dialect)
    update(client, **changes)
    client.hush(1_000)
    client.talk(1_000)
    client.hush(400)
    (stopped,) = client.of("input_audio_buffer.speech_stopped")
    assert stopped["audio_end_ms"] == 2_016 + 224
    detected = [job for job in client.jobs if isinstance(job, Detect)]
    assert {job.rate_hz for job in detected} == {8_000}
    assert sum(len(job.pcm) for job in detected) == 2_400 * 16


def test_threshold_silence_and_prefix_are_honoured() -> None:
    client = Client()
    rules = {"type": "server_vad", "silence_duration_ms": 800, "prefix_padding_ms": 96}
    update(client, **hearing(turn_detection=rules))
    client.hush(1_000)
    client.talk(1_000)
    client.hush(1_000)
    (started,) = client.of("input_audio_buffer.speech_started")
    (stopped,) = client.of("input_audio_buffer.speech_stopped")
    assert started["audio_start_ms"] == 992 - 96
    assert stopped["audio_end_ms"] == 2_016 + 800


def test_a_threshold_above_the_voice_hears_nothing() -> None:
    client = Client()
    update(client, **hearing(turn_detection={"type": "server_vad", "threshold": 0.95}))
    client.talk(1_000)
    assert client.of("input_audio_buffer.speech_started") == []


@pytest.mark.parametrize(("eagerness", "silence_ms"), [("high", 608), ("low", 2_016)])
def test_semantic_turn_detection_waits_by_its_eagerness(eagerness: str, silence_ms: int) -> None:
    client = Client()
    rules = {"type": "semantic_vad", "eagerness": eagerness}
    update(client, **hearing(turn_detection=rules))
    client.talk(992)
    client.hush(2_100)
    (stopped,) = client.of("input_audio_buffer.speech_stopped")
    assert stopped["audio_end_ms"] == 992 + silence_ms


def test_create_response_false_commits_and_does_not_answer() -> None:
    client = Client()
    update(client, **hearing(turn_detection={"type": "server_vad", "create_response": False}))
    client.talk(500)
    client.hush(2_000)
    assert len(client.of("input_audio_buffer.committed")) == 1
    assert client.of("response.created") == []


def test_where_detection_failed_there_is_silence_and_the_clock_goes_on() -> None:
    client = Client(hold=lambda job: isinstance(job, Detect))
    client.append(pcm(640))
    client.release(Failed("no detector"))
    client.append(pcm(320))
    client.release()
    (started,) = client.of("input_audio_buffer.speech_started")
    assert started["audio_start_ms"] == (640 - 300) // 32 * 32


# --- manual turns -----------------------------------------------------------------------------


@each_dialect
def test_without_turn_detection_a_commit_makes_an_item_and_no_response(dialect: Dialect) -> None:
    client = Client(dialect)
    manual(client)
    client.talk(500)
    told = client.send("input_audio_buffer.commit")
    names = ["input_audio_buffer.committed", "conversation.item.added"]
    names += ["conversation.item.done"] if dialect.items_are_done else []
    assert types(told) == [dialect.event(name) for name in names]
    assert told[0]["previous_item_id"] is None
    assert told[1]["item"]["content"] == [{"type": "input_audio", "transcript": None}]
    assert client.wait(5_000) == []


def test_an_empty_commit_is_refused_with_what_was_there() -> None:
    client = Client()
    manual(client)
    told = error(client.send("input_audio_buffer.commit"))
    assert told["code"] == "input_audio_buffer_commit_empty"
    assert "at least 100ms" in told["message"] and "0.00ms" in told["message"]
    client.append(pcm(99))
    assert "99.00ms" in error(client.send("input_audio_buffer.commit"))["message"]
    client.append(pcm(1))
    assert types(client.send("input_audio_buffer.commit"))[0] == "input_audio_buffer.committed"


def test_a_commit_takes_only_what_was_not_committed() -> None:
    client = Client()
    manual(client)
    client.talk(200)
    client.send("input_audio_buffer.commit")
    client.append(pcm(120))
    client.send("input_audio_buffer.commit")
    assert [item.audio.generated_ms for item in client.session.items if item.audio] == [200, 120]


def test_clear_drops_what_was_not_committed() -> None:
    client = Client()
    manual(client)
    client.talk(500)
    assert types(client.send("input_audio_buffer.clear")) == ["input_audio_buffer.cleared"]
    told = error(client.send("input_audio_buffer.commit"))
    assert told["code"] == "input_audio_buffer_commit_empty"


def test_clear_forgets_an_onset_that_was_told() -> None:
    client = Client()
    client.talk(200)
    assert len(client.of("input_audio_buffer.speech_started")) == 1
    client.send("input_audio_buffer.clear")
    client.hush(1_000)
    assert client.of("input_audio_buffer.speech_stopped") == []


def test_a_commit_amid_speech_ends_the_turn_there() -> None:
    client = Client()
    client.talk(600)
    (started,) = client.of("input_audio_buffer.speech_started")
    (committed, *_) = client.send("input_audio_buffer.commit")
    assert committed["item_id"] == started["item_id"]
    client.hush(1_000)
    assert client.of("input_audio_buffer.speech_stopped") == []


def test_after_a_turn_was_committed_there_is_nothing_to_commit() -> None:
    client = Client()
    client.talk(500)
    client.hush(240)
    assert len(client.of("input_audio_buffer.committed")) == 1
    told = error(client.send("input_audio_buffer.commit"))
    assert told["code"] == "input_audio_buffer_commit_empty"


def test_silence_is_not_kept_for_ever() -> None:
    client = Client()
    client.hush(30_000)
    client.send("input_audio_buffer.commit")
    (item,) = client.session.items
    assert item.audio is not None and item.audio.generated_ms <= 5_400


def test_audio_beyond_15_mib_is_refused() -> None:
    client = Client()
    audio = base64.b64encode(bytes(15 * 1024 * 1024 + 1)).decode()
    assert error(client.send("input_audio_buffer.append", audio=audio))["param"] == "audio"


# --- idle timeout -----------------------------------------------------------------------------


def idle(client: Client, timeout_ms: int = 6_000) -> None:
    rules = {"type": "server_vad", "idle_timeout_ms": timeout_ms}
    update(client, **hearing(turn_detection=rules))


def test_an_idle_caller_is_spoken_to_once() -> None:
    client = Client()
    idle(client)
    client.send("response.create")
    client.hush(1_000)  # the greeting is delivered and, for two seconds, played
    told = client.hush(8_000)
    names = ["input_audio_buffer.timeout_triggered", "input_audio_buffer.committed"]
    names += ["conversation.item.added", "conversation.item.done", "response.created"]
    assert types(told)[:5] == names
    triggered = told[0]
    assert triggered["audio_end_ms"] - triggered["audio_start_ms"] == 6_000
    assert triggered["item_id"] == told[1]["item_id"]


def test_the_idle_time_counts_from_the_end_of_the_playback() -> None:
    client = Client()
    idle(client)
    client.send("response.create")
    client.hush(20_000)
    done_at = client.times[client.events.index(client.of("response.done")[0])]
    triggered_at = client.times[
        client.events.index(client.of("input_audio_buffer.timeout_triggered")[0])
    ]
    assert triggered_at == pytest.approx(done_at + 2.0 + 6.0)


def test_a_caller_who_speaks_is_not_idle() -> None:
    client = Client()
    idle(client)
    client.send("response.create")
    client.hush(4_000)
    client.talk(12_000)
    assert client.of("input_audio_buffer.timeout_triggered") == []


def test_detection_that_comes_late_still_finds_the_audio() -> None:
    client = Client(voice=Loudness(), hold=lambda job: isinstance(job, Detect))
    client.hush(500)
    client.talk(700)
    client.hush(1_500)
    while client.held:
        client.release()
    (stopped,) = client.of("input_audio_buffer.speech_stopped")
    assert stopped["audio_end_ms"] == 1_216 + 224
    (item,) = (item for item in client.session.items if item.role == "user")
    assert item.audio is not None and item.audio.generated_ms == 1_440 - 160
