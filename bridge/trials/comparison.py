"""Two courses of a call laid side by side, and where they differ."""

import difflib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from bridge.trials.caller_turns import CallerTurn
from bridge.trials.paced_caller import PacedRecord
from bridge.trials.replay import Replayed
from bridge.trials.stored import Course, FunctionRun, SpokenLine, StoredResults

NOT_CALLED = "not called"
NEAR_MS = 100.0  # latencies closer together than this are the same


@dataclass(frozen=True)
class Exchange:
    """The caller's words and what the agent answered; the first one has no words of the caller."""

    caller: tuple[SpokenLine, ...]
    agent: tuple[SpokenLine, ...]


@dataclass(frozen=True)
class Row:
    """Exchanges that belong together; None where one course has nothing to the other's."""

    then: Exchange | None
    now: Exchange | None


@dataclass(frozen=True)
class Difference:
    """``what`` is "ending", "function", "arguments", "barge-ins", "caller" or "latency"."""

    what: str
    then: str
    now: str


def rows(then: Course, now: Course) -> list[Row]:
    """Both transcripts in order; exchanges are matched by what the caller said in them."""
    left, right = list(exchanges(then.lines)), list(exchanges(now.lines))
    matched = difflib.SequenceMatcher(
        None, [_key(each) for each in left], [_key(each) for each in right], autojunk=False
    )
    found: list[Row] = []
    for _, first, last, other_first, other_last in matched.get_opcodes():
        ones, others = left[first:last], right[other_first:other_last]
        for at in range(max(len(ones), len(others))):
            one = ones[at] if at < len(ones) else None
            found.append(Row(one, others[at] if at < len(others) else None))
    return found


def exchanges(lines: Sequence[SpokenLine]) -> Iterator[Exchange]:
    caller: list[SpokenLine] = []
    agent: list[SpokenLine] = []
    for line in lines:
        if line.role == "caller" and agent:
            yield Exchange(tuple(caller), tuple(agent))
            caller, agent = [], []
        (caller if line.role == "caller" else agent).append(line)
    if caller or agent:
        yield Exchange(tuple(caller), tuple(agent))


def _key(exchange: Exchange) -> str:
    return " ".join(line.heard for line in exchange.caller).casefold()


def differences(replayed: Replayed) -> list[Difference]:
    then, now = replayed.stored.course, replayed.now
    found = list(_function_differences(then.functions, now.functions))
    if then.barge_ins != now.barge_ins:
        found.append(Difference("barge-ins", str(then.barge_ins), str(now.barge_ins)))
    found += _caller_differences(replayed.turns, replayed.records)
    if then.outcome != now.outcome:
        found.append(Difference("ending", then.outcome, now.outcome))
    before_ms, after_ms = latency_ms(then), latency_ms(now)
    if before_ms is not None and after_ms is not None and abs(after_ms - before_ms) > NEAR_MS:
        found.append(Difference("latency", f"{before_ms:.0f} ms", f"{after_ms:.0f} ms"))
    return found


def _function_differences(
    then: Sequence[FunctionRun], now: Sequence[FunctionRun]
) -> Iterator[Difference]:
    """The nth call of a name is held against the nth of that name, as their results were."""
    results = StoredResults(tuple(then))
    left = list(then)
    for each in now:
        before = results.next(each.name)
        if before is None:
            yield Difference("function", NOT_CALLED, _call(each))
            continue
        left.remove(before)
        if _values(before.arguments) != _values(each.arguments):
            yield Difference("arguments", _call(before), _call(each))
    for each in left:
        yield Difference("function", _call(each), NOT_CALLED)


def _call(run: FunctionRun) -> str:
    return f"{run.name} {run.arguments}"


def _values(arguments: str) -> Any:
    try:
        return json.loads(arguments or "{}")
    except ValueError:
        return arguments


def _caller_differences(
    turns: Sequence[CallerTurn], records: Sequence[PacedRecord]
) -> Iterator[Difference]:
    """Turns that could not come as they did."""
    for record in records:
        last = record.index == len(turns)
        name = "hanging up" if last else f"turn {record.index + 1}"
        if record.how == "the answer was shorter":
            heard = f"{name}: after an answer that was over at {record.heard_ms:.0f} ms"
            yield Difference("caller", f"{name}: over the agent", heard)
        elif record.how == "no answer" and not last:
            yield Difference("caller", f"{name}: after an answer", f"{name}: no answer came")
    if len(records) < len(turns):
        left = f"turns {len(records) + 1} to {len(turns)}: not said any more"
        yield Difference("caller", f"{len(turns)} turns", left)


def latency_ms(course: Course) -> float | None:
    """The median; None where nothing was answered."""
    return round(median(course.latencies_ms), 1) if course.latencies_ms else None


def facts(replayed: Replayed, model: str) -> dict[str, Any]:
    """All of it as plain data, the same to the byte for the same replay. ``model`` answered."""
    then, now = replayed.stored.course, replayed.now
    return {
        "call_sid": replayed.stored.call_sid,
        "model": model,
        "then": _course(then),
        "now": _course(now),
        "rows": [asdict(row) for row in rows(then, now)],
        "differences": [asdict(each) for each in differences(replayed)],
        "caller_turns": [
            {
                "start_ms": turn.start_ms,
                "end_ms": turn.end_ms,
                "came": type(turn.when).__name__.lower(),
            }
            for turn in replayed.turns
        ],
        "came_again": [asdict(each) for each in replayed.records],
    }


def _course(course: Course) -> dict[str, Any]:
    return asdict(course) | {"latency_ms": latency_ms(course)}
