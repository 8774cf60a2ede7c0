"""The parts of the page, each from a report as ``report`` describes it."""

from typing import Any, Final

from bridge.sim.load.page_html import (
    NOT_MEASURED,
    Html,
    breaking,
    data_size,
    element,
    facts,
    joined,
    number,
    table,
)
from bridge.sim.load.page_latencies import distribution
from bridge.sim.load.page_plots import Series, line_plot, stacked
from bridge.sim.load.page_words import BEHAVIOURS, plural, unit_of, words

Json = dict[str, Any]
MEANING: Final = {
    "passed": "Every bound that was measured is met.",
    "broken": "Not everything held that must hold.",
    "invalid": "The generator could not keep up, so no figure below says anything of the server.",
}


def verdict(report: Json) -> Html:
    """What a reader in a hurry reads."""
    outcome, calls = report["verdict"], report["calls"]
    broken = [each for each in report["slo"] if each["met"] is False]
    unknown = sum(each["met"] is None for each in report["slo"])
    why = [*report["invalid_because"], *(_missed(each) for each in broken)]
    told = (
        f"{plural(calls['started'], 'call')} started, {calls['answered']:,} answered, "
        f"{calls['lost']:,} lost, {calls['peak']:,} at once at most, in {report['seconds']:g} s."
    )
    said = [
        element("strong", outcome.capitalize()),
        element("p", MEANING.get(outcome, "")),
        element("p", told),
    ]
    if why:
        said.append(element("ul", joined(element("li", each) for each in why)))
    if unknown:
        said.append(element("p", f"{plural(unknown, 'bound')} not measured.", "quiet"))
    said += [element("p", note, "quiet") for note in report["notes"]]
    return element("div", joined(said), f"verdict {outcome}")


def _missed(each: Json) -> str:
    unit = unit_of(each["name"])
    if each["measured"] is None:
        return f"{words(each['name'])}: {NOT_MEASURED}, and its bound was asked for"
    measured, bound = number(each["measured"], unit), number(each["bound"], unit)
    return f"{words(each['name'])}: {measured}, more than {bound}"


def bounds(report: Json) -> Html:
    rows = (
        (
            words(each["name"]),
            _value(number(each["measured"], unit_of(each["name"]))),
            _value(f"≤ {number(each['bound'], unit_of(each['name']))}"),
            _met(each["met"]),
        )
        for each in report["slo"]
    )
    return table(("what", "measured", "bound", "met"), rows, "No bound was asked for.")


def _value(told: str) -> Html:
    return element("span", told, "quiet value" if told == NOT_MEASURED else "value")


def _met(met: bool | None) -> Html:
    if met is None:
        return element("span", "not known", "quiet")
    return element("span", "met", "met") if met else element("span", "not met", "missed")


def calls(report: Json) -> Html:
    line = report["timeline"]

    def over_time(name: str) -> Series:
        return Series(name, [(0.0, 0.0), *((each["at_s"], each[name]) for each in line)])

    counts = [over_time(name) for name in ("started", "ended", "lost")]
    plots = (
        line_plot("Calls at once", [over_time("running")], ""),
        line_plot("Calls so far", counts, ""),
    )
    return joined((element("div", joined(plots), "plots"), _lost_calls(report)))


def _lost_calls(report: Json) -> Html:
    if not report["lost_calls"]:
        return element("p", "No call was lost.", "quiet")
    rows = (
        (
            str(each["call"]),
            breaking(each["scenario"]),
            each["outcome"],
            each["ended_by"],
            "; ".join(each["errors"]),
        )
        for each in report["lost_calls"]
    )
    shown = table(("lost call", "scenario", "outcome", "ended by", "errors"), rows)
    return shown


def correctness(report: Json) -> Html:
    error = report["latency_ms"]["truncation_error"]
    counted = report["correctness"]
    needs = set(counted["needs_records"])
    pairs = [
        (words(name), number(value, unit_of(name)))
        for name, value in counted.items()
        if name != "needs_records"
    ]
    shown = [
        element(
            "p",
            "What was told to the model against what was truly heard, read from the sound itself.",
            "quiet",
        ),
        element("div", distribution("Truncation error", error), "plots"),
        facts(pairs),
    ]
    if any(counted[name] is None for name in needs & set(counted)):
        shown.append(element("p", "What is not measured needs the model's records.", "quiet"))
    return joined(shown)


def faults(report: Json) -> Html:
    rows = (
        (
            _value(number(each["at_s"], "s")),
            str(each["call"]),
            breaking(each["scenario"]),
            each["what"],
        )
        for each in report["faults"]
    )
    return table(("at", "call", "scenario", "what"), rows, "No fault was found in any call.")


