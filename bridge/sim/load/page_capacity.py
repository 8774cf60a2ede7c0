"""What a search for the most calls at once came to."""

from typing import Any

from bridge.sim.load.page_html import Html, element, joined, number, table
from bridge.sim.load.page_plots import Series, Tick, line_plot
from bridge.sim.load.page_words import plural, words

Json = dict[str, Any]


def capacity(report: Json) -> Html:
    found = report["capacity"]
    steps = found["steps"]
    knee = found["knee"]
    head = "No step passed" if knee is None else f"{knee:,} calls at once go well"
    shown = [element("p", element("strong", head)), element("p", found["why"])]
    if len(drawn := _valid_steps(steps)) > 1:
        shown.append(element("div", _by_calls(drawn), "plots"))
    rows = (
        (
            each["concurrency"],
            each["verdict"],
            each["inbound_p99_ms"],
            each["added_latency_p99_ms"],
            each["core_percent"],
        )
        for each in steps
    )
    shown.append(table(("calls", "verdict", "in p99 ms", "both p99 ms", "% of a core"), rows))
    broken = [_broken_step(each) for each in steps if each["verdict"] == "broken"]
    return joined((*shown, element("ul", joined(broken)) if broken else ""))


def _valid_steps(steps: list[Json]) -> list[Json]:
    """Of several attempts the last; an invalid one says nothing of the server."""
    by_calls = {each["concurrency"]: each for each in steps if each["verdict"] != "invalid"}
    return list(by_calls.values())


def _by_calls(steps: list[Json]) -> Html:
    ticks = [Tick(each["concurrency"], number(each["concurrency"])) for each in steps]
    series = [
        Series(words(name), [(each["concurrency"], each[f"{name}_p99_ms"]) for each in steps])
        for name in ("inbound", "added_latency")
    ]
    return line_plot("By calls at once, p99", series, "ms", x_name="calls", x_ticks=ticks)


def _broken_step(step: Json) -> Html:
    what = "; ".join(words(name) for name in step["broken"])
    return element("li", f"{plural(step['concurrency'], 'call')}: {what}")
