"""Where the time between a caller's last word and the agent's first one went."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from bridge.demo.evidence import Evidence
from bridge.sim.carrier.caller import AGENT_LEVEL_DBFS, StepRecord
from bridge.sim.carrier.line import BYTES_PER_MS, FRAME_BYTES, level_dbfs
from bridge.sim.carrier.result import StreamResult

Json = dict[str, Any]


def latencies(evidence: Evidence) -> Json:
    """``stages_ms``: the bridge's account; ``answer_ms``: at the caller's ear, from the end of
    the recording, so the silence that the turn detection waits for is in it."""
    stream = evidence.stream
    answers = answers_ms(stream, evidence.turns) if stream else []
    turns = evidence.summary["turns"]
    return {
        "answer_ms": _spread(answers) | {"turns": answers},
        "stages_ms": _stages([turn["stages_ms"] for turn in turns]),
        "turns": turns,
    }


def answers_ms(stream: StreamResult, turns: Sequence[StepRecord]) -> list[float | None]:
    """For each turn of the caller: until a voice is heard again; None: there was none before the
    next turn began or the call ended."""
    voice_ms = [
        at // BYTES_PER_MS
        for at in range(0, len(stream.heard), FRAME_BYTES)
        if level_dbfs(stream.heard[at : at + FRAME_BYTES]) > AGENT_LEVEL_DBFS
    ]
    ends = [turn.began for turn in turns[1:]] + [float("inf")]
    answers: list[float | None] = []
    for turn, until in zip(turns, ends, strict=True):
        if turn.ended is None:
            answers.append(None)
            continue
        said_ms = (turn.ended - stream.opened_at) * 1000
        until_ms = (until - stream.opened_at) * 1000
        first = next((at for at in voice_ms if said_ms <= at < until_ms), None)
        answers.append(None if first is None else round(first - said_ms, 1))
    return answers


def _stages(turns: Sequence[Mapping[str, float | None]]) -> Json:
    names = list(turns[0]) if turns else []
    return {name: _spread([turn[name] for turn in turns]) for name in names}


def _spread(values: Sequence[float | None]) -> Json:
    known = [value for value in values if value is not None]
    if not known:
        return {"median": None, "max": None}
    return {"median": round(median(known), 1), "max": round(max(known), 1)}
