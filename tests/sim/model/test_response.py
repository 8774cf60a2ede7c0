"""The ladder of one response, in each dialect."""

import base64
from typing import Any

import pytest

from bridge.sim.model.dialect import DIALECTS, GA, PREVIEW, PREVIEW_2024_10, Dialect
from bridge.sim.model.profile import ModelProfile, Stall
from bridge.sim.model.reply import FunctionCall, Reply, Spoken
from bridge.sim.model.session import Ask
from bridge.sim.voice.jobs import Failed, Speak, Speech, Transcribe, Transcript
from tests.sim.model.client import HELLO, Client, Event, pcm, types
from tests.sim.model.test_session_object import hearing, update

each_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda d: d.name)
AUDIO, WORD = "response.output_audio.delta", "response.output_audio_transcript.delta"


def respond(client: Client, for_ms: float = 5_000, **response: Any) -> list[Event]:
    before = len(client.events)
    client.send("response.create", **({"response": response} if response else {}))
    client.wait(for_ms)
    return client.events[before:]


def ladder(client: Client, events: list[Event]) -> list[str]:
    """Types in order, each run of deltas once, in GA's names."""
    names = {client.dialect.event(name): name for name in _GA_NAMES}
    deltas = {AUDIO, WORD}
    told: list[str] = []
    for kind in types(events):
        name = names.get(kind, kind)
        name = "deltas" if name in deltas else name
        if not told or told[-1] != name or not (name == "deltas" or name.endswith(".delta")):
            told.append(name)
    return told


_GA_NAMES = (
    AUDIO,
    WORD,
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.output_text.delta",
    "response.output_text.done",
    "conversation.item.added",
)


def statuses(client: Client) -> list[str]:
    return [event["response"]["status"] for event in client.of("response.done")]


# --- audio ------------------------------------------------------------------------------------


def test_the_ladder_of_spoken_output_in_ga() -> None:
    client = Client(GA)
    assert ladder(client, respond(client)) == [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "deltas",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
        "rate_limits.updated",
    ]


@pytest.mark.parametrize("dialect", [PREVIEW, PREVIEW_2024_10], ids=lambda d: d.name)
def test_the_ladder_of_spoken_output_in_the_previews(dialect: Dialect) -> None:
    client = Client(dialect)
    expected = [
        "response.created",
        "rate_limits.updated",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "deltas",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.done",
    ]
    if dialect is PREVIEW_2024_10:
        expected = [*expected[:1], *expected[2:], "rate_limits.updated"]
    assert ladder(client, respond(client)) == expected


@pytest.mark.parametrize(
    ("dialect", "names"), [(GA, ["tokens"]), (PREVIEW, ["requests", "tokens"])]
)
def test_rate_limits_name_what_the_dialect_tells(dialect: Dialect, names: list[str]) -> None:
    client = Client(dialect)
    respond(client)
    (limits,) = client.of("rate_limits.updated")
    assert [limit["name"] for limit in limits["rate_limits"]] == names


def test_ga_tells_its_rate_limit_40_ms_after_the_end() -> None:
    client = Client(GA)
    respond(client)
    done, limits = (
        client.times[types(client.events).index(name)]
        for name in ("response.done", "rate_limits.updated")
    )
    assert limits - done == pytest.approx(0.04)


def test_items_open_empty_and_close_with_their_words() -> None:
    client = Client(GA)
    respond(client)
    added, done = (
        client.of("response.output_item.added")[0],
        client.of("response.output_item.done")[0],
    )
    assert (added["item"]["status"], added["item"]["content"]) == ("in_progress", [])
    assert done["item"]["status"] == "completed"
    said = "Hello there, how can I help you today?"
    assert done["item"]["content"] == [{"type": "output_audio", "transcript": said}]
    assert client.of("response.done")[0]["response"]["output"] == [done["item"]]


@each_dialect
def test_deltas_add_up_to_what_done_says(dialect: Dialect) -> None:
    client = Client(dialect)
    respond(client)
    (done,) = client.of("response.output_audio_transcript.done")
    assert "".join(delta["delta"] for delta in client.of(WORD)) == done["transcript"]
    assert done["transcript"] == "Hello there, how can I help you today?"
    assert client.audio(done["item_id"]) == pcm(2_000)
    (part,) = client.of("response.content_part.done")
    assert part["part"] == {"type": "audio", "transcript": done["transcript"]}


