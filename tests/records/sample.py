"""A call with everything in it that a record can hold; its words are hostile."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np

from bridge.records.record import (
    BargeIn,
    CallRecord,
    Cost,
    FunctionRun,
    HeardItem,
    Line,
    Noted,
    Turn,
)
from telcodecs.g711 import ulaw_encode

HOSTILE = (
    '</style><script>alert("x")</script><img src=x onerror=alert(1)> & "quotes" \x1b[31mred\x07'
)
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


STAGES = ("commit", "function", "response", "first_audio", "heard")


def _turn(at: float, *ms: float, sound_ms: float | None = None, answers: bool = True) -> Turn:
    stages: dict[str, float | None] = dict(zip(STAGES, ms, strict=True))
    total = sum(ms)
    sound, answer = (sound_ms or total, total) if answers else (None, None)
    return Turn(at, {**stages, "total": total}, total - ms[-1], sound, answer, since="speech")


RECORD = CallRecord(
    call_sid="CA" + "1" * 32,
    started_at=NOON,
    ended_at=NOON + timedelta(seconds=42.3),
    seconds=42.3,
    process="host-1",
    agent="front-desk",
    version=7,
    route="+15550100",
    variant="trial",
    caller="+15550123",
    called="+15550100",
    model="gpt-realtime-1.5",
    dialect="GA",
    model_format="g711_ulaw",
    outcome="completed",
    lines=(
        Line("i1", "assistant", "Good morning, Example Limited. How can I help you?"),
        Line("u1", "caller", "Hello, where is my order? It should have come on Friday."),
        Line("i2", "assistant", "Let me have a look. Your order has", "left us yesterday evening."),
        Line("u2", "caller", HOSTILE),
        Line("i3", "assistant", "It will be there tomorrow before noon. Goodbye!"),
        Line("u3", "caller", "", failed=True),
    ),
    turns=(
        Turn(
            0.4,
            {"commit": None, "response": None, "first_audio": 310.0, "total": None},
            since="none",
        ),
        _turn(9.1, 520.0, 0.0, 18.2, 340.0, 62.0, answers=False),
        _turn(22.6, 510.0, 1800.0, 24.0, 690.5, 70.0, sound_ms=940.2),
        _turn(33.0, 505.0, 0.0, 20.0, 280.0, 61.0),
    ),
    barge_ins=(BargeIn(14.2, (HeardItem("i2", 0, 2100.0, 5200.0),)),),
    functions=(
        FunctionRun("find_order", '{"number":"<b>4711</b>"}', '{"state":"sent"}', 9.6, 9.9),
    ),
    notes=(Noted(20.0, "transcription_failed", "no speech in it"),),
    usage={
        "responses": 4,
        "input_text": 2430,
        "input_audio": 3280,
        "cached_text": 1280,
        "cached_audio": 1280,
        "output_text": 590,
        "output_audio": 1520,
    },
    cost=Cost(Decimal("0.209684"), {"input_audio": Decimal("0.064000"), "call": Decimal("0.0085")}),
    recording="CA" + "1" * 32 + ".wav",
)


def sound() -> tuple[bytes, bytes]:
    """Both sides speak in turn, in bursts that swell and fade."""
    at = np.arange(round(RECORD.seconds * 8000)) / 8000
    swell = np.abs(np.sin(at * 7.0)) * np.abs(np.sin(at * 1.3))
    tone = (np.sin(at * 2 * np.pi * 300) * 9000 * swell).astype("<i2")
    caller = np.isin((at // 5).astype(int), (1, 3, 5, 8))
    left, right = np.where(caller, tone, 0), np.where(caller, 0, tone)
    return ulaw_encode(left.astype("<i2").tobytes()), ulaw_encode(right.astype("<i2").tobytes())
