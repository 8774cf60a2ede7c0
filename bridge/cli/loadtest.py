"""offhook loadtest: many simulated callers, each call judged."""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from math import isfinite
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bridge.cli.console import FAILED, USAGE, report, stderr, stdout, stop
from bridge.cli.ending import Ending, signals_end
from bridge.cli.load_plan import STEP_S, plan_of
from bridge.cli.load_report import tell, tell_verdict
from bridge.cli.loop import run
from bridge.settings import DEVELOPMENT_AUTH_TOKEN
from bridge.sim.carrier.urls import is_url
from bridge.sim.load.court import ONLY_COUNT
from bridge.sim.load.figures import p99
from bridge.sim.load.judging import JudgingFailed
from bridge.sim.load.loadtest import find_capacity, load_test
from bridge.sim.load.local import ACCOUNT_SID, AUTH_TOKEN, LocalFailed, started
from bridge.sim.load.plan import Plan
from bridge.sim.load.records import RecordsMissing, fetcher
from bridge.sim.load.report import INVALID, LATE_MS
from bridge.sim.load.runner import Run, Target
from bridge.sim.load.server import NoSuchProcess, usage

PAGE = "bridge.sim.load.page"
RECORDS_S = 10.0  # in which the model has to tell that it keeps records


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
        float, typer.Option(min=0, help="A generator that is later (p99) makes the run invalid.")
    ] = LATE_MS,
    html: Annotated[Path | None, typer.Option(help="The report as a page, in this file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The report as JSON.")] = False,
) -> None:
    """Call a voice webhook many times at once and judge every call.

    Ends with 1 when the gate is broken, with 3 when the run says nothing: the generator itself
    was late, or could not give the load. After Ctrl-C (130) or SIGTERM (143) no call begins and
    the report tells of those before. Signs as simulate does.
    """
    _check_target(url, start, pid, records)
    _check_numbers({"--rate": rate, "--seconds": seconds, "--late-limit-ms": late_limit_ms})
    planned = plan_of(
        plan,
        scenarios=scenarios,
        calls=calls,
        concurrency=concurrency,
        rate=rate,
        seconds=seconds,
        slo=slo or [],
        find=find,
    )
    write_page = _page(html) if html else None
    if records:
        _check_records(records)
    asked = Asked(
        plan=planned,
        url=url,
        records_url=records,
        pid=pid,
        audio_format=audio_format.value,
        capacity=(concurrency or step, step, seconds or STEP_S) if find else None,
        late_limit_ms=late_limit_ms,
        quiet=as_json,
    )
    found = _found(asked)
    if as_json:
        report(found)
    else:
        tell(found)
    if html and write_page:
        _write(write_page, found, html)
    if not as_json:
        if html:
            stdout.print(f"written to {html}", markup=False)
        tell_verdict(found)
    raise typer.Exit(found["exit_code"])


def _check_target(url: str | None, start: bool, pid: int | None, records: str | None) -> None:
    if (url is None) != start:
        stop("give the voice webhook to call, or --start for a server of its own", USAGE)
    if url is not None and not is_url(url, "http", "https"):
        stop(f"{url} is not a URL; give the voice webhook, such as http://127.0.0.1:8080/…", USAGE)
    if start and (records or pid is not None):
        stop("--start has a server and a model of its own: leave --records and --pid out", USAGE)
    if pid is not None:
        try:
            usage(pid)
        except NoSuchProcess as error:
            stop(f"--pid: {error}", USAGE)


def _check_numbers(given: dict[str, float | None]) -> None:
    for name, value in given.items():
        if value is not None and not isfinite(value):
            stop(f"{name} {value} has to be a number, and not without end", USAGE)


def _check_records(url: str) -> None:
    """Before the calls: a gate that knows nothing of the model would pass almost anything."""
    if not is_url(url, "http", "https"):
        stop(f"--records {url} is not a URL; give that of the model: http://…/records", USAGE)
    try:
        fetcher(url, RECORDS_S)(ONLY_COUNT)
    except RecordsMissing as error:
        stop(f"--records {url} cannot be read: {error}", USAGE)


def _page(html: Path) -> Callable[[dict[str, Any], Path], None]:
    """Ends with 2 where no page can be written, now and not after the run."""
    if not html.parent.is_dir():
        stop(f"--html {html}: there is no folder {html.parent}; make it, or name another", USAGE)
    try:
        there = html.exists()
        with html.open("ab"):
            pass
        if not there:
            html.unlink()
    except OSError as error:
        stop(f"--html {html}: {error.strerror}; name a file that can be written", USAGE)
    try:
        write: Callable[[dict[str, Any], Path], None] = import_module(PAGE).write
    except ModuleNotFoundError:
        stop("--html: this installation has no page to write", USAGE)
    return write


def _write(
    write_page: Callable[[dict[str, Any], Path], None], found: dict[str, Any], html: Path
) -> None:
    try:
        write_page(found, html)
    except OSError as error:
        stop(f"--html {html}: {error.strerror}; it was not written", found["exit_code"] or USAGE)


def _found(asked: Asked) -> dict[str, Any]:
    ending = Ending()
    with _progress(asked.quiet) as tell:
        try:
            return run(_until_asked(asked, tell, ending))
        except asyncio.CancelledError:
            stop("ended before there was anything to report", ending.exit_code or FAILED)
        except LocalFailed as error:
            stop(f"the server did not start:\n{error}", FAILED)
        except JudgingFailed as error:
            stop(f"{error}; what it said is above", FAILED)


async def _until_asked(asked: Asked, tell: Callable[[Run], None], ending: Ending) -> dict[str, Any]:
    with signals_end(ending):
        found = await _load(asked, tell, ending)
    if ending.exit_code and found["verdict"] == INVALID:
        return found | {"exit_code": ending.exit_code}
    return found


async def _load(asked: Asked, tell: Callable[[Run], None], ending: Ending) -> dict[str, Any]:
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
        ending.in_order = True
        if asked.capacity is None:
            return await load_test(
                asked.plan,
                target,
                records_url=records_url,
                late_limit_ms=asked.late_limit_ms,
                tell=tell,
                stop=ending.asked,
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
            stop=ending.asked,
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
