"""What happened in a call, in the order of time, in words for people."""

from dataclasses import dataclass
from typing import Literal

from bridge.records.record import BargeIn, CallRecord, Turn

Kind = Literal["answer", "cut", "function", "note"]
STAGES = ("commit", "response", "first_audio", "heard")
STAGE_WORDS = {
    "commit": "to the commit",
    "response": "to the response",
    "first_audio": "to its first sound",
    "heard": "to the ear",
}


@dataclass(frozen=True)
class Happening:
    at: float  # seconds since the media socket opened
    kind: Kind
    title: str
    detail: str = ""


def happenings(record: CallRecord) -> list[Happening]:
    found = [_answer(number, turn) for number, turn in enumerate(record.turns, 1)]
    found += [_cut(each) for each in record.barge_ins]
    for run in record.functions:
        took_ms = (run.ended_at - run.began_at) * 1000
        title = f"{run.name}({run.arguments})"
        found.append(
            Happening(run.began_at, "function", title, f"{took_ms:.0f} ms, answered {run.output}")
        )
    found += [Happening(note.at, "note", note.kind, note.detail) for note in record.notes]
    return sorted(found, key=lambda each: each.at)


def _answer(number: int, turn: Turn) -> Happening:
    total = turn.stages_ms.get("total")
    if total is None:
        return Happening(turn.at or 0.0, "answer", f"answer {number}", "no speech came before it")
    return Happening(
        turn.at or 0.0, "answer", f"answer {number}", f"heard {total:.0f} ms after the caller"
    )


def _cut(cut: BargeIn) -> Happening:
    heard_ms = sum(item.heard_ms for item in cut.items)
    received_ms = sum(item.received_ms for item in cut.items)
    detail = f"{heard_ms / 1000:.1f} of {received_ms / 1000:.1f} s had been heard"
    return Happening(cut.at, "cut", "the caller broke in", detail if cut.items else "")


def clock(seconds: float) -> str:
    """Minutes, seconds and tenths."""
    tenths = round(seconds * 10)
    return f"{tenths // 600}:{tenths // 10 % 60:02}.{tenths % 10}"
