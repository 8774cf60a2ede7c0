"""Plots as SVG inside the page: its style sheet gives the colours, series by number from 1."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from bridge.sim.load.page_html import Html, number

# In units of the drawing; a phone shows one for one.
WIDTH: Final = 360
HEIGHT: Final = 200
LEFT, RIGHT, TOP, BOTTOM = 46, 350, 26, 172
LETTER: Final = 6.3  # the width of one, about
Point = tuple[float, float | None]


@dataclass(frozen=True)
class Series:
    name: str
    points: Sequence[Point]  # None: a gap


@dataclass(frozen=True)
class Tick:
    at: float
    label: str


@dataclass(frozen=True)
class Scale:
    """From values to places on the drawing."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / ((self.high - self.low) or 1)
        return round(self.start + share * (self.end - self.start), 1)


def nice_ticks(low: float, high: float, about: int = 4) -> list[float]:
    """Round numbers from ``low`` to ``high`` or just past it."""
    span = max(high - low, 1e-9)
    rough = span / about
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * n for n in (1, 2, 2.5, 5, 10) if power * n >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [n * step for n in range(first, max(last, first + 1) + 1)]


def _round(value: float) -> str:
    """A round number, as short as it is."""
    value = round(value, 6)
    return f"{value:,.0f}" if value == int(value) else f"{value:g}"


def line_plot(
    title: str,
    series: Sequence[Series],
    unit: str,
    *,
    x_name: str = "seconds",
    x_ticks: Sequence[Tick] | None = None,
) -> Html:
    """Values from zero up, over time or whatever ``x_ticks`` name."""
    known = [y for each in series for _, y in each.points if y is not None]
    xs = [x for each in series for x, _ in each.points]
    y_ticks = nice_ticks(min([0.0, *known]), max([*known, 0.001]))
    along = x_ticks or [Tick(x, _round(x)) for x in nice_ticks(0, max([*xs, 1]))]
    across = Scale(along[0].at, along[-1].at, LEFT, RIGHT)
    up = Scale(y_ticks[0], y_ticks[-1], BOTTOM, TOP)
    drawn = [
        f'<path class="line series{n}" d="{piece}"/>'
        for n, each in enumerate(series, 1)
        for piece in _pieces(each.points, across, up)
    ]
    frame = _frame(across, up, along, y_ticks, x_name)
    return _figure(title, unit, [*frame, *drawn], series if len(series) > 1 else ())


def _pieces(points: Sequence[Point], across: Scale, up: Scale) -> list[str]:
    """A path for each run of points without a gap; a lone one is a short stroke."""
    runs: list[list[str]] = [[]]
    for x, y in points:
        if y is None:
            runs.append([])
        else:
            runs[-1].append(f"{across(x)} {up(y)}")
    return ["M" + " L".join(run if len(run) > 1 else [*run, run[0]]) for run in runs if run]


def histogram(
    title: str, buckets: Sequence[tuple[float, int]], marks: Sequence[Tick], unit: str
) -> Html:
    """How many by value, in buckets of one width, each told by its upper end; ``marks`` stand
    where they are, those beyond the last bucket at its end."""
    uppers = [upper for upper, _ in buckets]
    width = uppers[1] - uppers[0] if len(uppers) > 1 else max(uppers[0], 1e-3)
    lowest = uppers[0] - width
    if abs(lowest) < 0.1 * width:  # the edges were rounded
        lowest = 0.0
    along = [Tick(x, _round(x)) for x in nice_ticks(lowest, uppers[-1])]
    most = max(count for _, count in buckets)
    y_ticks = nice_ticks(0, most, 3)
    across = Scale(along[0].at, along[-1].at, LEFT, RIGHT)
    up = Scale(0, y_ticks[-1], BOTTOM, TOP + 26)
    bars = [_bar(upper, width, count, across, up, unit) for upper, count in buckets if count]
    frame = _frame(across, up, along, y_ticks, unit)
    return _figure(title, "how many", [*frame, *bars, *_marks(marks, across)], ())