def test_words_come_singly_with_a_leading_space() -> None:
    client = Client()
    respond(client)
    words = [delta["delta"] for delta in client.of(WORD)]
    assert words == ["Hello", " there", ",", " how", " can", " I", " help", " you", " today", "?"]


def test_words_run_ahead_of_the_sound() -> None:
    client = Client(profile=ModelProfile(speed=1.0))
    respond(client)
    sent_ms, place = 0.0, {word.text: word.at_ms for word in client.session.items[0].parts[0].words}
    for event in client.events:
        if event["type"] == WORD:
            assert sent_ms <= place[event["delta"]] + 1
        elif event["type"] == AUDIO:
            sent_ms += len(base64.b64decode(event["delta"])) / 48


def test_audio_comes_in_the_sizes_seen_of_the_service() -> None:
    client = Client(replies=[Reply((Spoken("Hello.", 2_150),))])
    respond(client)
    sizes_ms = [len(base64.b64decode(delta["delta"])) // 48 for delta in client.of(AUDIO)]
    assert sizes_ms == [100, 150, 250, 250, 250, 250, 250, 250, 400]


def test_g711_output_carries_a_sixth_of_the_bytes_for_the_same_time() -> None:
    client = Client(PREVIEW, replies=[Reply((Spoken("Hello.", 2_150),))])
    update(client, output_audio_format="g711_ulaw")
    respond(client)
    sizes = [len(base64.b64decode(delta["delta"])) for delta in client.of(AUDIO)]
    assert sizes[:4] == [800, 1_200, 2_000, 2_000]
    assert sum(sizes) == 2_150 * 8


@pytest.mark.parametrize("speed", [1.0, 4.0])
def test_audio_is_paced_by_the_speed(speed: float) -> None:
    client = Client(profile=ModelProfile(speed=speed), replies=[Reply((Spoken("Hi.", 2_150),))])
    respond(client)
    times = [t for t, e in zip(client.times, client.events, strict=True) if e["type"] == AUDIO]
    assert times[0] == pytest.approx(0.3)
    assert times[-1] - times[0] == pytest.approx(1.75 / speed)


def test_speed_0_delivers_all_at_once() -> None:
    client = Client(profile=ModelProfile(speed=0, first_delta_ms=0))
    told = client.send("response.create")
    assert types(told)[-1] == "response.done"
    assert client.audio(client.session.items[0].id) == pcm(2_000)


def test_a_late_tick_catches_up() -> None:
    client = Client()
    client.send("response.create")
    client.now = 10.0
    client.take(client.session.tick(10.0))
    assert statuses(client) == ["completed"]


def test_the_item_opens_before_its_first_delta() -> None:
    client = Client(profile=ModelProfile(first_delta_ms=300))
    assert types(respond(client, for_ms=160))[-1] == "response.content_part.added"
    assert client.of(AUDIO) == []
    assert types(client.wait(150))[-1] == AUDIO


def test_speech_is_delivered_piece_by_piece_as_it_is_made() -> None:
    client = Client(hold=lambda job: isinstance(job, Speak))
    client.send("response.create")
    client.wait(2_000)
    assert client.of(AUDIO) == []
    client.release(Speech("First sentence.", pcm(600), last=False))
    client.held.insert(0, _ask())
    client.wait(2_000)
    assert len(client.audio(client.session.items[0].id)) // 48 == 500  # 100 waits for its like
    client.release(Speech("And a second.", pcm(700), last=True))
    client.wait(2_000)
    (done,) = client.of("response.output_audio_transcript.done")
    assert done["transcript"] == "First sentence. And a second."
    assert client.audio(done["item_id"]) == pcm(1_300)


def _ask() -> Ask:
    """Put back a job that has more results to come."""
    return Ask(1, Speak("", ""))


def test_a_voice_that_fails_fails_the_response() -> None:
    client = Client(hold=lambda job: isinstance(job, Speak))
    client.send("response.create")
    client.release(Failed("no voice"))
    (done,) = client.of("response.done")
    assert done["response"]["status"] == "failed"
    assert done["response"]["status_details"]["error"]["type"] == "server_error"


def test_a_reply_can_stall_behind_the_audio_it_names() -> None:
    reply = Reply((Spoken("Hello.", 2_000, stall_after_ms=700, stall_ms=3_000),))
    client = Client(replies=[reply])
    respond(client, for_ms=2_000)
    assert len(client.audio(client.session.items[0].id)) // 48 == 700
    client.wait(2_000)
    assert statuses(client) == ["completed"]
    assert client.audio(client.session.items[0].id) == pcm(2_000)


def test_a_profile_can_stall_a_response_too() -> None:
    client = Client(profile=ModelProfile(stalls={2: Stall(after_ms=400, for_ms=1_000)}))
    respond(client, for_ms=1_000)
    assert statuses(client) == ["completed"]
    respond(client, for_ms=1_000)
    assert len(client.audio(client.session.items[1].id)) // 48 == 400


@each_dialect
def test_four_items_follow_each_other_in_one_response(dialect: Dialect) -> None:
    reply = Reply(tuple(Spoken(f"Number {n}.", 500 + n) for n in range(4)))
    client = Client(dialect, replies=[reply])
    respond(client)
    added, done = client.of("response.output_item.added"), client.of("response.output_item.done")
    assert [event["output_index"] for event in added] == [0, 1, 2, 3]
    (end,) = client.of("response.done")
    assert [item["id"] for item in end["response"]["output"]] == [e["item"]["id"] for e in done]
    for n, event in enumerate(done):
        assert client.audio(event["item"]["id"]) == pcm(500 + n)


def written(client: Client) -> list[Event]:
    if client.dialect.nested:
        return respond(client, output_modalities=["text"])
    return respond(client, modalities=["text"])


# --- text -------------------------------------------------------------------------------------


@each_dialect
def test_the_ladder_of_written_output(dialect: Dialect) -> None:
    client = Client(dialect)
    told = ladder(client, written(client))
    expected = [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
    ]
    expected += ["conversation.item.done"] if dialect.items_are_done else []
    expected += ["response.output_item.done", "response.done"]
    assert [name for name in told if name != "rate_limits.updated"] == expected
    (done,) = client.of("response.output_text.done")
    assert "".join(d["delta"] for d in client.of("response.output_text.delta")) == done["text"]
    assert client.of("response.content_part.added")[0]["part"] == {"type": "text", "text": ""}
    assert client.voice.spoken == []


def test_a_limit_of_tokens_stops_writing_too() -> None:
    client = Client()
    respond(client, output_modalities=["text"], max_output_tokens=2)
    assert statuses(client) == ["incomplete"]
    assert client.of("response.output_text.done")[0]["text"] == "Hello"


@each_dialect
def test_ga_alone_pads_text_deltas(dialect: Dialect) -> None:
    client = Client(dialect)
    written(client)
    padded = ["obfuscation" in event for event in client.of("response.output_text.delta")]
    assert padded == [dialect is GA] * len(padded)


# --- functions --------------------------------------------------------------------------------

LOOKUP = Reply((FunctionCall("lookup_order", '{"number":"4711"}'),))


@each_dialect
def test_the_ladder_of_a_function_call(dialect: Dialect) -> None:
    client = Client(dialect, replies=[LOOKUP])
    told = ladder(client, respond(client))
    expected = [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
    ]
    expected += ["conversation.item.done"] if dialect.items_are_done else []
    expected += ["response.output_item.done", "response.done"]
    assert [name for name in told if name != "rate_limits.updated"] == expected
    (done,) = client.of("response.function_call_arguments.done")
    deltas = client.of("response.function_call_arguments.delta")
    assert "".join(delta["delta"] for delta in deltas) == done["arguments"] == '{"number":"4711"}'
    assert done["name"] == "lookup_order"
    (item,) = client.of("response.done")[0]["response"]["output"]
    assert (item["type"], item["call_id"]) == ("function_call", done["call_id"])
    assert len(item["call_id"]) <= 32


@each_dialect
def test_the_output_of_a_function_reaches_the_next_response(dialect: Dialect) -> None:
    client = Client(dialect, replies=[LOOKUP, HELLO])
    respond(client)
    call_id = client.of("response.function_call_arguments.done")[0]["call_id"]
    output = {"type": "function_call_output", "call_id": call_id, "output": '{"status":"shipped"}'}
    assert client.send("conversation.item.create", item=output)[0]["item"]["call_id"] == call_id
    assert client.wait(1_000) == []  # never an answer of itself
    respond(client)
    turns = client.mind.contexts[1].turns
    assert [(turn.role, turn.call_id) for turn in turns] == [
        ("function_call", call_id),
        ("function_output", call_id),
    ]
    assert turns[1].text == '{"status":"shipped"}'


def test_a_call_can_be_cut_amid_its_arguments() -> None:
    client = Client(replies=[LOOKUP], profile=ModelProfile(cut_calls=frozenset({1})))
    respond(client)
    (done,) = client.of("response.function_call_arguments.done")
    assert done["arguments"] == '{"number'
    (end,) = client.of("response.done")
    assert end["response"]["status"] == "cancelled"
    assert end["response"]["output"][0]["status"] == "incomplete"


def test_a_spoken_item_may_come_before_the_call() -> None:
    client = Client(replies=[Reply((Spoken("One moment.", 400), LOOKUP.items[0]))])
    respond(client)
    kinds = [event["item"]["type"] for event in client.of("response.output_item.done")]
    assert kinds == ["message", "function_call"]


# --- waiting for words ------------------------------------------------------------------------


def test_the_response_is_created_at_once_and_thinks_when_the_words_are_known() -> None:
    client = Client(hold=lambda job: isinstance(job, Transcribe))
    client.talk(500)
    client.hush(2_000)
    assert len(client.of("response.created")) == 1
    assert client.of("response.output_item.added") == []
    client.release(Transcript("where is my order"))
    client.hush(1_500)
    assert statuses(client) == ["completed"]
    (context,) = client.mind.contexts
    assert [turn.text for turn in context.turns] == ["where is my order"]


def test_words_that_cannot_be_found_do_not_hold_the_answer_for_ever() -> None:
    client = Client(hold=lambda job: isinstance(job, Transcribe))
    client.talk(500)
    client.hush(500)
    client.release(Failed("no ear"))
    client.hush(1_500)
    assert statuses(client) == ["completed"]


# --- ends -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code", ["inference_rate_limit_exceeded", "rate_limit_exceeded", "server_error"]
)
@each_dialect
def test_a_failed_response_has_nothing_between_created_and_done(
    dialect: Dialect, code: str
) -> None:
    client = Client(dialect, profile=ModelProfile(failed_responses={1: code}))
    told = [name for name in types(respond(client)) if name != "rate_limits.updated"]
    assert told == ["response.created", "response.done"]
    response = client.of("response.done")[0]["response"]
    assert response["status_details"]["error"]["code"] == code
    assert response["output"] == []
    assert response["usage"]["total_tokens"] == 0
    respond(client)
    assert statuses(client) == ["failed", "completed"]


