"""A simulated model in a process of its own, for as long as it is needed."""

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from bridge.interpreter import PYTHON, import_path

START_TIMEOUT_S = 60.0  # engines are loaded and warmed before it is ready
STOP_TIMEOUT_S = 5.0

logger = logging.getLogger(__name__)


class LocalModelFailed(Exception):
    """The simulated model did not start, and has said why; ``code`` is what it ended with."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the simulated model ended with {code}")
        self.code = code


@asynccontextmanager
async def local_model(options: Sequence[str] = ()) -> AsyncIterator[str]:
    """Origin (http) of an ``offhook emulate`` with these options.

    It has a session of its own, so that Ctrl-C reaches us first and running calls can end; it
    ends when its standard input does, so it never outlives us.
    """
    command = ("-m", "bridge", "emulate", "--port", "0", "--json", "--with-parent", *options)
    process = await asyncio.create_subprocess_exec(
        *PYTHON,
        *command,
        env=os.environ | import_path(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                line = await process.stdout.readline()
        except TimeoutError:
            logger.error("the simulated model was not ready within %g s", START_TIMEOUT_S)
            raise LocalModelFailed(1) from None
        if not line:
            raise LocalModelFailed(await process.wait())
        yield json.loads(line)["origin"]
    finally:
        process.stdin.close()
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
