"""What there is to say about a call that is over, as plain data."""

from dataclasses import asdict
from typing import Any

from bridge.call.latency import TurnTimes
from bridge.live import LiveCall

Json = dict[str, Any]


def summary(live: LiveCall) -> Json:
    """Times are seconds since the media socket opened. ``transcript`` holds what the caller and
    the assistant said, so keep it where such things may be kept."""
    call, began = live.call, live.began_at
    outcome = call.outcome.value if call.outcome else None
    return {
        "call_sid": live.expected.call_sid,
        "outcome": outcome,
        "seconds": round((live.ended_at or began) - began, 3),
        "transcript": [asdict(line) for line in call.transcript.lines()],
        "turns": [_turn(turn, began) for turn in call.latency.turns],
        "barge_ins": [
            {"at": round(each.at - began, 3), "items": [asdict(item) for item in each.items]}
            for each in call.barge_ins
        ],
        "told": [asdict(told) for told in call.speech.truncations.told],
        "functions": [
            asdict(run)
            | {
                "began_at": round(run.began_at - began, 3),
                "ended_at": round(run.ended_at - began, 3),
            }
            for run in live.functions
        ],
        "notes": [
            {"at": round(at - began, 3), "kind": note.kind, "detail": note.detail}
            for at, note in live.notes
        ],
        "errors": dict(call.counts.errors),
        "unknown": dict(call.counts.unknown),
        "malformed": dict(call.counts.malformed),
        "dismissed": call.counts.dismissed,
        "frames_in": call.hearing.frames,
        "filled_ms": call.hearing.leg.filled_ms,
        "skipped_ms": call.hearing.leg.skipped_ms,
        "late_deltas": call.speech.late_deltas,
        "ignored_marks": call.speech.playback.ignored_marks,
    }


def _turn(turn: TurnTimes, began: float) -> Json:
    at = turn.response_created_at
    return {"at": None if at is None else round(at - began, 3), "stages_ms": turn.stages_ms()}
