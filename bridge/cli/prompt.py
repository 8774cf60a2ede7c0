"""Lines typed by a person, read without standing in the way of anything else."""

import asyncio
import os
import stat
import sys
from collections.abc import AsyncIterator

READ_BYTES = 65_536


async def typed_lines(prompt: str) -> AsyncIterator[str]:
    """Lines of standard input without their ends, until it ends; prompts on stderr."""
    source = sys.stdin.fileno()
    rest = b""
    while True:
        sys.stderr.write(prompt)
        sys.stderr.flush()
        while b"\n" not in rest:
            piece = await _piece(source)
            if not piece:
                if rest:
                    yield rest.decode(errors="replace")
                return
            rest += piece
        line, _, rest = rest.partition(b"\n")
        yield line.decode(errors="replace").rstrip("\r")


async def _piece(source: int) -> bytes:
    """What there is to read; a thread blocked in a read could not be ended by Ctrl-C."""
    if not stat.S_ISREG(os.fstat(source).st_mode):  # a file is always readable, and not watched
        loop = asyncio.get_running_loop()
        readable = asyncio.Event()
        loop.add_reader(source, readable.set)
        try:
            await readable.wait()
        finally:
            loop.remove_reader(source)
    return os.read(source, READ_BYTES)
