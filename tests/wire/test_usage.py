"""Usage of responses and transcriptions, in every form the vendors' documents show."""

import json
from typing import Any

import pytest

from bridge.wire import realtime
from bridge.wire.usage import CachedTokens, InputTokens, OutputTokens, TranscriptionUsage, Usage


def done(**response: Any) -> realtime.ResponseDone:
    body = {"id": "resp_1", "status": "completed"} | response
    event = realtime.parse(json.dumps({"type": "response.done", "response": body}))
    assert isinstance(event, realtime.ResponseDone)
    return event


def transcribed(**fields: Any) -> realtime.InputTranscript:
    kind = "conversation.item.input_audio_transcription.completed"
    body = {"type": kind, "item_id": "item_1", "transcript": "Hello"} | fields
    event = realtime.parse(json.dumps(body))
    assert isinstance(event, realtime.InputTranscript)
    return event


def test_cached_tokens_come_with_their_kinds() -> None:
    details = {
        "text_tokens": 119,
        "audio_tokens": 320,
        "image_tokens": 7,
        "cached_tokens": 192,
        "cached_tokens_details": {"text_tokens": 64, "audio_tokens": 128},
    }
    usage = {"total_tokens": 446, "input_tokens": 446, "input_token_details": details}
    read = InputTokens(119, 320, 7, 192, CachedTokens(64, 128))
    assert done(usage=usage).usage == Usage(446, 446, 0, read)


@pytest.mark.parametrize("response", [{}, {"usage": None}])
def test_a_response_without_usage_is_no_mistake(response: dict[str, Any]) -> None:
    assert (done(**response).usage, done(**response).usage_problem) == (None, None)


@pytest.mark.parametrize("details", [{}, {"input_token_details": None}])
def test_a_preview_may_leave_the_details_out(details: dict[str, Any]) -> None:
    usage = {"total_tokens": 9, "input_tokens": 5, "output_tokens": 4}
    assert done(usage=usage | details).usage == Usage(9, 5, 4)


@pytest.mark.parametrize(
    "usage",
    [
        "a lot",
        [],
        {"input_tokens": -1},
        {"input_tokens": "12"},
        {"input_tokens": 1.5},
        {"input_tokens": 10**12},
        {"input_token_details": {"audio_tokens": -3}},
        {"output_token_details": {"audio_tokens": "many"}},
        {"input_token_details": {"cached_tokens_details": 4}},
    ],
)
def test_a_usage_without_sense_is_put_aside_and_the_response_is_done(usage: Any) -> None:
    event = done(usage=usage, status="cancelled")
    assert (event.response_id, event.status, event.usage) == ("resp_1", "cancelled", None)
    assert event.usage_problem


def test_a_transcription_tells_tokens() -> None:
    usage = {
        "type": "tokens",
        "total_tokens": 28,
        "input_tokens": 19,
        "input_token_details": {"text_tokens": 0, "audio_tokens": 19},
        "output_tokens": 9,
    }
    told = TranscriptionUsage("tokens", 19, 9, InputTokens(audio_tokens=19))
    assert transcribed(usage=usage).usage == told


def test_a_transcription_tells_seconds() -> None:
    event = transcribed(usage={"type": "duration", "seconds": 3.2})
    assert event.usage == TranscriptionUsage("duration", seconds=3.2)


def test_a_transcription_without_usage_is_no_mistake() -> None:
    assert (transcribed().usage, transcribed(usage=None).usage) == (None, None)


@pytest.mark.parametrize("usage", [7, {"type": "duration", "seconds": -1}, {"seconds": "3"}])
def test_the_words_stand_though_their_usage_makes_no_sense(usage: Any) -> None:
    event = transcribed(usage=usage)
    assert (event.transcript, event.usage) == ("Hello", None)
    assert event.usage_problem


def test_an_empty_output_is_told_apart_from_none() -> None:
    assert done(usage={"output_token_details": {}}).usage == Usage(
        output_token_details=OutputTokens()
    )
