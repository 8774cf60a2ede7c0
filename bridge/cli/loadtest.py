"""offhook loadtest: many simulated callers, each call judged."""

import os
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from bridge.cli.console import FAILED, USAGE, report, stderr, stdout, stop
from bridge.cli.loop import run
from bridge.settings import DEVELOPMENT_AUTH_TOKEN
from bridge.sim.carrier.urls import is_url
from bridge.sim.load.figures import p99
from bridge.sim.load.judging import JudgingFailed
from bridge.sim.load.loadtest import find_capacity, load_test
from bridge.sim.load.local import ACCOUNT_SID, AUTH_TOKEN, LocalFailed, started
from bridge.sim.load.plan import (
    Plan,
    PlanError,
    Stage,
    load_plan,
    of_calls,
    of_concurrency,
    of_rate,
    scenarios_of,
)
from bridge.sim.load.report import LATE_MS
from bridge.sim.load.runner import Run, Target
from bridge.sim.load.server import NoSuchProcess, usage
from bridge.sim.load.slo import bounds_of, gate
from bridge.sim.load.summary import no_measures

PAGE = "bridge.sim.load.page"
CALLS = 10
TEST_S, STEP_S = 30.0, 10.0


class Format(StrEnum):
    pcm16 = "pcm16"
    g711_ulaw = "g711_ulaw"


@dataclass(frozen=True)
class Asked:
    plan: Plan
    url: str | None  # None: start a server and its model
    records_url: str | None
    pid: int | None
    audio_format: str
    capacity: tuple[int, int, float] | None  # the first concurrency, the step, seconds of each
    late_limit_ms: float
    quiet: bool


def loadtest(
    url: Annotated[str | None, typer.Argument(help="The voice webhook.")] = None,
    start: Annotated[
        bool, typer.Option("--start", help="Start a server and its model here, and load them.")
    ] = False,
    plan: Annotated[Path | None, typer.Option(help="A YAML file of scenarios and stages.")] = None,
    scenarios: Annotated[
        str | None, typer.Option(help="Who calls how often: talk=3,barge_in.")
    ] = None,
    calls: Annotated[int | None, typer.Option(min=1, help="So many calls, all told.")] = None,
    concurrency: Annotated[int | None, typer.Option(min=1, help="So many at once.")] = None,
    rate: Annotated[float | None, typer.Option(min=0.01, help="So many begin a second.")] = None,
    seconds: Annotated[
        float | None, typer.Option(min=1, help="How long calls begin; 30, --find-capacity 10.")
    ] = None,
    records: Annotated[
        str | None, typer.Option(help="Records of the emulated model: http://…/records.")
    ] = None,
    pid: Annotated[int | None, typer.Option(help="Of the server, if it runs here.")] = None,
    slo: Annotated[list[str] | None, typer.Option(help="NAME=MOST, as often as needed.")] = None,
    find: Annotated[
        bool, typer.Option("--find-capacity", help="The most calls at once that pass the gate.")
    ] = False,
    step: Annotated[int, typer.Option(min=1, help="Of --find-capacity, in calls.")] = 20,
    audio_format: Annotated[
        Format, typer.Option("--format", help="Of the model behind --start.")
    ] = Format.pcm16,
    late_limit_ms: Annotated[
        float, typer.Option(help="A generator that is later (p99) makes the run invalid.")
    ] = LATE_MS,
    html: Annotated[Path | None, typer.Option(help="The report as a page, in this file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The report as JSON.")] = False,
) -> None:
    """Call a voice webhook many times at once and judge every call.

    Ends with 1 when the gate is broken, with 3 when the generator itself was late: such a run
    says nothing. Signs as simulate does.
    """
    _check(url, start, pid, html)
    lasting_s = seconds or (STEP_S if find else TEST_S)
    asked = Asked(
        plan=_plan(plan, scenarios, calls, concurrency, rate, lasting_s, slo or []),
        url=url,
        records_url=records,
        pid=pid,
        audio_format=audio_format.value,
        capacity=(concurrency or step, step, lasting_s) if find else None,
        late_limit_ms=late_limit_ms,
        quiet=as_json,
    )
    write_page = _page() if html else None
    found = _found(asked)
    if html and write_page:
        write_page(found, html)
    if as_json:
        report(found)
    else:
        _tell(found, html)
    raise typer.Exit(found["exit_code"])


def _check(url: str | None, start: bool, pid: int | None, html: Path | None) -> None:
    if (url is None) != start:
        stop("give the voice webhook to call, or --start for a server of its own", USAGE)
    if url is not None and not is_url(url, "http", "https"):
        stop(f"{url} is not a URL; give the voice webhook, such as http://127.0.0.1:8080/…", USAGE)
    if html and not html.parent.is_dir():
        stop(f"--html {html}: there is no folder {html.parent}; make it, or name another", USAGE)
    if pid is not None:
        try:
            usage(pid)
        except NoSuchProcess as error:
            stop(f"--pid: {error}", USAGE)


