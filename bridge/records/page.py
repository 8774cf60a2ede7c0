"""One call as a page: one file that refers to nothing outside itself and runs no script.

What caller and model said is hostile input: every text is escaped on its way in, and the page's
own policy forbids scripts and all requests.
"""

import io
import wave
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from importlib.resources import files

import numpy as np

from bridge.characters import printable
from bridge.records.happenings import (
    STAGE_WORDS,
    STAGES,
    Happening,
    clock,
    happenings,
    sinces,
)
from bridge.records.record import CallRecord, Line, Turn
from bridge.records.waveform import waveform
from telcodecs.g711 import BYTES_PER_MS, ulaw_decode

Sound = tuple[bytes, bytes]  # the caller's channel and the agent's, mu-law
HEADS = ("commit", "function", "response", "audio", "heard")
POLICY = "default-src 'none'; style-src 'unsafe-inline'; media-src data:"


def page(record: CallRecord, sound: Sound | None = None, *, player: bool = False) -> str:
    """``sound``: the channels of its recording, for the picture; ``player``: for the ear too."""
    found = happenings(record)
    style = files("bridge.records").joinpath("page.css").read_text(encoding="utf-8")
    title = _text(f"Call {record.call_sid}")
    body = "\n".join(_sections(record, found, sound, player))
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>{title}</title><style>\n{style}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def _sections(
    record: CallRecord, found: Sequence[Happening], sound: Sound | None, player: bool
) -> Iterator[str]:
    yield f"<h1>{_text(f'Call {record.call_sid}')}</h1>"
    yield _facts(record)
    yield "<h2>Sound</h2>"
    yield from _wave(record, found, sound)
    if sound is not None and player:
        yield _player(sound)
    yield "<h2>What was said</h2>"
    yield _said(record.lines)
    yield "<h2>What happened</h2>"
    rows = [(clock(e.at), _kind(e), printable(e.detail)) for e in found]
    yield _table(("at", "what", ""), rows, numbers=(0,))
    if record.turns:
        yield "<h2>Latency of each answer</h2>"
        yield from _latencies(record.turns)
    yield "<h2>Usage and cost</h2>"
    yield from _costs(record)


class _Markup(str):
    """Markup of ours, with every text in it escaped."""

    __slots__ = ()


def _text(text: str) -> str:
    return escape(printable(text))


def _html(cell: str) -> str:
    return cell if isinstance(cell, _Markup) else _text(cell)


def _kind(each: Happening) -> _Markup:
    return _Markup(f'<span class="kind-{each.kind}">{_text(each.title)}</span>')


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    def row(tag: str, cells: Sequence[str]) -> str:
        css = (' class="number"' if column in numbers else "" for column in range(len(cells)))
        inner = (f"<{tag}{c}>{_html(cell)}</{tag}>" for c, cell in zip(css, cells, strict=True))
        return f"<tr>{''.join(inner)}</tr>"

    body = [row("td", cells) for cells in rows]
    if not body:
        return '<p class="soft">nothing</p>'
    head = f"<thead>{row('th', heads)}</thead>"
    return f'<div class="scroll"><table>{head}<tbody>{"".join(body)}</tbody></table></div>'


