"""Tokens add up, and the cache is counted in steps."""

from typing import Any

import pytest

from bridge.sim.model.dialect import DIALECTS, GA, Dialect
from bridge.sim.model.usage import Tokens
from tests.sim.model.client import Client
from tests.sim.model.test_response import respond
from tests.sim.model.test_session_object import update


def usages(client: Client) -> list[dict[str, Any]]:
    return [event["response"]["usage"] for event in client.of("response.done")]


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda d: d.name)
def test_totals_add_up(dialect: Dialect) -> None:
    client = Client(dialect)
    client.talk(1_000)
    client.hush(1_500)
    respond(client)
    for usage in usages(client):
        read, made = usage["input_token_details"], usage["output_token_details"]
        assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
        assert usage["input_tokens"] == read["text_tokens"] + read["audio_tokens"]
        assert usage["output_tokens"] == made["text_tokens"] + made["audio_tokens"]
        assert read["cached_tokens"] % 64 == 0
        assert read["cached_tokens"] <= usage["input_tokens"]


def test_the_assistant_makes_20_audio_tokens_a_second() -> None:
    client = Client()
    respond(client)
    assert usages(client)[0]["output_token_details"]["audio_tokens"] == 40


def test_the_caller_is_read_at_10_tokens_a_second_and_the_assistant_at_20() -> None:
    client = Client()
    client.talk(992)
    client.hush(1_500)
    respond(client)
    first, second = usages(client)
    assert first["input_token_details"]["audio_tokens"] == 13  # 1.216 s
    assert second["input_token_details"]["audio_tokens"] == 13 + 40


def test_what_was_cut_off_is_not_read_again() -> None:
    client = Client()
    respond(client)
    client.send(
        "conversation.item.truncate",
        item_id=client.session.items[0].id,
        content_index=0,
        audio_end_ms=500,
    )
    respond(client)
    assert usages(client)[1]["input_token_details"]["audio_tokens"] == 10


def test_the_default_instructions_are_about_111_tokens() -> None:
    client = Client()
    respond(client)
    assert 100 <= usages(client)[0]["input_token_details"]["text_tokens"] <= 120


def test_the_cache_is_filled_by_the_first_response() -> None:
    client = Client(GA)
    update(client, instructions="x" * 4 * 130)
    respond(client)
    respond(client)
    first, second = (usage["input_token_details"] for usage in usages(client))
    assert (first["cached_tokens"], second["cached_tokens"]) == (0, 128)
    assert second["cached_tokens_details"] == {
        "text_tokens": 128,
        "audio_tokens": 0,
        "image_tokens": 0,
    }


def test_the_cache_never_exceeds_either_input() -> None:
    assert Tokens(200, 70).cached(Tokens(130, 64)) == Tokens(128, 64)
    assert Tokens(60, 10).cached(Tokens(500, 500)) == Tokens(0, 0)