def _plan(
    file: Path | None,
    scenarios: str | None,
    calls: int | None,
    concurrency: int | None,
    rate: float | None,
    seconds: float,
    slo: list[str],
) -> Plan:
    if file and (concurrency or rate or scenarios):
        stop("--plan has all of it; leave --concurrency, --rate and --scenarios out", USAGE)
    if concurrency and rate:
        stop("give either --concurrency or --rate", USAGE)
    try:
        made = (
            load_plan(file.read_text())
            if file
            else Plan(_stages(calls, concurrency, rate, seconds))
        )
        who = scenarios_of(scenarios) if scenarios else made.scenarios
        bounds = {**made.slo, **bounds_of(slo)}
        gate(no_measures(), bounds)
    except (OSError, UnicodeDecodeError, PlanError) as error:
        stop(f"{file}: {error}" if file and not slo else str(error), USAGE)
    limit = calls if calls or file or concurrency or rate else CALLS
    return Plan(made.stages, who, bounds, limit)


def _stages(
    calls: int | None, concurrency: int | None, rate: float | None, seconds: float
) -> tuple[Stage, ...]:
    if concurrency:
        return of_concurrency(concurrency, seconds)
    return of_rate(rate, seconds) if rate else of_calls(calls or CALLS)


def _page() -> Callable[[dict[str, Any], Path], None]:
    try:
        write: Callable[[dict[str, Any], Path], None] = import_module(PAGE).write
    except ModuleNotFoundError:
        stop("--html: this installation has no page to write", USAGE)
    return write


def _found(asked: Asked) -> dict[str, Any]:
    with _progress(asked.quiet) as tell:
        try:
            return run(_load(asked, tell))
        except LocalFailed as error:
            stop(f"the server did not start:\n{error}", FAILED)
        except JudgingFailed as error:
            stop(f"{error}; what it said is above", FAILED)


async def _load(asked: Asked, tell: Callable[[Run], None]) -> dict[str, Any]:
    async with AsyncExitStack() as stack:
        if asked.url is None:
            local = await stack.enter_async_context(started(asked.audio_format))
            target = Target(local.voice_url, ACCOUNT_SID, AUTH_TOKEN, pid=local.server_pid)
            records_url: str | None = local.records_url
        else:
            token = os.environ.get("TWILIO_AUTH_TOKEN", "").split(",")[0] or DEVELOPMENT_AUTH_TOKEN
            account_sid = os.environ.get("TWILIO_ACCOUNT_SID") or ACCOUNT_SID
            target = Target(asked.url, account_sid, token, pid=asked.pid)
            records_url = asked.records_url
        if asked.capacity is None:
            return await load_test(
                asked.plan,
                target,
                records_url=records_url,
                late_limit_ms=asked.late_limit_ms,
                tell=tell,
            )
        first, step, seconds = asked.capacity
        return await find_capacity(
            asked.plan,
            target,
            first=first,
            step=step,
            seconds=seconds,
            records_url=records_url,
            late_limit_ms=asked.late_limit_ms,
            tell=tell,
        )


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[Run], None]]:
    columns = SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn()
    with Progress(*columns, console=stderr, transient=True, disable=quiet) as progress:
        task = progress.add_task("starting")

        def tell(run: Run) -> None:
            heard = p99(run.first_audio_ms)
            late = p99(run.lateness.late_ms)
            progress.update(
                task,
                description=f"{run.running} calls running, {run.started} started, {run.lost} lost; "
                f"first audio p99 {_ms(heard)}, generator late p99 {_ms(late)}",
            )

        yield tell


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} ms"


def _tell(found: dict[str, Any], html: Path | None) -> None:
    calls = found["calls"]
    stdout.print(
        f"{calls['started']} calls, {calls['peak']} at once, {calls['answered']} answered, "
        f"{calls['lost']} lost, {found['seconds']:.0f} s"
    )
    stdout.print(_latencies(found))
    stdout.print(_gate(found))
    generator, server = found["generator"], found["server"]
    if server:
        stdout.print(
            f"server: {server['cpu_us_per_frame']} us a frame, {server['core_percent_per_call']} % "
            f"of a core and {server['rss_bytes_per_call'] / 1024:.0f} kB a call"
        )
    stdout.print(
        f"generator: {generator['cpu_us_per_frame']} us a frame, "
        f"{generator['core_percent']} % of a core"
    )
    for each in found["faults"][:10]:
        stdout.print(f"call {each['call']} ({each['scenario']}): {each['what']}", markup=False)
    for note in found["notes"]:
        stdout.print(f"note: {note}", style="yellow", markup=False)
    if capacity := found["capacity"]:
        stdout.print(f"capacity: {capacity['knee']} calls; {capacity['why']}", markup=False)
    if html:
        stdout.print(f"written to {html}", markup=False)
    for because in found["invalid_because"]:
        stdout.print(f"invalid: {because}", style="red", markup=False)
    stdout.print(found["verdict"], style="green" if found["exit_code"] == 0 else "red")


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
        table.add_row(each["name"], measured, f"{each['bound']:g}", words[each["met"]], style=style)
    return table