def _facts(record: CallRecord) -> str:
    cost = f"{record.cost.total} USD" if record.cost else "unknown"
    pairs = (
        ("Started", f"{record.started_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("Length", clock(record.seconds)),
        ("From", record.caller or "unknown"),
        ("To", record.called or "unknown"),
        ("Agent", f"{record.agent}, version {record.version} ({record.variant})"),
        ("Model", " ".join(filter(None, (record.model, record.dialect)))),
        ("Ended", " ".join(filter(None, (record.outcome, record.outcome_detail)))),
        ("Cost", cost),
    )
    inner = (f"<div><dt>{name}</dt><dd>{_text(value)}</dd></div>" for name, value in pairs)
    return f"<dl>{''.join(inner)}</dl>"


def _wave(record: CallRecord, found: Sequence[Happening], sound: Sound | None) -> Iterator[str]:
    left, right = sound or (b"", b"")
    seconds = max(record.seconds, len(left) / BYTES_PER_MS / 1000)
    marks = [clock(seconds * share / 4) for share in range(5)]
    yield f'<div class="wave">{waveform(left, right, found, seconds)}'
    yield f'<div class="axis soft">{"".join(f"<span>{each}</span>" for each in marks)}</div></div>'
    words = (
        ("left", "caller, above"),
        ("right", "agent as heard, below"),
        ("answer", "an answer begins"),
        ("cut", "the caller broke in"),
        ("function", "function"),
        ("note", "note"),
    )
    yield _key((f"i-{css}", word) for css, word in words)
    if sound is None:
        yield '<p class="soft">There is no recording of this call.</p>'


def _key(words: Iterable[tuple[str, str]]) -> str:
    inner = (f'<span><i class="{css}"></i>{_text(word)}</span>' for css, word in words)
    return f'<div class="key">{"".join(inner)}</div>'


def _player(sound: Sound) -> str:
    """PCM, which every browser plays; not all of them know mu-law."""
    sides = [np.frombuffer(ulaw_decode(each), np.int16) for each in sound]
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(BYTES_PER_MS * 1000)
        out.writeframes(np.column_stack(sides).astype("<i2").tobytes())
    data = b64encode(file.getvalue()).decode("ascii")
    return f'<audio controls preload="metadata" src="data:audio/wav;base64,{data}"></audio>'


def _said(lines: Sequence[Line]) -> str:
    if not lines:
        return '<p class="soft">There is no transcript.</p>'
    return f'<ul class="said">{"".join(map(_line, lines))}</ul>'


def _line(line: Line) -> str:
    who = "caller" if line.role == "caller" else "agent"
    words = _text(line.heard)
    if line.failed:
        words += '<span class="soft">(not transcribed)</span>'
    if line.unheard:
        words += f' <span class="unheard" title="not heard">{_text(line.unheard)}</span>'
    return f'<li class="{who}"><div class="who">{who}</div>{words}</li>'


def _latencies(turns: Sequence[Turn]) -> Iterator[str]:
    longest = max((t.stages_ms.get("total") or 0.0 for t in turns), default=0.0) or 1.0
    rows = []
    for number, turn in enumerate(turns, 1):
        numbers = (*(turn.stages_ms.get(s) for s in STAGES), turn.first_sound_ms)
        shown = [_ms(each) for each in (*numbers, turn.first_answer_ms)]
        rows.append((str(number), _bar(turn, longest), *shown))
    heads = ("", "", *HEADS, "first sound", "first answer")
    yield _key((stage, STAGE_WORDS[stage]) for stage in STAGES)
    yield _table(heads, rows, numbers=(0, *range(2, len(heads))))
    yield from (f'<p class="soft">{_text(words)}</p>' for words in sinces(turns))


def _bar(turn: Turn, longest: float) -> _Markup:
    lengths = ((stage, turn.stages_ms.get(stage)) for stage in STAGES)
    inner = (
        f'<span class="{stage}" style="width:{ms / longest * 100:.1f}%"></span>'
        for stage, ms in lengths
        if ms is not None
    )
    return _Markup(f'<div class="stages">{"".join(inner)}</div>')


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"


def _costs(record: CallRecord) -> Iterator[str]:
    parts = record.cost.parts if record.cost else {}
    names = [name for name in (*record.usage, *parts) if record.usage.get(name) or name in parts]
    rows = []
    for name in dict.fromkeys(names):
        amount, part = record.usage.get(name), parts.get(name)
        used = f"{amount:,g}" if amount else ""
        rows.append((name.replace("_", " "), used, "" if part is None else f"{part}"))
    if record.cost:
        rows.append(("total", "", str(record.cost.total)))
    yield _table(("", "tokens or seconds", "US dollars"), rows, numbers=(1, 2))
    if record.cost_unknown:
        yield f'<p class="soft">The cost is unknown: {_text(record.cost_unknown)}.</p>'
    yield '<p class="soft">Cached tokens are a part of those that came in.</p>'
