"""The real voice, in a process of its own, shared by the sessions of this one."""

import asyncio
import os
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from bridge.interpreter import PYTHON, import_path
from bridge.sim.voice.frames import (
    LENGTH,
    Body,
    Close,
    Drop,
    Frame,
    FrameError,
    Ready,
    ends,
    length_of,
    pack,
    unpack,
)
from bridge.sim.voice.jobs import Failed, Job, Probabilities, Result, Speech, Transcript

COMMAND: Final = (*PYTHON, "-m", "bridge.sim.voice.worker")
# The engines take one core each; libraries that would start a thread a core are told so.
ENVIRONMENT: Final = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
START_S = 60.0
STOP_S = 5.0
JOBS_UNDER_WAY = 4096
UNWRITTEN_BYTES = 8 * 1024 * 1024


class VoiceError(Exception):
    """The voice could not be started; the text says why."""


@asynccontextmanager
async def local_voice(command: Sequence[str] = COMMAND) -> AsyncIterator["LocalVoice"]:
    """A warm voice. Raises ``VoiceError`` where it cannot be had; leaves no process behind."""
    voice = LocalVoice(command, await _started(command))
    reading = asyncio.create_task(voice.run())
    try:
        yield voice
    finally:
        await voice.stop()
        await reading


class LocalVoice:
    """Made by ``local_voice``. A worker that dies is started again, once."""

    def __init__(self, command: Sequence[str], worker: Process) -> None:
        self._command = command
        self._worker: Process | None = worker
        self._restarts_left = 1
        self._stopping = False
        self._sessions = 0
        self._numbers = 0
        self._jobs: dict[int, asyncio.Queue[Result]] = {}
        self._settled = asyncio.Event()
        self._settled.set()

    def open(self) -> "LocalSession":
        self._sessions += 1
        return LocalSession(self, self._sessions)

    async def run(self) -> None:
        """Hands out results until the voice is stopped or its last worker is dead."""
        while self._worker is not None:
            await self._read(self._worker)
            self._settled.clear()
            worker, self._worker = self._worker, None
            code = await _ended(worker)
            self._fail_all(f"the voice process ended with code {code}")
            if self._restarts_left and not self._stopping:
                self._restarts_left -= 1
                await self._restart()
            self._settled.set()

    async def ready(self) -> bool:
        """Waits out a restart; False when there is no worker and will be none."""
        await self._settled.wait()
        return self._worker is not None

    async def stop(self) -> None:
        """The worker's input ends, and with it the worker."""
        self._stopping = True
        if self._worker is not None and self._worker.stdin is not None:
            self._worker.stdin.close()

    @property
    def pid(self) -> int | None:
        """The worker's process; None while there is none."""
        return None if self._worker is None else self._worker.pid

    def post(self, session: int, job: Job) -> tuple[int, asyncio.Queue[Result]]:
        """Sends a job off; its results come in the queue, the last one as ``ends`` tells."""
        self._numbers += 1
        results: asyncio.Queue[Result] = asyncio.Queue()
        refusal = self._refusal()
        if refusal is not None:
            results.put_nowait(Failed(refusal))
        else:
            self._jobs[self._numbers] = results
            self._write(session, self._numbers, job)
        return self._numbers, results

    def drop(self, session: int, number: int) -> None:
        """The results of a job are not wanted any more."""
        if self._jobs.pop(number, None) is not None and self._refusal() is None:
            self._write(session, number, Drop())

    def forget(self, session: int) -> None:
        if self._worker is not None and not self._stopping:
            self._write(session, 0, Close())

    async def drained(self) -> None:
        """Waits until the worker has taken most of what was written."""
        worker = self._worker
        if worker is not None and worker.stdin is not None:
            try:
                await worker.stdin.drain()
            except (BrokenPipeError, ConnectionResetError):
                return  # the worker is dead: its jobs are told so by ``run``

    def _refusal(self) -> str | None:
        if self._stopping:
            return "the voice is stopped"
        if self._worker is None or self._worker.stdin is None:
            return "the voice process is not running"
        if len(self._jobs) >= JOBS_UNDER_WAY:
            return f"the voice has {JOBS_UNDER_WAY} jobs under way"
        if self._worker.stdin.transport.get_write_buffer_size() > UNWRITTEN_BYTES:
            return "the voice process does not take its jobs"
        return None

    def _write(self, session: int, number: int, body: Body) -> None:
        if self._worker is not None and self._worker.stdin is not None:
            self._worker.stdin.write(pack(Frame(session, number, body)))

    async def _read(self, worker: Process) -> None:
        while (frame := await _next_frame(worker)) is not None:
            results = self._jobs.get(frame.number)
            if results is None or not isinstance(frame.body, _RESULTS):
                continue
            results.put_nowait(frame.body)
            if ends(frame.body):
                del self._jobs[frame.number]

    async def _restart(self) -> None:
        try:
            worker = await _started(self._command)
        except VoiceError:
            return  # jobs are told that there is no process
        self._worker = worker
        if self._stopping:
            await self.stop()

    def _fail_all(self, reason: str) -> None:
        for results in self._jobs.values():
            results.put_nowait(Failed(reason))
        self._jobs.clear()


_RESULTS = (Probabilities, Transcript, Speech, Failed)


class LocalSession:
    """One session's share of the voice."""

    def __init__(self, voice: LocalVoice, number: int) -> None:
        self._voice = voice
        self._number = number
        self._closed = False

    def ask(self, job: Job) -> AsyncIterator[Result]:
        """The job is on its way when this returns. Leaving the results early drops it."""
        if self._closed:
            raise RuntimeError("this session of the voice is closed")
        number, results = self._voice.post(self._number, job)
        return self._results(number, results)

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._voice.forget(self._number)

    async def _results(self, number: int, results: asyncio.Queue[Result]) -> AsyncIterator[Result]:
        try:
            await self._voice.drained()
            while True:
                result = await results.get()
                yield result
                if ends(result):
                    return
        finally:
            self._voice.drop(self._number, number)


async def _started(command: Sequence[str]) -> Process:
    environment = os.environ | ENVIRONMENT | import_path()
    worker = await asyncio.create_subprocess_exec(
        *command, stdin=PIPE, stdout=PIPE, env=environment
    )
    try:
        async with asyncio.timeout(START_S):
            frame = await _next_frame(worker)
    except TimeoutError:
        await _ended(worker, wait_s=0)
        raise VoiceError(f"the voice process was not ready after {START_S:.0f} s") from None
    except asyncio.CancelledError:
        await _ended(worker, wait_s=0)
        raise
    match None if frame is None else frame.body:
        case Ready():
            return worker
        case Failed(reason):
            await _ended(worker)
            raise VoiceError(reason)
        case _:
            code = await _ended(worker)
            raise VoiceError(f"the voice process ended with code {code} before it was ready")


async def _next_frame(worker: Process) -> Frame | None:
    """None when the worker has closed its output, or writes something else than frames."""
    if worker.stdout is None:
        return None
    try:
        length = length_of(await worker.stdout.readexactly(LENGTH.size))
        return unpack(await worker.stdout.readexactly(length))
    except (asyncio.IncompleteReadError, FrameError):
        return None


async def _ended(worker: Process, wait_s: float = STOP_S) -> int:
    """The worker's exit code, once it has ended by itself or been killed."""
    if worker.stdin is not None:
        worker.stdin.close()
    try:
        async with asyncio.timeout(wait_s):
            return await worker.wait()
    except TimeoutError:
        worker.kill()
        return await worker.wait()
