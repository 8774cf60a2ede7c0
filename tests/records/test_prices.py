"""The price table, as it comes along and as an operator writes it."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from bridge.agents.problems import AgentError
from bridge.records.prices import HeardPrices, Prices, TokenPrices, load, read

TODAY = date(2026, 11, 24)
ROW = "{in: 4.00, cached: 0.40, out: 16.00}"
TABLE = f"""
models:
  - {{model: voice*, from: 2026-01-01, text: {ROW}, audio: {ROW}, image: {ROW}}}
  - {{model: voice*, from: 2026-06-01, text: {{in: 3}}, audio: {ROW}, image: {ROW}}}
  - {{model: voice-mini, from: 2026-01-01, text: {{in: 1}}, audio: {ROW}, image: {ROW}}}
transcription:
  - {{model: ears, from: 2026-01-01, minute: 0.006}}
carrier:
  - {{from: 2026-01-01, call_minute: 0.01, stream_minute: 0.004}}
  - {{from: 2026-03-01, call_minute: 0.02, stream_minute: 0.004}}
"""


def problems(text: str) -> str:
    with pytest.raises(AgentError) as raised:
        read(text, "prices.yaml")
    return str(raised.value)


@pytest.fixture(scope="module")
def own() -> Prices:
    return load(None)


@pytest.mark.parametrize(
    ("name", "audio_in", "text_out"),
    [
        ("gpt-realtime", "32", "16"),
        ("gpt-realtime-2025-08-28", "32", "16"),
        ("gpt-realtime-1.5", "32", "16"),
        ("gpt-realtime-2", "32", "24"),
        ("gpt-realtime-2.1", "32", "24"),
        ("gpt-realtime-2.1-mini", "10", "2.4"),
        ("gpt-realtime-mini-2025-12-15", "10", "2.4"),
        ("gpt-4o-realtime-preview", "40", "20"),
        ("gpt-4o-realtime-preview-2025-06-03", "40", "20"),
        ("gpt-4o-realtime-preview-2024-10-01", "100", "20"),
        ("gpt-4o-mini-realtime-preview", "10", "2.4"),
    ],
)
def test_the_models_of_today_have_a_price(
    own: Prices, name: str, audio_in: str, text_out: str
) -> None:
    row = own.model(name, TODAY)
    assert row is not None
    assert (row.audio.into, row.text.out) == (Decimal(audio_in), Decimal(text_out))
    assert row.audio.cached < row.audio.into


@pytest.mark.parametrize("name", ["", "gpt-5", "my-deployment", "gpt-realtimex"])
def test_a_model_nobody_has_priced_has_no_price(own: Prices, name: str) -> None:
    assert own.model(name, TODAY) is None


def test_a_row_counts_from_its_date_until_the_next() -> None:
    prices = read(TABLE, "prices.yaml")
    new, old = prices.model("voice-1", TODAY), prices.model("voice-1", date(2026, 5, 31))
    assert new and new.text == TokenPrices(Decimal(3), Decimal(3))
    assert old and old.text.into == Decimal("4.00")
    assert prices.model("voice-1", date(2025, 12, 31)) is None
    early, late = prices.carrier(date(2026, 2, 28)), prices.carrier(TODAY)
    assert early and late
    assert (early.call_minute, late.call_minute) == (Decimal("0.01"), Decimal("0.02"))


def test_the_longest_pattern_counts() -> None:
    row = read(TABLE, "prices.yaml").model("voice-mini", TODAY)
    assert row and row.text.into == Decimal(1)


def test_audio_without_a_price_of_its_own_costs_what_text_does() -> None:
    """As tables were written before there was one."""
    text = TABLE.replace("minute: 0.006", "tokens: {in: 2.50, cached: 1.00, out: 10.00}")
    old = read(text, "prices.yaml").transcription("ears", TODAY)
    assert old and old.tokens == HeardPrices(Decimal("2.50"), Decimal("2.50"), Decimal("10.00"))
    new = read(text.replace("cached: 1.00", "audio: 6"), "prices.yaml")
    row = new.transcription("ears", TODAY)
    assert row and row.tokens and row.tokens.audio == Decimal(6)


def test_amounts_are_taken_to_the_digit() -> None:
    text = TABLE.replace("0.006", "0.100000000000000055")
    row = read(text, "prices.yaml").transcription("ears", TODAY)
    assert row and row.minute == Decimal("0.100000000000000055")


def test_a_table_of_ones_own_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text(TABLE)
    assert load(path) == read(TABLE, "prices.yaml")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (TABLE.replace("minute: 0.006", "minute: -1"), "less than nothing"),
        (TABLE.replace("minute: 0.006", "minute: cheap"), "is no amount"),
        (TABLE.replace("minute: 0.006", "tokens: {out: 1}"), "tokens.in: is missing"),
        (TABLE.replace("minute: 0.006", "minute: 1, tokens: {in: 1}"), "write one of both"),
        (TABLE.replace(", minute: 0.006", ""), "write one of both"),
        (TABLE.replace("2026-06-01", "June"), "is not a date"),
        (TABLE.replace("from: 2026-06-01, ", ""), "models[1].from: is missing"),
        (TABLE.replace("model: ears, ", ""), "transcription[0].model: is missing"),
        (TABLE.replace("call_minute: 0.02, ", ""), "carrier[1].call_minute: is missing"),
        (TABLE.replace("image", "picture"), "is not a field of a price table"),
        (TABLE.replace("audio: " + ROW, "audio: 4"), "is not a mapping"),
        ("carrier: 4", "is not a list"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(wrong: str, told: str) -> None:
    assert told in problems(wrong)
