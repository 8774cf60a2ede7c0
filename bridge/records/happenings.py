"""What happened in a call, in the order of time, in words for people."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from bridge.records.record import BargeIn, CallRecord, Turn

Kind = Literal["answer", "cut", "function", "note"]
STAGES = ("commit", "function", "response", "first_audio", "heard")
STAGE_WORDS = {
    "commit": "to the commit",
    "function": "to a function's result",
    "response": "to the response",
    "first_audio": "to its first sound",
    "heard": "to the ear",
}
FROM_SPEECH = "Milliseconds from the end of the caller's speech, by the position the model gave."
# By what ``Turn.since`` has; the rest counts from the end of the caller's speech.
FROM_VERDICT = {
    "verdict": "From the model's verdict that the caller had finished: it gave no position of "
    "the end that can be used, so the silence it waited for is not in it.",
    "": "From the model's verdict that the caller had finished, without the silence it waited "
    "for, and without answers to functions: an earlier release kept this record.",
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
    return Happening(turn.at or 0.0, "answer", f"answer {number}", _heard(turn))


def _heard(turn: Turn) -> str:
    total = turn.stages_ms.get("total")
    if turn.since == "none":
        return "no speech came before it"
    if total is None:
        return "never heard" if turn.since else ""
    after = "the caller" if turn.since == "speech" else "the model's verdict on the caller's turn"
    return f"heard {total:.0f} ms after {after}"


def sinces(turns: Sequence[Turn]) -> Iterator[str]:
    """What the figures of these turns count from, a sentence for each kind there is."""
    kinds = {turn.since for turn in turns if turn.stages_ms.get("commit") is not None}
    if "speech" in kinds:
        yield FROM_SPEECH
    yield from (words for kind, words in FROM_VERDICT.items() if kind in kinds)


def _cut(cut: BargeIn) -> Happening:
    heard_ms = sum(item.heard_ms for item in cut.items)
    received_ms = sum(item.received_ms for item in cut.items)
    detail = f"{heard_ms / 1000:.1f} of {received_ms / 1000:.1f} s had been heard"
    return Happening(cut.at, "cut", "the caller broke in", detail if cut.items else "")


def clock(seconds: float) -> str:
    """Minutes, seconds and tenths."""
    tenths = round(seconds * 10)
    return f"{tenths // 600}:{tenths // 10 % 60:02}.{tenths % 10}"
