"""What one call has cost, by a price table, to the micro-dollar."""

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal

import msgspec

from bridge.call.usage import Usage
from bridge.records.prices import ModelPrices, Prices, TokenPrices, TranscriptionPrices
from bridge.records.record import CallRecord, Cost

MICRO = Decimal("0.000001")
MILLION = Decimal(1_000_000)


class Unpriced(Exception):
    """The cost is not known; the message says why."""


def priced(record: CallRecord, prices: Prices, transcription_model: str | None) -> CallRecord:
    """The record with its cost, or with the reason why that is not known."""
    try:
        found = cost(
            usage_of(record.usage),
            prices,
            model=record.model,
            transcription_model=transcription_model,
            seconds=record.seconds,
            day=record.started_at.date(),
        )
    except Unpriced as why:
        return msgspec.structs.replace(record, cost=None, cost_unknown=str(why))
    return msgspec.structs.replace(record, cost=found, cost_unknown="")


def usage_of(stored: Mapping[str, float]) -> Usage:
    """The usage as a record keeps it; what is not in there was not used."""
    return msgspec.convert(dict(stored), Usage)


def cost(
    usage: Usage,
    prices: Prices,
    *,
    model: str,
    transcription_model: str | None,
    seconds: float,
    day: date,
) -> Cost:
    """``seconds`` of call; the carrier bills from the moment it answers, which is a little before.
    Raises ``Unpriced``: a cost that leaves something out would look like a small one."""
    parts: dict[str, Decimal] = {
        **_model(usage, prices, model, day),
        **_carrier(prices, seconds, day),
    }
    if usage.transcriptions:
        parts["transcription"] = _transcription(usage, prices, transcription_model, day)
    rounded = {name: _rounded(each) for name, each in parts.items() if each}
    return Cost(sum(rounded.values(), Decimal(0)), rounded)


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(MICRO, ROUND_HALF_EVEN)


def _model(usage: Usage, prices: Prices, name: str, day: date) -> dict[str, Decimal]:
    if not usage.input_tokens + usage.output_tokens:
        return {}
    row = prices.model(name, day)
    if row is None:
        raise Unpriced(f"no price of the model {name or '(unnamed)'} on {day}")
    if usage.input_unsplit or usage.output_unsplit:
        raise Unpriced("the model did not tell text and audio tokens apart")
    return _by_kind(usage, row)


def _by_kind(usage: Usage, row: ModelPrices) -> dict[str, Decimal]:
    kinds: tuple[tuple[str, TokenPrices, int, int, int], ...] = (
        ("text", row.text, usage.input_text, usage.cached_text, usage.output_text),
        ("audio", row.audio, usage.input_audio, usage.cached_audio, usage.output_audio),
        ("image", row.image, usage.input_image, usage.cached_image, 0),
    )
    parts: dict[str, Decimal] = {}
    for kind, price, read, cached, made in kinds:
        parts[f"input_{kind}"] = (read - cached) * price.into / MILLION
        parts[f"cached_{kind}"] = cached * price.cached / MILLION
        parts[f"output_{kind}"] = made * price.out / MILLION
    return parts


def _transcription(usage: Usage, prices: Prices, name: str | None, day: date) -> Decimal:
    row = prices.transcription(name or "", day)
    if row is None:
        raise Unpriced(f"no price of the transcription model {name or '(unnamed)'} on {day}")
    tokens = usage.transcription_input_text + usage.transcription_input_audio
    if row.minute is not None and (usage.transcription_s or not tokens):
        return Decimal(str(usage.transcription_s)) / 60 * row.minute
    return _transcribed_tokens(usage, row)


def _transcribed_tokens(usage: Usage, row: TranscriptionPrices) -> Decimal:
    text, audio = usage.transcription_input_text, usage.transcription_input_audio
    if usage.transcription_s:
        raise Unpriced(f"{row.model} told seconds, but is priced by the token")
    if row.tokens is None:
        # One token of a caller's audio is 100 ms (OpenAI, "Managing costs").
        return Decimal(text + audio) / 600 * (row.minute or 0)
    price, made = row.tokens, usage.transcription_output
    return (text * price.text + audio * price.audio + made * price.out) / MILLION


def _carrier(prices: Prices, seconds: float, day: date) -> dict[str, Decimal]:
    row = prices.carrier(day)
    if row is None:
        raise Unpriced(f"no price of the carrier on {day}")
    minutes = (Decimal(str(seconds)) / 60).to_integral_value(ROUND_CEILING)  # each begun one
    return {"call": minutes * row.call_minute, "stream": minutes * row.stream_minute}
