"""One call, drawn in the terminal: 80 columns are enough, and colour only repeats what is said."""

from collections.abc import Iterator

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from bridge.characters import printable
from bridge.records.happenings import STAGES, Happening, clock, happenings, sinces
from bridge.records.record import CallRecord, Line

SIGNS = {"answer": "A", "cut": "X", "function": "F", "note": "!"}
STYLES = {"answer": "green", "cut": "red", "function": "yellow", "note": "magenta"}
STRIP_COLUMNS = 60
WIDTH = 100  # wider lines are hard to read


def show(record: CallRecord, console: Console) -> None:
    width = min(console.width, WIDTH)
    console.print(Group(*_parts(record)), width=width, soft_wrap=False, markup=False)


def _parts(record: CallRecord) -> Iterator[RenderableType]:
    found = happenings(record)
    yield _facts(record)
    yield _heading("What happened")
    yield _strip(record.seconds, found)
    yield _events(found)
    if record.turns:
        yield _heading("Latency of each answer")
        yield _latencies(record)
        yield from (Text(words, style="dim") for words in sinces(record.turns))
    if record.lines:
        yield _heading("What was said; in ⟨ ⟩ what the caller did not hear")
        yield _said(record.lines)
    yield _heading("Usage and cost")
    yield _costs(record)


def _heading(text: str) -> Text:
    return Text(f"\n{text}", style="bold")


def _table(*columns: str, right: tuple[str, ...] = (), heads: bool = True) -> Table:
    table = Table(box=box.SIMPLE_HEAD if heads else None, show_header=heads, pad_edge=False)
    for name in columns:
        table.add_column(
            name, justify="right" if name in right else "left", overflow="fold", no_wrap=False
        )
    return table


def _facts(record: CallRecord) -> Table:
    table = _table("", "", heads=False)
    outcome = record.outcome + (f" ({record.outcome_detail})" if record.outcome_detail else "")
    rows = (
        ("call", record.call_sid),
        ("started", f"{record.started_at:%Y-%m-%d %H:%M:%S} UTC, {clock(record.seconds)} long"),
        ("from, to", f"{record.caller or '?'} → {record.called or '?'}"),
        ("agent", f"{record.agent}, version {record.version} ({record.variant})"),
        ("model", " ".join(filter(None, (record.model, record.dialect, record.model_format)))),
        ("ended", outcome),
        ("recording", record.recording or "none"),
    )
    for name, value in rows:
        table.add_row(Text(name, style="dim"), Text(printable(value)))
    return table


def _strip(seconds: float, found: list[Happening]) -> Text:
    """The whole call as one line; of several that fall together the graver is seen."""
    cells = [("─", "dim")] * STRIP_COLUMNS
    for kind in ("note", "answer", "function", "cut"):
        for each in found:
            if each.kind == kind:
                share = each.at / seconds if seconds else 0.0
                column = min(STRIP_COLUMNS - 1, max(0, int(share * STRIP_COLUMNS)))
                cells[column] = (SIGNS[kind], STYLES[kind])
    line = Text.assemble("0:00 ", *cells, f" {clock(seconds)}")
    line.append("\nA answer  X the caller broke in  F function  ! note", style="dim")
    return line


def _events(found: list[Happening]) -> RenderableType:
    table = _table("at", "", "what", "", right=("at",))
    for each in found:
        style = STYLES[each.kind]
        table.add_row(
            clock(each.at),
            Text(SIGNS[each.kind], style=style),
            Text(printable(each.title), style=style),
            Text(printable(each.detail)),
        )
    return table if found else Text("nothing")


def _latencies(record: CallRecord) -> Table:
    names = ("commit", "function", "response", "audio", "heard", "1st sound", "1st answer")
    table = _table("#", "at", *names, right=("#", "at", *names))
    table.padding = (0, 1, 0, 0)  # nine columns in eighty
    for number, turn in enumerate(record.turns, 1):
        stages = [turn.stages_ms.get(name) for name in STAGES]
        table.add_row(
            str(number),
            "" if turn.at is None else clock(turn.at),
            *(_ms(each) for each in (*stages, turn.first_sound_ms, turn.first_answer_ms)),
        )
    return table


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"


def _said(lines: tuple[Line, ...]) -> Table:
    table = _table("", "", heads=False)
    for line in lines:
        caller = line.role == "caller"
        words = Text(printable(line.heard))
        if line.failed:
            words.append("(not transcribed)", style="dim italic")
        if line.unheard:
            words.append(f" ⟨{printable(line.unheard)}⟩", style="red")
        who = Text("caller" if caller else "agent", style="cyan" if caller else "green")
        table.add_row(who, words)
    return table


def _costs(record: CallRecord) -> Table:
    table = _table("", "", heads=False)
    for name, amount in record.usage.items():
        if amount:
            table.add_row(Text(name.replace("_", " "), style="dim"), f"{amount:,g}")
    for name, part in record.cost.parts.items() if record.cost else ():
        table.add_row(Text(f"{name.replace('_', ' ')}, USD", style="dim"), str(part))
    total = f"{record.cost.total} USD" if record.cost else f"unknown {record.cost_unknown}".strip()
    table.add_row(Text("cost", style="bold"), Text(printable(total), style="bold"))
    return table
