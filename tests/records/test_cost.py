"""What a call costs, against sums done by hand."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from bridge.call.call import Call
from bridge.call.config import CallConfig
from bridge.call.usage import Usage
from bridge.records.cost import Unpriced, cost, priced, usage_of
from bridge.records.prices import Prices, load
from bridge.records.record import CallRecord, Cost
from bridge.wire import realtime
from bridge.wire.session import SessionConfig

DAY = date(2026, 11, 24)
PRICES = load(None)

# Two answers of a call, as response.done tells them: the second one reads the first again.
TOLD = (
    {
        "input_tokens": 132,
        "output_tokens": 61,
        "total_tokens": 193,
        "input_token_details": {"text_tokens": 112, "audio_tokens": 20, "cached_tokens": 0},
        "output_token_details": {"text_tokens": 19, "audio_tokens": 42},
    },
    {
        "input_tokens": 439,
        "output_tokens": 150,
        "total_tokens": 589,
        "input_token_details": {
            "text_tokens": 131,
            "audio_tokens": 308,
            "cached_tokens": 256,
            "cached_tokens_details": {"text_tokens": 128, "audio_tokens": 128},
        },
        "output_token_details": {"text_tokens": 40, "audio_tokens": 110},
    },
)
# By hand, gpt-realtime-1.5: dollars for a million tokens, so tokens times price are micro-dollars.
#   text in       (112 + 131 - 128) x  4.00 =   460.0
#   text cached              128    x  0.40 =    51.2  -> 51
#   text out          (19 + 40)     x 16.00 =   944.0
#   audio in   (20 + 308 - 128)     x 32.00 = 6,400.0
#   audio cached             128    x  0.40 =    51.2  -> 51
#   audio out        (42 + 110)     x 64.00 = 9,728.0
#   whisper-1         12.5 s / 60   x 0.006 = 1,250.0
#   call              2 minutes     x 0.0085 = 17,000.0
#   stream            2 minutes     x 0.0040 =  8,000.0
BY_HAND = {
    "input_text": 460,
    "cached_text": 51,
    "output_text": 944,
    "input_audio": 6400,
    "cached_audio": 51,
    "output_audio": 9728,
    "transcription": 1250,
    "call": 17000,
    "stream": 8000,
}


def used() -> Usage:
    """The usage of a call that was told ``TOLD``, through the wire and the state machine."""
    call = Call(CallConfig(SessionConfig("Be brief.")), 0.0)
    for number, usage in enumerate(TOLD):
        response = {"id": f"r{number}", "status": "completed", "usage": usage}
        text = json.dumps({"type": "response.done", "response": response})
        call.from_model(realtime.parse(text), 1.0)
    kind = "conversation.item.input_audio_transcription.completed"
    spoken = {"item_id": "u1", "transcript": "Hi", "usage": {"type": "duration", "seconds": 12.5}}
    call.from_model(realtime.parse(json.dumps({"type": kind} | spoken)), 1.0)
    return call.usage


def costs(
    usage: Usage, model: str = "gpt-realtime-1.5", seconds: float = 0, prices: Prices = PRICES
) -> Cost:
    return cost(
        usage,
        prices,
        model=model,
        transcription_model="whisper-1",
        seconds=seconds,
        day=DAY,
    )


def test_a_recorded_call_costs_what_it_costs_by_hand() -> None:
    record = CallRecord(
        call_sid="CA" + "0" * 32,
        started_at=datetime(2026, 11, 24, 12, tzinfo=UTC),
        seconds=60.02,
        model="gpt-realtime-1.5",
        usage={
            "responses": 2,
            "input_text": 243,
            "input_audio": 328,
            "cached_text": 128,
            "cached_audio": 128,
            "output_text": 59,
            "output_audio": 152,
            "transcriptions": 1,
            "transcription_s": 12.5,
        },
    )
    found = priced(record, PRICES, "whisper-1").cost
    assert found is not None
    assert found.parts == {
        name: Decimal(micro) / Decimal(1_000_000) for name, micro in BY_HAND.items()
    }
    assert found.total == sum(found.parts.values()) == Decimal("0.043884")


def test_what_the_wire_tells_is_what_is_priced() -> None:
    assert usage_of({"input_text": 243, "transcription_s": 12.5}) == Usage(
        input_text=243, transcription_s=12.5
    )
    assert costs(used(), seconds=60.02).total == Decimal("0.043884")


def test_cached_tokens_are_not_paid_twice() -> None:
    all_cached = Usage(input_audio=1_000_000, cached_audio=1_000_000)
    assert costs(all_cached).parts == {"cached_audio": Decimal("0.40")}


def test_each_begun_minute_of_the_carrier_counts() -> None:
    assert costs(Usage(), seconds=60.0).parts["call"] == Decimal("0.0085")
    assert costs(Usage(), seconds=60.001).parts["call"] == Decimal("0.0170")
    assert costs(Usage(), seconds=0).total == 0


def test_image_tokens_have_a_price_of_their_own() -> None:
    assert costs(Usage(input_image=1_000_000)).total == Decimal(5)


def test_the_local_model_costs_nothing_but_the_call() -> None:
    told = costs(Usage(input_audio=1000, output_audio=1000), "local", seconds=30)
    assert set(told.parts) == {"call", "stream"}


def test_transcribed_tokens_are_priced_by_the_million_or_by_the_tenth_of_a_second() -> None:
    usage = Usage(transcriptions=1, transcription_input_audio=600, transcription_output=100)
    assert costs(usage).parts == {"transcription": Decimal("0.006")}
    by_token = cost(
        usage,
        PRICES,
        model="",
        transcription_model="gpt-4o-transcribe",
        seconds=0,
        day=DAY,
    )
    assert by_token.total == Decimal("0.0046")  # 600 x 6.00 + 100 x 10.00 micro-dollars


@pytest.mark.parametrize(
    ("ears", "total"),
    [
        ("gpt-4o-transcribe", "0.0054"),  # 320 x 2.50 + 600 x 6.00 + 100 x 10.00 micro-dollars
        ("gpt-4o-mini-transcribe", "0.0027"),  # 320 x 1.25 + 600 x 3.00 + 100 x 5.00
    ],
)
def test_the_prompt_of_a_transcription_has_another_price_than_its_audio(
    ears: str, total: str
) -> None:
    usage = Usage(
        transcriptions=1,
        transcription_input_text=320,
        transcription_input_audio=600,
        transcription_output=100,
    )
    told = cost(usage, PRICES, model="", transcription_model=ears, seconds=0, day=DAY)
    assert told.total == Decimal(total)


@pytest.mark.parametrize(
    ("usage", "model", "ears", "day", "why"),
    [
        (Usage(input_text=1), "deployment-7", None, DAY, "the model deployment-7 on 2026-11-24"),
        (Usage(output_text=1), "", None, DAY, "the model (unnamed)"),
        (Usage(output_unsplit=9), "gpt-realtime", None, DAY, "apart"),
        (Usage(input_text=1), "gpt-realtime", None, date(2020, 1, 1), "on 2020-01-01"),
        (Usage(transcriptions=1), "gpt-realtime", None, DAY, "transcription model (unnamed)"),
        (Usage(transcriptions=1), "gpt-realtime", "ears", DAY, "transcription model ears"),
        (
            Usage(transcriptions=1, transcription_s=2),
            "gpt-realtime",
            "gpt-4o-transcribe",
            DAY,
            "priced by the token",
        ),
        (Usage(), "", None, date(2020, 1, 1), "the carrier"),
    ],
)
def test_a_cost_that_would_leave_something_out_is_unknown(
    usage: Usage, model: str, ears: str | None, day: date, why: str
) -> None:
    with pytest.raises(Unpriced, match=why.replace("(", r"\(").replace(")", r"\)")):
        cost(usage, PRICES, model=model, transcription_model=ears, seconds=1, day=day)


def test_a_record_says_why_its_cost_is_unknown() -> None:
    record = CallRecord(
        call_sid="CA1",
        started_at=datetime(2026, 11, 24, tzinfo=UTC),
        model="deployment-7",
        usage={"input_text": 5},
    )
    unknown = priced(record, PRICES, None)
    assert unknown.cost is None
    assert "deployment-7" in unknown.cost_unknown


def test_money_is_exact() -> None:
    third = costs(Usage(transcriptions=1, transcription_s=100 / 3))
    assert third.total == Decimal("0.003333")
