"""The distributions of a report: plots, and a table of all."""

from typing import Any, Final

from bridge.sim.load.page_html import NOT_MEASURED, Html, element, joined, number, table
from bridge.sim.load.page_plots import (
    Series,
    Tick,
    histogram,
    line_plot,
    percentile_axis,
    percentile_place,
)
from bridge.sim.load.page_words import words

Json = dict[str, Any]
ADDED: Final = ("inbound", "outbound", "added_latency")
PLOTTED: Final = (*ADDED, "end_of_speech_to_first_audio", "barge_in_to_clear", "first_audio")
SIGNED: Final = "truncation_error"  # no latency: told on its own
MARKED: Final = (0.5, 0.95, 0.99)


def latencies(report: Json) -> Html:
    found = report["latency_ms"]
    curve = _curve(found)
    plots = [*([curve] if curve else []), *(distribution(words(n), found[n]) for n in PLOTTED)]
    return joined((element("div", joined(plots), "plots"), _table(found)))


def distribution(title: str, spread: Json | None, unit: str = "ms") -> Html:
    """A histogram with p50, p95 and p99; or that there is none."""
    title = title[:1].upper() + title[1:]
    if spread is None:
        said = (element("figcaption", title), element("p", NOT_MEASURED, "quiet"))
        return element("figure", joined(said))
    marks = [
        Tick(value, f"p{share * 100:.0f} {number(value)}")
        for share, value in spread["quantiles"]
        if share in MARKED
    ]
    buckets = [(upper, count) for upper, count in spread["histogram"]]
    return histogram(title, buckets, marks, unit)


def _curve(found: Json) -> Html | None:
    series = [
        Series(
            words(name).removeprefix("added latency, "),
            [(percentile_place(share), ms) for share, ms in found[name]["quantiles"] if share < 1],
        )
        for name in ADDED
        if found[name]
    ]
    if not series:
        return None
    ticks = percentile_axis([0.999])
    return line_plot(
        "Added latency by percentile", series, "ms", x_name="percentile", x_ticks=ticks
    )


def _table(found: Json) -> Html:
    head = ("milliseconds", "count", "p50", "p90", "p95", "p99", "max")
    told = {name: spread for name, spread in found.items() if name != SIGNED}
    return table(head, ([words(name), *_row(spread)] for name, spread in told.items()))


def _row(spread: Json | None) -> list[float | str | None]:
    if spread is None:
        return [None]
    p95 = next(value for share, value in spread["quantiles"] if share == 0.95)
    named = {**spread, "p95": p95}
    return [named[name] for name in ("count", "p50", "p90", "p95", "p99", "max")]
