"""A replay in the terminal: then and now, side by side."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bridge.trials.comparison import Difference, Exchange, Row, differences, latency_ms, rows
from bridge.trials.replay import Replayed
from bridge.trials.stored import Course, SpokenLine

CUT = " ✂ "  # where the caller cut the agent short


def columns(replayed: Replayed, then_title: str, now_title: str) -> RenderableType:
    then, now = replayed.stored.course, replayed.now
    table = Table(show_lines=True, expand=True)
    table.add_column(then_title, ratio=1)
    table.add_column(now_title, ratio=1)
    for row in rows(then, now):
        table.add_row(*_cells(row))
    table.add_row(_end(then), _end(now))
    return Group(table, *_told(differences(replayed)))


def _cells(row: Row) -> tuple[Text, Text]:
    return _exchange(row.then), _exchange(row.now)


def _exchange(exchange: Exchange | None) -> Text:
    if exchange is None:
        return Text("—", style="dim")
    lines = [_line(line) for line in (*exchange.caller, *exchange.agent)]
    return Text("\n").join(lines)


def _line(line: SpokenLine) -> Text:
    who, style = ("caller", "cyan") if line.role == "caller" else ("agent", "green")
    text = Text.assemble((f"{who}: ", style), line.heard)
    if line.unheard:
        text.append(CUT, style="bold red")
        text.append(line.unheard, style="dim strike")
    return text


def _end(course: Course) -> Text:
    latency = latency_ms(course)
    calls = [f"{each.name} {each.arguments} → {each.output}" for each in course.functions]
    facts = [
        *calls,
        f"{course.outcome}, {course.seconds:.1f} s, {course.barge_ins} barge-in(s)",
        "no answer was measured" if latency is None else f"median to first sound {latency:.0f} ms",
    ]
    return Text("\n".join(facts), style="dim")


def _told(found: Sequence[Difference]) -> Iterator[Text]:
    if not found:
        yield Text("no differences in functions, turns, ending and latency", style="green")
    for each in found:
        yield Text.assemble((f"{each.what}: ", "yellow"), f"{each.then} → {each.now}")
