"""One session on one socket: what comes goes in, what the core wants is done."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Protocol, runtime_checkable

from bridge.sim.model.session import Ask, Close, Out, RealtimeSession, Send
from bridge.sim.model.socket import ServerSocket
from bridge.sim.voice.jobs import Detect, Job, Result
from bridge.sim.voice.port import VoiceSession

DETECT_JOBS = 256  # a client that sends faster than speech is detected has to wait
CONNECTION_LOST = 1006
TIMER_STEP_S = 0.001  # the event loop's; a tick before its time is a tick for nothing

Spawn = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]

logger = logging.getLogger(__name__)


@runtime_checkable
class AnswersAtOnce(Protocol):
    """A voice session that needs no time: its results come without a task."""

    def answer(self, job: Job) -> list[Result]: ...


class Line:
    """Call ``open`` once the socket is open; then the socket tells it the rest."""

    def __init__(
        self,
        socket: ServerSocket,
        session: RealtimeSession,
        voice: VoiceSession,
        spawn: Spawn,
        on_lost: Callable[[], None],
    ) -> None:
        self._socket = socket
        self._session = session
        self._voice = voice
        self._at_once = voice.answer if isinstance(voice, AnswersAtOnce) else None
        self._spawn = spawn
        self._on_lost = on_lost
        self._detect: asyncio.Queue[Ask] = asyncio.Queue()
        self._detecting: asyncio.Task[None] | None = None
        self._working: dict[int, asyncio.Task[None]] = {}
        self._due: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._lost = False

    def open(self) -> None:
        self._do(self._session.open(time.monotonic()))
        self._settle()

    # --- what happens -------------------------------------------------------------------------

    def receive(self, message: str | bytes) -> None:
        """The socket flushes behind the last message of a packet."""
        out = self._session.receive(message, time.monotonic())
        if out:
            self._do(out)
        self._settle()

    def lost(self) -> None:
        self._lost = True
        if self._timer is not None:
            self._timer.cancel()
        for task in (*self._working.values(), self._detecting):
            if task is not None:
                task.cancel()
        self._on_lost()
        self._spawn(self._voice.close())

    def _tick(self) -> None:
        self._due = self._timer = None
        self._do(self._session.tick(time.monotonic()))
        self._settle()
        self._socket.flush()

    def _answered(self, job_id: int, result: Result) -> None:
        if not self._lost:
            self._do(self._session.answer(job_id, result, time.monotonic()))
            self._settle()
            self._socket.flush()

    # --- what is done about it ----------------------------------------------------------------

    def _do(self, out: list[Out]) -> None:
        for message in out:
            match message:
                case Ask():
                    self._ask(message)
                case Send(text):
                    self._socket.send(text)
                case Close(code, reason):
                    self._close(code, reason)

    def _close(self, code: int, reason: str) -> None:
        if code == CONNECTION_LOST:
            self._socket.flush()
            self._socket.abort()
        else:
            self._socket.close(code, reason)

    def _ask(self, ask: Ask) -> None:
        if self._at_once is not None:
            for result in self._at_once(ask.job):
                self._do(self._session.answer(ask.job_id, result, time.monotonic()))
        elif isinstance(ask.job, Detect):
            self._detect.put_nowait(ask)
            self._socket.pause(self._detect.qsize() >= DETECT_JOBS)
            if self._detecting is None:
                self._detecting = self._spawn(self._detect_speech())
        else:
            task = self._working[ask.job_id] = self._spawn(self._work(ask))
            task.add_done_callback(partial(self._done_working, ask.job_id))

    def _settle(self) -> None:
        """Speech of a response that was cut off is not made to its end; the timer is set."""
        for job_id, task in self._working.items():
            if not self._session.wants(job_id):
                task.cancel()
        due = self._session.deadline()
        if due == self._due or self._lost:
            return
        self._due = due
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if due is not None:
            wait_s = max(due - time.monotonic(), 0.0) + TIMER_STEP_S
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._tick)

    # --- voices that take their time ----------------------------------------------------------

    async def _detect_speech(self) -> None:
        """One after the other: windows are told in the order of the audio."""
        while True:
            await self._work(await self._detect.get())
            self._socket.pause(self._detect.qsize() >= DETECT_JOBS)

    async def _work(self, ask: Ask) -> None:
        try:
            async for result in self._voice.ask(ask.job):
                self._answered(ask.job_id, result)
        except Exception:
            logger.exception("a voice failed")
            self._socket.abort()

    def _done_working(self, job_id: int, _: asyncio.Task[None]) -> None:
        del self._working[job_id]
