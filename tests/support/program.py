"""The program as a process of its own."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

READY_S = 60.0  # a local model loads its voices first


@dataclass
class Program:
    """``ready`` is its ready line."""

    process: asyncio.subprocess.Process
    ready: dict[str, Any]

    @property
    def voice_url(self) -> str:
        url: str = self.ready["voice_url"]
        return url

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def ended(self, within_s: float) -> int:
        async with asyncio.timeout(within_s):
            return await self.process.wait()


@asynccontextmanager
async def serving(settings: Mapping[str, str], *options: str) -> AsyncIterator[Program]:
    """``offhook serve`` from its ready line on; killed at the end if it still runs."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OFFHOOK_", "TWILIO_", "AZURE_", "OPENAI_"))
    }
    process = await asyncio.create_subprocess_exec(
        *(*options, sys.executable, "-m", "bridge", "serve", "--json"),
        env={**inherited, **settings},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(READY_S):
            line = await process.stdout.readline()
        yield Program(process, json.loads(line))
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
