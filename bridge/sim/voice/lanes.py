"""The engines at work: each on a thread of its own, jobs in, results out."""

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from bridge.sim.voice.frames import Body, Close, Frame, ends
from bridge.sim.voice.jobs import Detect, Failed, Probabilities, Result

# Detection is cheap and steady: when so much of it waits the machine is too slow, and the
# input is left unread. Other jobs are refused, as they may not hold detection back.
WAITING_DETECTIONS = 4096
WAITING_JOBS = 256

Send = Callable[[int, int, Body], None]


class Listening(Protocol):
    """A detector: ``Detector``, or a scripted one."""

    def push(self, pcm: bytes, rate_hz: int) -> tuple[float, ...]: ...


class Detection:
    """One detector a session, made at its first audio."""

    def __init__(self, make: Callable[[], Listening], send: Send) -> None:
        self._make = make
        self._send = send
        self._detectors: dict[int, Listening] = {}
        self.frames: queue.Queue[Frame] = queue.Queue(WAITING_DETECTIONS)

    def run(self) -> None:
        while True:
            self.step()

    def step(self) -> None:
        """Takes one frame, once there is one."""
        frame = self.frames.get()
        match frame.body:
            case Detect() as job:
                self._send(frame.session, frame.number, self._detect(frame.session, job))
            case Close():
                self._detectors.pop(frame.session, None)

    def _detect(self, session: int, job: Detect) -> Result:
        try:
            detector = self._detectors.get(session) or self._make()
            self._detectors[session] = detector
            return Probabilities(detector.push(job.pcm, job.rate_hz))
        except Exception as problem:  # an engine's fault is the answer to its job
            return Failed(f"detection: {problem}")


@dataclass(frozen=True)
class Task:
    session: int
    number: int
    results: Iterator[Result]


class Lane:
    """Jobs of one engine, a result each in turn, so that a long speech delays nobody long."""

    def __init__(self, name: str, send: Send) -> None:
        self._name = name
        self._send = send
        self._tasks: queue.Queue[Task] = queue.Queue()
        self._dropped: set[int] = set()
        self._waiting: set[int] = set()
        self._lock = threading.Lock()

    def put(self, task: Task) -> None:
        with self._lock:
            refused = len(self._waiting) >= WAITING_JOBS
            if not refused:
                self._waiting.add(task.number)
        if refused:
            reason = f"{self._name}: {WAITING_JOBS} jobs are waiting"
            self._send(task.session, task.number, Failed(reason))
        else:
            self._tasks.put(task)

    def drop(self, number: int) -> None:
        with self._lock:
            if number in self._waiting:
                self._dropped.add(number)

    def run(self) -> None:
        while True:
            self.step()

    def step(self) -> None:
        """Takes one result from one job, once there is one."""
        task = self._tasks.get()
        if task.number in self._dropped:
            self._forget(task.number)
            return
        result = self._next(task)
        self._send(task.session, task.number, result)
        if ends(result):
            self._forget(task.number)
        else:
            self._tasks.put(task)

    def _next(self, task: Task) -> Result:
        try:
            return next(task.results)
        except Exception as problem:  # an engine's fault is the answer to its job
            return Failed(f"{self._name}: {problem}")

    def _forget(self, number: int) -> None:
        with self._lock:
            self._waiting.discard(number)
            self._dropped.discard(number)
