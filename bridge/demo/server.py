"""``offhook serve`` in a process of its own, for as long as one demonstration takes."""

import asyncio
import json
import os
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from bridge.interpreter import PYTHON, import_path

START_TIMEOUT_S = 90.0  # engines are loaded and warmed before it is ready
STOP_TIMEOUT_S = 20.0
OF_THE_BRIDGE = ("OFFHOOK_", "AZURE_OPENAI_", "OPENAI_", "TWILIO_")
TOLD = "bridge.demo"  # loggers of the functions of the demonstrations
LAST_LINES = 10


class ServerFailed(Exception):
    """The server did not start; the text is the end of its log."""


@asynccontextmanager
async def running_server(
    settings: Mapping[str, str], log: Path, tell: Callable[[str], None]
) -> AsyncIterator[str]:
    """The URL of the voice webhook. Its settings are these alone, none of the environment's;
    ``tell`` is told what the functions of the agent log. Ends with the server ended."""
    process = await asyncio.create_subprocess_exec(
        *(*PYTHON, "-m", "bridge", "serve", "--port", "0", "--json"),
        env=environment(os.environ, settings) | import_path(),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None and process.stderr is not None
    logging = asyncio.create_task(_keep_log(process.stderr, log, tell))
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            ready = await process.stdout.readline()
        if not ready:
            raise ServerFailed(await logging)
        yield json.loads(ready)["voice_url"]
    finally:
        await _stop(process)
        await logging


def environment(environ: Mapping[str, str], settings: Mapping[str, str]) -> dict[str, str]:
    """The environment without any setting of the bridge, and these settings."""
    others = {name: value for name, value in environ.items() if not name.startswith(OF_THE_BRIDGE)}
    return {**others, **settings, "OFFHOOK_LOG_FORMAT": "json"}


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(STOP_TIMEOUT_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def _keep_log(lines: asyncio.StreamReader, log: Path, tell: Callable[[str], None]) -> str:
    """Returns the last lines, at the end."""
    last: deque[str] = deque(maxlen=LAST_LINES)
    with log.open("w", encoding="utf-8") as file:
        while line := (await lines.readline()).decode(errors="replace"):
            file.write(line)
            file.flush()
            last.append(line)
            if told := told_by(line):
                tell(told)
    return "".join(last)


def told_by(line: str) -> str | None:
    """What a line of the log says of a function of the agent."""
    try:
        fields = json.loads(line)
    except ValueError:
        return None
    if not isinstance(fields, dict) or not str(fields.get("logger", "")).startswith(TOLD):
        return None
    return f"agent calls {fields.get('message')}"
