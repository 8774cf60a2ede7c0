"""When each side was heard."""

from collections.abc import Sequence
from dataclasses import dataclass

from bridge.sim.carrier.caller import StepRecord
from bridge.sim.carrier.line import RATE_HZ
from bridge.sim.carrier.playback import Run

SAME_STRETCH_S = 0.5  # a shorter silence is a pause of the speaker


@dataclass(frozen=True)
class Stretch:
    """Seconds since the stream opened."""

    start_s: float
    end_s: float
    text: str = ""


def caller_stretches(
    turns: Sequence[StepRecord], opened_at: float, texts: Sequence[str]
) -> list[Stretch]:
    """``texts``: what was said, turn by turn."""
    return [
        Stretch(turn.began - opened_at, turn.ended - opened_at, text)
        for turn, text in zip(turns, texts, strict=False)
        if turn.ended is not None
    ]


def agent_stretches(played: Sequence[Run], texts: Sequence[str]) -> list[Stretch]:
    """``texts``: the agent's lines; they are left out where they are not as many."""
    spans: list[tuple[float, float]] = []
    for run in played:
        start_s = run.heard_bytes / RATE_HZ
        end_s = start_s + run.n_bytes / RATE_HZ
        if spans and start_s - spans[-1][1] < SAME_STRETCH_S:
            spans[-1] = (spans[-1][0], end_s)
        else:
            spans.append((start_s, end_s))
    shown = texts if len(texts) == len(spans) else [""] * len(spans)
    return [Stretch(*span, text) for span, text in zip(spans, shown, strict=True)]
