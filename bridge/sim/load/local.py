"""A server and its model on this machine, for a load test that needs nothing else."""

import asyncio
import json
import os
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bridge.interpreter import PYTHON, import_path

START_S: Final = 60.0
STOP_S: Final = 15.0
MAX_CALLS: Final = "10000"  # what is to be found out is not to be refused
OF_THE_BRIDGE: Final = ("OFFHOOK_", "AZURE_OPENAI_", "OPENAI_", "TWILIO_")
ACCOUNT_SID: Final = "AC" + "0" * 31 + "1"
AUTH_TOKEN: Final = "load-test-token"  # of a server that hears nobody but this machine
AGENT: Final = """\
name: Load
instructions: Answer briefly.
greeting: Hello, this is a load test.
audio_format: {audio_format}
"""


class LocalFailed(Exception):
    """A process did not start; the text is what it said last."""


@dataclass(frozen=True)
class Local:
    voice_url: str
    records_url: str
    server_pid: int


@asynccontextmanager
async def started(
    audio_format: str,
    launcher: Sequence[str] = ("-m", "bridge"),
    speed: float = 4.0,
    more: Mapping[str, str] | None = None,
) -> AsyncIterator[Local]:
    """Both up and ready; ended with the context. Raises ``LocalFailed``.

    Where there are two processors, the server has one for itself and the simulators the other.
    ``launcher`` is what Python runs in place of the server, before ``serve``; ``more`` are further
    settings of the server.
    """
    mine, servers = _processors()
    model = ("-m", "bridge", "emulate", "--voice", "tones", "--records", "--speed", str(speed))
    with tempfile.TemporaryDirectory() as name, _on(mine):
        folder = Path(name)
        async with AsyncExitStack() as stack:
            _, ready = await stack.enter_async_context(
                _process(
                    (*model, "--port", "0", "--json", "--with-parent"), {}, folder / "model.log"
                )
            )
            origin = str(ready["origin"])
            settings = _settings(origin, folder, audio_format) | dict(more or {})
            command = (*launcher, "serve", "--port", "0", "--json", "--with-parent")
            with _on(servers):
                server, ready = await stack.enter_async_context(
                    _process(command, settings, folder / "server.log")
                )
            yield Local(str(ready["voice_url"]), f"{origin}/records", server.pid)


def _processors() -> tuple[Sequence[int], Sequence[int]]:
    """For the simulators and for the server; empty where there are not two."""
    if not hasattr(os, "sched_getaffinity"):
        return (), ()
    found = sorted(os.sched_getaffinity(0))
    return (found[1:], found[:1]) if len(found) > 1 else ((), ())


def _settings(model_origin: str, folder: Path, audio_format: str) -> dict[str, str]:
    agent = folder / "agent.yaml"
    agent.write_text(AGENT.format(audio_format=audio_format))
    return {
        "OFFHOOK_AGENT": str(agent),
        "OFFHOOK_STATE_DIR": str(folder),
        "OFFHOOK_DRAIN_TIMEOUT_S": "0",
        "OFFHOOK_MAX_CALLS": MAX_CALLS,
        "OFFHOOK_MODEL_PROVIDER": "openai",
        "OFFHOOK_LOG_LEVEL": "WARNING",
        "OPENAI_API_KEY": "none",
        "OPENAI_BASE_URL": f"{model_origin}/v1",
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
    }


@contextmanager
def _on(processors: Sequence[int]) -> Iterator[None]:
    """What is started here runs on these processors; none given: wherever it likes."""
    if not processors:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, processors)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@asynccontextmanager
async def _process(
    arguments: Sequence[str], settings: Mapping[str, str], log: Path
) -> AsyncIterator[tuple[asyncio.subprocess.Process, dict[str, Any]]]:
    """A program of ours from its ready line on.

    It has a session of its own, so that Ctrl-C reaches us first and running calls can end; it ends
    when its standard input does, so it never outlives us.
    """
    plain = {
        name: value for name, value in os.environ.items() if not name.startswith(OF_THE_BRIDGE)
    }
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *(*PYTHON, *arguments),
            env={**plain, **import_path(), **settings},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(START_S):
            line = await process.stdout.readline()
        if not line:
            raise LocalFailed(_end_of(log))
        yield process, json.loads(line)
    except asyncio.CancelledError:  # nobody wants to wait for what it still has to end
        if process.returncode is None:
            process.kill()
        raise
    finally:
        await _stop(process)


def _end_of(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:]


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(STOP_S):
            await process.communicate()
    except TimeoutError:
        process.kill()
        await process.communicate()
