"""offhook serve: answer the phone."""

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Annotated

import typer

from bridge.agents.problems import AgentError
from bridge.cli.console import FAILED, USAGE, line, stderr, stop
from bridge.cli.environment import settings_from
from bridge.cli.loop import run
from bridge.functions import FunctionsError
from bridge.keeping import StateDirUnusable
from bridge.local_model import LocalModelFailed
from bridge.serving import Server, listen, server
from bridge.settings import Settings
from bridge.store.problems import StoreUnavailable


def serve(
    host: Annotated[str | None, typer.Option(help="Where to listen.")] = None,
    port: Annotated[int | None, typer.Option(help="0: any that is free.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The ready line as JSON.")] = False,
    with_parent: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Answer calls from Twilio until SIGTERM or Ctrl-C; running calls are finished first."""
    settings = settings_from(host=host, port=port)
    for told in settings.describe():
        stderr.print(told, style="dim", markup=False)
    try:
        run(_serve(settings, as_json, with_parent))
    except StateDirUnusable as error:
        of_store = isinstance(error.__cause__, StoreUnavailable) and settings.store.database_url
        stop(str(error.__cause__ if of_store else error), USAGE)
    except (AgentError, FunctionsError) as error:
        stop(str(error), USAGE)
    except LocalModelFailed as error:
        stop(str(error), USAGE if error.code == USAGE else FAILED)


async def _serve(settings: Settings, as_json: bool, with_parent: bool = False) -> None:
    try:
        listening = listen(settings.host, settings.port)
    except OSError as error:
        stop(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}", FAILED)

    def ready(bound: Server) -> None:
        port = listening.getsockname()[1]
        voice_url = f"{bound.origin}/twilio/voice"
        if as_json:
            line(json.dumps({"ready": True, "port": port, "voice_url": voice_url}))
        else:
            line(f"offhook: ready on {settings.host}:{port}, voice webhook {voice_url}")

    async with server(settings, listening) as bound:
        with _ends_with_parent(bound) if with_parent else nullcontext():
            await bound.run_until_stopped(listening, ready)


@contextmanager
def _ends_with_parent(bound: Server) -> Iterator[None]:
    """Standard input ends when a parent ends in any way: then this ends as after SIGTERM."""
    loop, stdin = asyncio.get_running_loop(), sys.stdin.fileno()

    def ended() -> None:
        loop.remove_reader(stdin)
        bound.stop()

    loop.add_reader(stdin, ended)
    try:
        yield
    finally:
        loop.remove_reader(stdin)