def _bar(upper: float, width: float, count: int, across: Scale, up: Scale, unit: str) -> str:
    left, right = across(upper - width), across(upper)
    told = f"{number(upper - width)} to {number(upper, unit)}: {number(count)}"
    return (
        f'<rect class="bar" x="{left}" y="{up(count)}" width="{max(right - left - 0.6, 0.6):.1f}" '
        f'height="{max(BOTTOM - up(count), 0.8):.1f}"><title>{escape(told)}</title></rect>'
    )


def _marks(marks: Sequence[Tick], across: Scale) -> list[str]:
    """Lines with their names beside their tops; a name and no later line cross each other."""
    drawn: list[str] = []
    taken: list[tuple[int, float]] = []  # rows, and where the name in them ends
    for mark in sorted(marks, key=lambda mark: mark.at):
        x = min(across(mark.at), RIGHT)
        size = len(mark.label) * LETTER
        at_end = x + size > WIDTH
        start = x - size if at_end else x
        row = max((row + 1 for row, until in taken if until > start), default=0)
        taken.append((row, start + size))
        y = TOP + 2 + row * 11
        drawn.append(f'<path class="mark" d="M{x} {y - 8} V{BOTTOM}"/>')
        aside, anchor = (-3, "end") if at_end else (3, "start")
        drawn.append(_text(x + aside, y, mark.label, anchor, "told"))
    return drawn


def stacked(title: str, parts: Sequence[tuple[str, float]], unit: str) -> Html:
    """One bar of all parts, in order, each as long as its value."""
    whole = sum(value for _, value in parts) or 1.0
    across = Scale(0, whole, 4, WIDTH - 4)
    drawn, before = [], 0.0
    for n, (name, value) in enumerate(parts, 1):
        left, right = across(before), across(before + value)
        before += value
        told = escape(f"{name}: {number(value, unit)}")
        drawn.append(
            f'<rect class="fill{n}" x="{left}" y="2" width="{max(right - left, 0.8):.1f}" '
            f'height="20"><title>{told}</title></rect>'
        )
    return Html(f"<figure>{_caption(title, number(whole, unit))}{_svg(title, drawn, 26)}</figure>")


def _frame(
    across: Scale, up: Scale, along: Sequence[Tick], y_ticks: Sequence[float], x_name: str
) -> list[str]:
    drawn = []
    for value in y_ticks:
        drawn.append(f'<path class="grid" d="M{LEFT} {up(value)} H{RIGHT}"/>')
        drawn.append(_text(LEFT - 5, up(value) + 3.5, _round(value), "end"))
    for tick in along:
        anchor = "end" if across(tick.at) > RIGHT - 12 else "middle"
        drawn.append(_text(across(tick.at), BOTTOM + 13, tick.label, anchor))
    drawn.append(_text((LEFT + RIGHT) / 2, HEIGHT - 3, x_name, "middle"))
    return drawn


def _figure(title: str, unit: str, drawn: Sequence[str], legend: Sequence[Series]) -> Html:
    keys = "".join(
        f'<span class="key"><i class="fill{n}"></i>{escape(each.name)}</span>'
        for n, each in enumerate(legend, 1)
    )
    legend_row = f'<div class="keys">{keys}</div>' if keys else ""
    return Html(f"<figure>{_caption(title, unit)}{_svg(title, drawn, HEIGHT)}{legend_row}</figure>")


def _caption(title: str, told: str) -> str:
    return f'<figcaption>{escape(title)} <span class="quiet">{escape(told)}</span></figcaption>'


def _svg(title: str, drawn: Sequence[str], height: int) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">'
        + "".join(drawn)
        + "</svg>"
    )


def _text(x: float, y: float, text: str, anchor: str, css: str = "") -> str:
    marked = f' class="{css}"' if css else ""
    return f'<text{marked} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def percentile_axis(shares: Sequence[float]) -> list[Tick]:
    """The far end is drawn out: each nine more is as wide as the one before."""
    named = ((0.0, "0"), (0.5, "50"), (0.9, "90"), (0.99, "99"), (0.999, "99.9 %"))
    return [Tick(percentile_place(share), label) for share, label in named if share <= max(shares)]


def percentile_place(share: float) -> float:
    return -math.log10(max(1 - share, 1e-3))
