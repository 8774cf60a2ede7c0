"""offhook simulate: call a voice webhook, as Twilio would."""

import asyncio
import os
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryFile
from typing import Annotated, Any

import typer
from rich.table import Table

from bridge.cli.console import DONE, FAILED, USAGE, report, stdout, stop
from bridge.cli.loop import run
from bridge.settings import DEVELOPMENT_AUTH_TOKEN
from bridge.sim.carrier.caller import AfterAgent, HangUp, OverAgent, Say, ScriptedCaller, Step
from bridge.sim.carrier.result import CallResult
from bridge.sim.carrier.shell import http_client, place_call
from bridge.sim.carrier.urls import is_url
from bridge.sim.recordings import RecordingMissing, two_cities
from bridge.sim.stereo import write_stereo
from bridge.sim.voice import timecode
from bridge.sim.voice.parts import VoiceMissing
from telcodecs.g711 import ulaw_encode

ACCOUNT_SID = "AC" + "0" * 31 + "1"
TONES_MS = (1500, 1200, 1500)
QUIET_MS = 1200  # a voice pauses for almost a second between two sentences
CLOSED_BY_SERVER = 31921  # Twilio calls it an error even where it is meant

COLUMNS = (
    *("call", "outcome", "ended by", "turns", "no answer", "barge-ins", "first audio ms"),
    "objections",
)


class CallerKind(StrEnum):
    auto = "auto"
    reading = "reading"
    tones = "tones"


def simulate(
    url: Annotated[str, typer.Argument(help="The voice webhook.")] = (
        "http://127.0.0.1:8080/twilio/voice"
    ),
    calls: Annotated[int, typer.Option(min=1, help="How many, all at once.")] = 1,
    caller: Annotated[CallerKind, typer.Option(help="auto: reading where installed.")] = (
        CallerKind.auto
    ),
    interrupt_ms: Annotated[
        int, typer.Option(min=0, help="Talk over an answer after so long.")
    ] = 1500,
    from_number: Annotated[str, typer.Option(help="Who calls.")] = "+15005550006",
    to_number: Annotated[str, typer.Option(help="Who is called.")] = "+15005550001",
    time_limit_s: Annotated[float, typer.Option(min=1, help="Longest call.")] = 120.0,
    out: Annotated[Path | None, typer.Option(help="A folder for a WAV of each call.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The report as JSON.")] = False,
) -> None:
    """Call a voice webhook and talk. Signs with TWILIO_AUTH_TOKEN, or the development token.

    Ends with 1 when a call failed, nothing could be said, an answer did not come, or the carrier
    had to object.
    """
    if not is_url(url, "http", "https"):
        stop(f"{url} is not a URL; give the voice webhook, such as http://127.0.0.1:8080/…", USAGE)
    if out is not None:
        _check_folder(out)
    steps = _steps(caller, interrupt_ms)
    results = run(_call(url, calls, steps, from_number, to_number, time_limit_s))
    _tell(results, as_json)
    if out is not None:
        _write(results, out)
    raise typer.Exit(DONE if all(good(result) for result in results) else FAILED)


def _check_folder(out: Path) -> None:
    """Before the calls: afterwards what was heard would be lost."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=out):
            pass
    except OSError as error:
        stop(f"--out {out}: {error.strerror}; name a folder that can be written to", USAGE)


def _write(results: list[CallResult], out: Path) -> None:
    try:
        for result in results:
            write_stereo(out / f"{result.call_sid}.wav", result.sent_ulaw, result.heard)
    except OSError as error:
        stop(f"--out {out}: {error.strerror}; not all calls were written", FAILED)


def good(result: CallResult) -> bool:
    """Completed, with something said, each answer heard, and nothing to object to."""
    errors = [error for error in result.errors if error.code != CLOSED_BY_SERVER]
    said = any(isinstance(record.step, Say) for record in result.steps)
    answered = not any(record.timed_out for record in result.steps)
    objected = bool(result.warnings or errors)
    return result.outcome == "completed" and said and answered and not objected


def _steps(kind: CallerKind, interrupt_ms: int) -> list[Step]:
    """Wait for the greeting, say something, interrupt the answer, listen, hang up."""
    try:
        said = [utterance.ulaw for utterance in two_cities()[:3]]
        if kind is CallerKind.tones:
            said = []
    except (RecordingMissing, VoiceMissing) as error:
        if kind is CallerKind.reading:
            stop(str(error), USAGE)
        said = []
    if not said:
        said = [ulaw_encode(timecode.encode(15, ms, 8000)) for ms in TONES_MS]
    return [
        Say(said[0], AfterAgent(QUIET_MS), no_later_than_s=8.0),
        Say(said[1], OverAgent(interrupt_ms), no_later_than_s=15.0),
        Say(said[2], AfterAgent(QUIET_MS), no_later_than_s=15.0),
        HangUp(AfterAgent(QUIET_MS), no_later_than_s=20.0),
    ]


async def _call(
    url: str, calls: int, steps: list[Step], from_number: str, to_number: str, limit_s: float
) -> list[CallResult]:
    auth_token = os.environ.get("TWILIO_AUTH_TOKEN", "").split(",")[0] or DEVELOPMENT_AUTH_TOKEN
    account_sid = os.environ.get("TWILIO_ACCOUNT_SID") or ACCOUNT_SID
    async with http_client() as http, asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(
                place_call(
                    url,
                    caller=ScriptedCaller(steps),
                    account_sid=account_sid,
                    auth_token=auth_token,
                    from_number=from_number,
                    to_number=to_number,
                    http=http,
                    time_limit_s=limit_s,
                )
            )
            for _ in range(calls)
        ]
    return [task.result() for task in tasks]


def _facts(result: CallResult) -> dict[str, Any]:
    return {
        "call_sid": result.call_sid,
        "outcome": result.outcome,
        "ended_by": result.ended_by,
        "warnings": [asdict(warning) for warning in result.warnings],
        "errors": [asdict(error) for error in result.errors],
        "timings": asdict(result.timings),
        "turns": sum(isinstance(record.step, Say) for record in result.steps),
        "clears": len(result.clears),
        "marks": len(result.marks),
        "heard_s": round(len(result.heard) / 8000, 2),
        "timed_out_steps": sum(record.timed_out for record in result.steps),
    }


def _tell(results: list[CallResult], as_json: bool) -> None:
    facts = [_facts(result) for result in results]
    if as_json:
        report({"calls": facts})
        return
    table = Table(*COLUMNS)
    for each in facts:
        first = each["timings"]["first_audio_ms"]
        table.add_row(
            each["call_sid"],
            each["outcome"],
            each["ended_by"],
            str(each["turns"]),
            str(each["timed_out_steps"]),
            str(each["clears"]),
            "-" if first is None else f"{first:.0f}",
            "; ".join(f"{o['code']} {o['text']}" for o in each["warnings"] + each["errors"])
            or "none",
        )
    stdout.print(table)
