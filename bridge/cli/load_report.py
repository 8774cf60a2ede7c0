"""What a load test found, as lines and tables."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from rich.table import Table

from bridge.cli.console import stdout

FAULTS = 10
ERRORS = 5


def tell(found: dict[str, Any]) -> None:
    """A report as ``bridge.sim.load.report`` describes it, but for its verdict."""
    calls = found["calls"]
    stdout.print(
        f"{calls['started']} calls, {calls['peak']} at once, {calls['answered']} answered, "
        f"{calls['lost']} lost, {found['seconds']:.0f} s"
    )
    for told in lost(found):
        stdout.print(told, style="red", markup=False)
    stdout.print(_latencies(found))
    stdout.print(_gate(found))
    stdout.print(*_costs(found), sep="\n")
    for each in found["faults"][:FAULTS]:
        stdout.print(f"call {each['call']} ({each['scenario']}): {each['what']}", markup=False)
    for note in found["notes"]:
        stdout.print(f"note: {note}", style="yellow", markup=False)
    if capacity := found["capacity"]:
        stdout.print(f"capacity: {_knee(capacity)}; {capacity['why']}", markup=False)


def tell_verdict(found: dict[str, Any]) -> None:
    for because in found["invalid_because"]:
        stdout.print(f"invalid: {because}", style="red", markup=False)
    stdout.print(found["verdict"], style="green" if found["exit_code"] == 0 else "red")


def lost(found: dict[str, Any]) -> Iterator[str]:
    """Why calls were lost, the most frequent first; of those that the report tells of."""
    why = Counter(_why(each) for each in found["lost_calls"])
    for text, count in why.most_common(ERRORS):
        yield f"lost: {count} × {text}"
    if further := len(why) - ERRORS if len(why) > ERRORS else 0:
        yield f"lost: {further} further reasons; --json tells them"
    if found["calls"]["lost"] > (told := len(found["lost_calls"])):
        yield f"lost: these are the first {told} of {found['calls']['lost']}"


def _why(call: dict[str, Any]) -> str:
    ended = f"{call['outcome']}, ended by {call['ended_by']}"
    return "; ".join(call["errors"]) or ended


def _knee(capacity: dict[str, Any]) -> str:
    return "no number of calls passed" if capacity["knee"] is None else f"{capacity['knee']} calls"


def _costs(found: dict[str, Any]) -> Iterator[str]:
    generator, server = found["generator"], found["server"]
    any_frames = found["correctness"]["caller_frames_sent"] > 0

    def a_frame(costs: dict[str, Any]) -> str:
        return f"{costs['cpu_us_per_frame'] if any_frames else '-'} us a frame"

    if server:
        yield (
            f"server: {a_frame(server)}, {server['core_percent_per_call']} % of a core and "
            f"{server['rss_bytes_per_call'] / 1024:.0f} kB a call"
        )
    yield f"generator: {a_frame(generator)}, {generator['core_percent']} % of a core"


def _latencies(found: dict[str, Any]) -> Table:
    table = Table("latency, ms", "count", "p50", "p90", "p99", "max")
    for name, spread in found["latency_ms"].items():
        if spread:
            row = (f"{spread[key]:.1f}" for key in ("p50", "p90", "p99", "max"))
            table.add_row(name, str(spread["count"]), *row)
        else:
            table.add_row(name, "not measured")
    return table


def _gate(found: dict[str, Any]) -> Table:
    table = Table("gate", "measured", "at most", "")
    words = {True: "met", False: "BROKEN", None: "not measured"}
    for each in found["slo"]:
        measured = "-" if each["measured"] is None else f"{each['measured']:g}"
        style = "red" if each["met"] is False else None
        word = words[each["met"]]
        if each["measured"] is None and style:
            word += ": not measured"  # and asked for
        table.add_row(each["name"], measured, f"{each['bound']:g}", word, style=style)
    return table
