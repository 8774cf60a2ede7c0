"""A call as a picture: both legs' level over time, turns, marks and cuts, as SVG."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from bridge.demo.barge_ins import BargeIn
from bridge.demo.report import Report
from bridge.demo.stretches import Stretch, agent_stretches, caller_stretches
from bridge.sim.carrier.line import BYTES_PER_MS, level_dbfs
from bridge.sim.carrier.stream import MarkRecord

PX_PER_S = 24
LEFT, RIGHT, TOP = 70, 60, 86
LANE = 90  # height of a leg's level
LABELS = 24  # height of a row of words
STEP_MS = 50  # of the level
FLOOR_DBFS, CEILING_DBFS = -50.0, -5.0
LEVELS_DBFS = (-20.0, -35.0)
CHARACTER_PX = 5.8  # of the words, roughly

CALLER_WORDS = TOP
CALLER_LANE = CALLER_WORDS + LABELS
AGENT_LANE = CALLER_LANE + LANE + 20
AGENT_WORDS = AGENT_LANE + LANE
MARKS = AGENT_WORDS + LABELS + 4
AXIS = MARKS + 24
HEIGHT = AXIS + 40

STYLE = """
svg { font: 11px system-ui, sans-serif; }
.ground { fill: #ffffff; } .ink { fill: #1c1e21; } .soft { fill: #6a7079; }
.grid { stroke: #d9dce0; } .base { stroke: #9aa0a8; }
.caller { fill: #1f6fb4; } .agent { fill: #1d8a5b; } .turn { fill-opacity: .16; }
.mark { stroke: #6a7079; } .flushed, .cut { stroke: #c8342b; } .cut { stroke-width: 1.5; }
.told { fill: #c8342b; } .function { fill: #8a5a00; }
.title { font-size: 15px; font-weight: 600; }
@media (prefers-color-scheme: dark) {
  .ground { fill: #16181c; } .ink { fill: #e8eaed; } .soft { fill: #9aa0a8; }
  .grid { stroke: #2e3238; } .base { stroke: #6a7079; }
  .caller { fill: #6cb2ee; } .agent { fill: #5fcf9b; } .turn { fill-opacity: .22; }
  .mark { stroke: #9aa0a8; } .flushed, .cut { stroke: #ff7a70; } .told { fill: #ff7a70; }
  .function { fill: #e7b65c; }
}
"""


@dataclass(frozen=True)
class Call:
    """What is drawn. Times are seconds since the stream opened."""

    title: str
    caller_ulaw: bytes
    agent_ulaw: bytes
    caller: Sequence[Stretch]
    agent: Sequence[Stretch]
    marks: Sequence[MarkRecord]
    opened_at: float
    cuts: Sequence[BargeIn]
    functions: Sequence[tuple[float, str]]


def timeline(report: Report) -> str:
    """The picture of a demonstration's call."""
    evidence = report.evidence
    stream, summary = evidence.stream, evidence.summary
    assert stream is not None
    lines = [line for line in summary["lines"] if line["role"] == "assistant"]
    words = [line["heard"] + (" …" if line["unheard"] else "") for line in lines]
    title = f"{evidence.story.name}: {summary['seconds']:.0f} s, {len(evidence.turns)} turns"
    return draw(
        Call(
            f"{title}, word error rate {report.word_error_rate:.1%}",
            stream.sent_ulaw,
            stream.heard,
            caller_stretches(
                evidence.turns, stream.opened_at, [each.text for each in evidence.story.said]
            ),
            agent_stretches(stream.played, [each for each in words if each]),
            stream.marks,
            stream.opened_at,
            report.barge_ins,
            [(each["began_at"], each["name"]) for each in summary["functions"]],
        )
    )


def draw(call: Call) -> str:
    """Readable on light and on dark ground; it refers to nothing outside itself."""
    seconds = max(len(call.caller_ulaw), len(call.agent_ulaw)) / BYTES_PER_MS / 1000
    width = LEFT + seconds * PX_PER_S + RIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {HEIGHT}"'
        f' width="{width:.0f}" height="{HEIGHT}" role="img">',
        f"<title>{escape(call.title)}</title><style>{STYLE}</style>",
        f'<rect class="ground" width="{width:.0f}" height="{HEIGHT}"/>',
        _text(LEFT, 26, call.title, "ink title"),
        *_legend(),
        *_axis(seconds),
        *_leg("caller", CALLER_LANE, CALLER_WORDS, call.caller_ulaw, call.caller),
        *_leg("agent", AGENT_LANE, AGENT_WORDS, call.agent_ulaw, call.agent),
        *_marks(call.marks, call.opened_at),
        *_functions(call.functions),
        *_cuts(call.cuts),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _x(at_s: float) -> float:
    return round(LEFT + at_s * PX_PER_S, 1)


def _text(x: float, y: float, text: str, kind: str, anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'


def _legend() -> Iterator[str]:
    words = "level in dBFS over seconds · shaded: turns · ticks below: marks, red: flushed"
    yield _text(LEFT, 46, f"{words} · red line: the caller cut the agent short", "soft")


def _axis(seconds: float) -> Iterator[str]:
    for second in range(0, int(seconds) + 1, 5):
        x = _x(second)
        yield f'<line class="grid" x1="{x}" y1="{CALLER_LANE}" x2="{x}" y2="{AXIS}"/>'
        yield _text(x, AXIS + 14, f"{second}", "soft", "middle")
    yield _text(LEFT - 8, MARKS + 12, "marks", "soft", "end")
    yield _text(LEFT - 8, AXIS + 14, "s", "soft", "end")


def _leg(who: str, lane: int, words: int, ulaw: bytes, turns: Sequence[Stretch]) -> Iterator[str]:
    end = _x(len(ulaw) / BYTES_PER_MS / 1000)
    yield _text(LEFT - 8, words + 16, who, "ink", "end")
    for turn in turns:
        x, width = _x(turn.start_s), max(1.0, (turn.end_s - turn.start_s) * PX_PER_S)
        yield (
            f'<rect class="{who} turn" x="{x}" y="{min(lane, words)}" width="{width:.1f}"'
            f' height="{LANE + LABELS}" rx="3"><title>{escape(turn.text)}</title></rect>'
        )
        if shown := fitting(turn.text, width - 6):
            yield _text(x + 3, words + 16, shown, "ink")
    for level in LEVELS_DBFS:
        y = lane + LANE - _height(level)
        yield f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{end}" y2="{y:.1f}"/>'
        yield _text(LEFT - 8, round(y + 4, 1), f"{level:.0f}", "soft", "end")
    yield f'<path class="{who}" d="{level_path(ulaw, lane + LANE)}"/>'
    yield f'<line class="base" x1="{LEFT}" y1="{lane + LANE}" x2="{end}" y2="{lane + LANE}"/>'


def level_path(ulaw: bytes, base: int) -> str:
    """The level as a filled path above ``base``: its floor is FLOOR_DBFS."""
    step = STEP_MS * BYTES_PER_MS
    points = [f"M{LEFT} {base}"]
    for at in range(0, len(ulaw), step):
        level = level_dbfs(ulaw[at : at + step])
        points.append(f"L{_x(at / BYTES_PER_MS / 1000)} {base - _height(level):.1f}")
    points.append(f"L{_x(len(ulaw) / BYTES_PER_MS / 1000)} {base}Z")
    return "".join(points)


def _height(level_dbfs: float) -> float:
    share = (min(level_dbfs, CEILING_DBFS) - FLOOR_DBFS) / (CEILING_DBFS - FLOOR_DBFS)
    return max(0.0, share) * LANE


def fitting(text: str, width_px: float) -> str:
    """As much of a text as has room, cut behind a word; "" where not even one has."""
    room = int(width_px / CHARACTER_PX)
    if len(text) <= room:
        return text
    cut = text[: max(0, room - 1)].rpartition(" ")[0]
    return f"{cut}…" if cut else ""


def _marks(marks: Sequence[MarkRecord], opened_at: float) -> Iterator[str]:
    for mark in marks:
        x = _x(mark.reached_at - opened_at)
        kind = "flushed" if mark.flushed else "mark"
        yield f'<line class="{kind}" x1="{x}" y1="{MARKS}" x2="{x}" y2="{MARKS + 14}"/>'


def _functions(functions: Sequence[tuple[float, str]]) -> Iterator[str]:
    for at_s, name in functions:
        x, y = _x(at_s), AGENT_LANE - 10
        yield f'<path class="function" d="M{x} {y - 5}l5 5l-5 5l-5 -5z"/>'
        yield _text(x + 8, y + 4, name, "function")


def _cuts(cuts: Sequence[BargeIn]) -> Iterator[str]:
    for number, cut in enumerate(cuts):
        x, y = _x(cut.at_s), CALLER_WORDS - 10 - number % 2 * 13  # words of neighbours stay apart
        yield f'<line class="cut" x1="{x}" y1="{y + 3}" x2="{x}" y2="{AXIS}"/>'
        told = cut.why if cut.told_ms is None else f"told {cut.told_ms} ms, true {cut.true_ms:.0f}"
        yield _text(x, y, told, "told", "middle")