def test_a_limit_of_tokens_stops_the_audio_and_leaves_the_item_incomplete() -> None:
    client = Client()
    respond(client, max_output_tokens=20)
    response = client.of("response.done")[0]["response"]
    assert response["status"] == "incomplete"
    assert response["status_details"] == {"type": "incomplete", "reason": "max_output_tokens"}
    assert response["output"][0]["status"] == "incomplete"
    assert 0 < len(client.audio(response["output"][0]["id"])) < 2_000 * 48


def test_a_profile_can_make_a_response_incomplete() -> None:
    client = Client(profile=ModelProfile(incomplete_responses={1: 10}))
    respond(client)
    respond(client)
    assert statuses(client) == ["incomplete", "completed"]


@each_dialect
def test_the_response_echoes_its_settings(dialect: Dialect) -> None:
    client = Client(dialect)
    respond(client)
    created, done = client.of("response.created", "response.done")
    assert (created["response"]["status"], created["response"]["usage"]) == ("in_progress", None)
    assert created["response"]["output"] == []
    assert done["response"]["id"] == created["response"]["id"]
    if dialect is GA:
        assert created["response"]["audio"]["output"] == {
            "format": {"type": "audio/pcm", "rate": 24000},
            "voice": "marin",
        }
    elif dialect is PREVIEW:
        assert created["response"]["voice"] == "alloy"
        assert created["response"]["temperature"] == 0.8


def test_turn_detection_need_not_be_on_for_a_greeting() -> None:
    client = Client()
    update(client, **hearing(turn_detection=None))
    respond(client)
    assert statuses(client) == ["completed"]
