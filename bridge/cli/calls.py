"""offhook calls: what is kept of calls."""

import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from getpass import getuser
from pathlib import Path
from shutil import copyfile
from typing import Annotated, Any, TypeVar

import typer
from rich.table import Table
from rich.text import Text

from bridge.characters import printable
from bridge.cli.agent_source import opened_store
from bridge.cli.calls_replay import RECORDINGS, calls_replay
from bridge.cli.console import FAILED, USAGE, line, report, stderr, stdout, stop
from bridge.cli.environment import settings_from
from bridge.cli.loop import run
from bridge.recording import wav
from bridge.records.happenings import clock
from bridge.records.page import Sound, page
from bridge.records.record import CallRecord
from bridge.records.timeline import show as draw
from bridge.store.audit import Change
from bridge.store.calls import CallFilters, CallRow, CallStore, Page
from bridge.store.problems import StoreProblem, StoreUnavailable

app = typer.Typer(help="What is kept of calls: list, show, export, replay, delete.")
app.command("replay")(calls_replay)

T = TypeVar("T")
CALL = Annotated[str, typer.Argument(help="A call's id (CA…).")]
JSON = Annotated[bool, typer.Option("--json", help="As JSON.")]
DAYS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


@app.command("list")
def list_(
    agent: Annotated[str | None, typer.Option(help="Of this agent.")] = None,
    version: Annotated[int | None, typer.Option(help="Of this version of it.")] = None,
    route: Annotated[str | None, typer.Option(help="By this route.")] = None,
    variant: Annotated[str | None, typer.Option(help="published or trial.")] = None,
    outcome: Annotated[str | None, typer.Option(help="That ended so: completed, …")] = None,
    caller: Annotated[str | None, typer.Option(help="From this number.")] = None,
    called: Annotated[str | None, typer.Option(help="To this number.")] = None,
    since: Annotated[datetime | None, typer.Option(formats=DAYS, help="From then on, UTC.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=DAYS, help="Before that, UTC.")] = None,
    min_seconds: Annotated[float | None, typer.Option(min=0, help="So long at least.")] = None,
    max_seconds: Annotated[float | None, typer.Option(min=0, help="So long at most.")] = None,
    errors: Annotated[
        bool | None, typer.Option("--errors/--no-errors", help="With errors, or without any.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="So many, the newest first.")] = 50,
    cursor: Annotated[str | None, typer.Option(help="Go on where a list before ended.")] = None,
    as_json: JSON = False,
) -> None:
    """List calls, the newest first."""
    filters = CallFilters(
        agent=agent,
        version=version,
        route=route,
        variant=variant,
        outcome=outcome,
        caller=caller,
        called=called,
        since=since and since.replace(tzinfo=UTC),
        until=until and until.replace(tzinfo=UTC),
        min_seconds=min_seconds,
        max_seconds=max_seconds,
        has_errors=errors,
    )

    async def listed(calls: CallStore) -> tuple[Page, bool]:
        found = await calls.list(filters, cursor, limit)
        return found, bool(found.rows) or agent is None or await calls.knows(agent)

    found, known = _with_store(listed)
    if not known:
        stderr.print(f"there is no agent {agent}, nor any call of one", markup=False)
    if as_json:
        report({"calls": [_plain(row) for row in found.rows], "next_cursor": found.next_cursor})
    else:
        _print(found)


@app.command()
def show(
    call: CALL,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write the page of the call into this file.")
    ] = None,
    audio: Annotated[
        bool, typer.Option("--audio", help="With --html: the recording goes into the page.")
    ] = False,
    as_json: JSON = False,
) -> None:
    """Show one call: what happened, what was said and heard, latencies, cost."""
    if audio and html is None:
        stop("--audio belongs to --html FILE: a terminal plays no sound", USAGE)
    record = _with_store(lambda calls: calls.get(call))
    runs = not record.outcome
    if html is not None:
        if runs:
            stop(f"{call} still runs; its page can be made when it has ended", FAILED)
        _write(html, page(record, _sound(record, needed=audio), player=audio).encode())
        stderr.print(f"written: {html}", markup=False)
    elif as_json:
        report(record.builtins())
    elif runs:
        line("\n".join(_running(record, datetime.now(UTC))))
    else:
        draw(record, stdout)


@app.command()
def export(
    call: CALL,
    folder: Annotated[Path, typer.Argument(help="Where to; it is made if it is missing.")],
) -> None:
    """Copy one call into a folder: its record as JSON, and its recording."""
    record = _with_store(lambda calls: calls.get(call))
    name = Path(record.call_sid).name
    text = json.dumps(record.builtins(), indent=1, ensure_ascii=False) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        stop(f"{folder} cannot be made ({error.strerror})", FAILED)
    _write(folder / f"{name}.json", text.encode())
    line(str(folder / f"{name}.json"))
    source = _recording(record)
    if source is None:
        return
    target = folder / source.name
    try:
        target.touch(0o600)
        copyfile(source, target)
    except OSError as error:
        stop(f"{target} cannot be written ({error.strerror})", FAILED)
    line(str(target))


@app.command()
def delete(
    call: CALL,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete all that is kept of one call, its recording too. The audit log says who did it."""
    if not yes and not typer.confirm(f"Delete all that is kept of {call}?"):
        raise typer.Exit(FAILED)
    _with_store(lambda calls: calls.delete(call, Change(f"{getuser()}, from a shell")))
    line(f"deleted: {call}")


def _with_store(ask: Callable[[CallStore], Awaitable[T]]) -> T:
    """Ends with 1 where the store is away, with 2 where there is no such call."""
    settings = settings_from(telephone=False, model=False)

    async def asked() -> T:
        async with opened_store(settings) as database:
            return await ask(CallStore(database, settings.state_dir / RECORDINGS))

    try:
        return run(asked())
    except StoreUnavailable as error:
        stop(str(error), FAILED)
    except StoreProblem as error:
        stop(str(error), USAGE)


def _running(record: CallRecord, now: datetime) -> Iterator[str]:
    """All that is kept of a call before its end."""
    by_now = clock(max(0.0, (now - record.started_at).total_seconds()))
    yield f"{record.call_sid} runs since {record.started_at:%Y-%m-%d %H:%M:%S} UTC, {by_now} by now"
    yield f"  {printable(record.caller) or '?'} → {printable(record.called) or '?'}"
    yield f"  {printable(record.agent)}, version {record.version} ({printable(record.variant)})"
    if record.recording:
        yield "  it is being recorded"
    yield "  what was said, its latencies and its cost are kept when it has ended"


def _recording(record: CallRecord) -> Path | None:
    """The file, where it is still there."""
    if not record.recording:
        return None
    folder = settings_from(telephone=False, model=False).state_dir / RECORDINGS
    path = folder / Path(record.recording).name
    return path if path.is_file() else None


def _sound(record: CallRecord, *, needed: bool) -> Sound | None:
    path = _recording(record)
    if path is None:
        if needed:
            stop(f"there is no recording of {record.call_sid}; leave out --audio", FAILED)
        return None
    try:
        return wav.read(path)
    except (OSError, ValueError) as error:
        stop(str(error), FAILED)


def _write(path: Path, data: bytes) -> None:
    """For its owner alone: it holds what was said."""
    try:
        path.touch(0o600)
        path.write_bytes(data)
    except OSError as error:
        stop(f"{path} cannot be written ({error.strerror})", FAILED)


def _plain(row: CallRow) -> dict[str, Any]:
    def plain(value: object) -> object:
        if isinstance(value, datetime):
            return value.isoformat()
        return str(value) if isinstance(value, Decimal) else value

    return {name: plain(value) for name, value in asdict(row).items()}


def _print(found: Page) -> None:
    """Two lines a call, so that 80 columns are enough and no id is broken."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("call\n  agent", "started\n  from", "length\nlatency", "ended\n  cost"):
        right = name.startswith("length")
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    for row in found.rows:
        trial = " trial" if row.variant == "trial" else ""
        latency = "" if row.latency_ms is None else f"{row.latency_ms:.0f} ms"
        cost = "" if row.cost is None else f"  ${row.cost:.4f}"
        cells = (
            (row.call_sid, f"  {printable(row.agent)} {row.version}{trial}"),
            (f"{row.started_at:%Y-%m-%d %H:%M}", f"  {printable(row.caller)}"),
            ("" if row.seconds is None else clock(row.seconds), latency),
            ((row.outcome or "runs") + (" !" if row.has_errors else ""), cost),
        )
        table.add_row(*(Text("\n".join(cell)) for cell in cells))
    stdout.print(table)
    if found.next_cursor:
        stderr.print(f"more: --cursor {found.next_cursor}", markup=False)