def budget(report: Json) -> Html:
    parts = report["budget"]
    if not parts:
        return element("p", f"{NOT_MEASURED.capitalize()}: it needs the model's records.", "quiet")
    bars = [
        stacked(f"At {share}", [(each["part"], each[f"{share}_ms"]) for each in parts], "ms")
        for share in ("p50", "p99")
    ]
    rows = (
        (_key(n, each["part"]), each["by"], each["p50_ms"], each["p99_ms"])
        for n, each in enumerate(parts, 1)
    )
    shown = table(("part", "by", "p50 ms", "p99 ms"), rows)
    about = element("p", "From end of speech to first audio.", "quiet")
    return joined((about, element("div", joined(bars), "plots"), shown))


def _key(n: int, name: str) -> Html:
    swatch = Html(f'<i class="fill{n}"></i>')
    return element("span", joined((swatch, element("span", name))), "key")


def server(report: Json) -> Html:
    found = report["server"]
    if found is None:
        return element(
            "p", "Not measured: the server is not a process known to the load test.", "quiet"
        )
    line = report["timeline"]
    percent = [_server_at(each, "core_percent", 1) for each in line]
    memory = [_server_at(each, "rss_bytes", 1e6) for each in line]
    plots = (
        line_plot("Processor of the server", [Series("server", percent)], "% of one core"),
        line_plot("Memory of the server", [Series("server", memory)], "MB resident"),
    )
    pairs = (
        ("processor, whole run", number(found["cpu_s"], "s")),
        ("of one core", number(found["core_percent"], "%")),
        ("of one core, each call", number(found["core_percent_per_call"], "%")),
        ("each caller frame", number(found["cpu_us_per_frame"], "µs")),
        ("memory at start", data_size(found["rss_start_bytes"])),
        ("memory at most", data_size(found["rss_peak_bytes"])),
        ("memory, each call at once", data_size(found["rss_bytes_per_call"])),
        ("process", str(found["pid"])),
    )
    after = table(
        ("calls ended", "memory"),
        ((f"{n:,}", data_size(n_bytes)) for n, n_bytes in found["rss_after"]),
    )
    return joined((element("div", joined(plots), "plots"), facts(pairs), after))


def _server_at(each: Json, name: str, unit: float) -> tuple[float, float | None]:
    then = each["server"]
    return each["at_s"], None if then is None else then[name] / unit


def generator(report: Json) -> Html:
    found = report["generator"]
    late = [(each["at_s"], each["late_ms"]) for each in report["timeline"]]
    plots = (
        line_plot("Latest wake of each second", [Series("late", late)], "ms late"),
        distribution("Wakes late", found["late_ms"]),
        distribution("Caller frames late", found["frames_late_ms"]),
    )
    pairs = (
        ("invalid above, p99", number(found["limit_ms"], "ms")),
        ("of one core", number(found["core_percent"], "%")),
        ("each caller frame", number(found["cpu_us_per_frame"], "µs")),
        ("waited for a processor", number(found["run_queue_wait_s"], "s")),
    )
    about = "Callers that are late measure themselves: above the limit the run is invalid."
    return joined(
        (element("p", about, "quiet"), element("div", joined(plots), "plots"), facts(pairs))
    )


def scenarios(report: Json) -> Html:
    rows = (
        (
            breaking(each["name"]),
            BEHAVIOURS.get(each["behaviour"], each["behaviour"]),
            each["weight"],
            each["calls"],
            each["lost"],
            each["faults"],
        )
        for each in report["plan"]["scenarios"]
    )
    return table(("scenario", "the caller", "weight", "calls", "lost", "faults"), rows)


def stages(report: Json) -> Html:
    rows = (
        (each["name"], number(each["seconds"], "s"), f"{number(each['value'])} {_kind(each)}")
        for each in report["plan"]["stages"]
    )
    return table(("stage", "for", "by its end"), rows)


def _kind(stage: Json) -> str:
    return "calls a second" if stage["kind"] == "rate" else "calls at once"


def began(report: Json) -> str:
    when: str = report["began"]
    return when.replace("T", " ").replace("+00:00", " UTC")


def run(report: Json) -> Html:
    machine = report["machine"]
    pairs = [
        ("webhook", report["url"]),
        ("began", began(report)),
        ("took", number(report["seconds"], "s")),
        ("processor", f"{machine['processor']}, {plural(machine['cores'], 'core')}"),
        ("system", machine["system"]),
        ("Python", machine["python"]),
        ("exit code", str(report["exit_code"])),
    ]
    if command := report.get("command"):
        pairs.append(("command", command))
    return joined((facts(pairs), stages(report)))
