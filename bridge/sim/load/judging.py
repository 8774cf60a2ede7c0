"""The court in a process of its own, so that callers who speak every 20 ms do not wait for it.

It is this file run as a program: pickles, each behind its length, go in and come out. In:
``Sitting``, then ``Ended`` for each call, then None. Out: None once it is ready, at last
``Verdicts``.
"""

import asyncio
import os
import pickle
import signal
import struct
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, Final

from bridge.interpreter import PYTHON, import_path
from bridge.sim.load.court import Court, Verdicts
from bridge.sim.load.judged import Ended
from bridge.sim.load.records import fetcher

LENGTH: Final = struct.Struct(">Q")
NICE: Final = 10  # the callers come first
# Small transforms gain nothing of a thread for each core.
ENVIRONMENT: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class JudgingFailed(Exception):
    """The process ended before its time; what it said stands on standard error."""


@dataclass(frozen=True)
class Sitting:
    records_url: str | None


class Judging:
    """Made by ``judging``. ``take`` never waits; ``verdicts`` once, after the last call."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def take(self, ended: Ended) -> None:
        streams = tuple(replace(each, heard=b"", sent_ulaw=b"") for each in ended.result.streams)
        result = replace(ended.result, streams=streams, exchanges=())
        self._write(replace(ended, result=result))

    async def verdicts(self) -> Verdicts:
        """Raises ``JudgingFailed``."""
        self._write(None)
        found: Verdicts = await _next(self._process)
        return found

    def _write(self, what: object) -> None:
        assert self._process.stdin
        self._process.stdin.write(_packed(what))


@asynccontextmanager
async def judging(records_url: str | None) -> AsyncIterator[Judging]:
    """Ready when it is entered; the process ends with it. Raises ``JudgingFailed``."""
    process = await asyncio.create_subprocess_exec(
        *(*PYTHON, "-m", "bridge.sim.load.judging"),
        stdin=PIPE,
        stdout=PIPE,
        start_new_session=True,  # what ends the callers in order is not to end it before them
        env=os.environ | ENVIRONMENT | import_path(),
    )
    try:
        assert process.stdin
        process.stdin.write(_packed(Sitting(records_url)))
        await _next(process)
        yield Judging(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def _next(process: Process) -> Any:
    assert process.stdout
    try:
        (length,) = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))
        return pickle.loads(await process.stdout.readexactly(length))
    except asyncio.IncompleteReadError:
        raise JudgingFailed("the process that judges the calls has ended") from None


def _packed(what: object) -> bytes:
    body = pickle.dumps(what, protocol=pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(body)) + body


def _read(stream: BinaryIO) -> Any:
    """Raises ``EOFError`` where the other side is gone."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        raise EOFError
    return pickle.loads(stream.read(*LENGTH.unpack(head)))


def _write(what: object) -> None:
    sys.stdout.buffer.write(_packed(what))
    sys.stdout.buffer.flush()


def main() -> None:
    # Control-C in a terminal reaches the whole group; the end of our input is what counts.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(NICE)
    asked: Sitting = _read(sys.stdin.buffer)
    court = Court(fetcher(asked.records_url) if asked.records_url else None)
    _write(None)
    try:
        while (ended := _read(sys.stdin.buffer)) is not None:
            court.take(ended)
    except EOFError:
        return  # nobody wants to know any more
    _write(court.close())


if __name__ == "__main__":
    main()
