"""Places the calls of a plan, keeps them running, and counts."""

import asyncio
import time
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from bridge.sim.carrier.shell import http_client, place_call
from bridge.sim.load.arrivals import LOOK_S, Arrivals
from bridge.sim.load.judged import Ended
from bridge.sim.load.lateness import Lateness
from bridge.sim.load.plan import Plan
from bridge.sim.load.scenarios import Mix, Visit
from bridge.sim.load.server import NoSuchProcess, Usage, usage

SAMPLE_S = 1.0
CUT_OFF_S = 3.0  # after which calls are cut off, where somebody wants the end of the test


@dataclass(frozen=True)
class Target:
    url: str
    account_sid: str
    auth_token: str
    from_number: str = "+15005550006"
    to_number: str = "+15005550001"
    pid: int | None = None  # of the server, where it is on this machine
    time_limit_s: float = 60.0  # of one call


@dataclass(frozen=True)
class Sample:
    """How things stood, once a second; what is counted is counted from the start."""

    at_s: float
    running: int
    started: int
    ended: int
    lost: int
    late_ms: float  # the worst since the sample before
    frames: int
    server: Usage | None


@dataclass
class Run:
    """What is known so far, or in the end. Of a call that has ended it keeps four numbers."""

    began_at: float
    ended: int = 0
    calls_s: float = 0.0  # of those that have ended, together
    first_audio_ms: "array[float]" = field(default_factory=lambda: array("d"))
    samples: list[Sample] = field(default_factory=list)
    lateness: Lateness = field(default_factory=Lateness)
    started: int = 0
    running: int = 0
    peak: int = 0
    lost: int = 0
    frames: int = 0  # of calls that have ended
    ended_at: float = 0.0
    server_at_start: Usage | None = None
    missed: list[str] = field(default_factory=list)  # where the load was not what was asked for
    interrupted: bool = False
    cut_off: int = 0  # calls, by that

    @property
    def seconds(self) -> float:
        return self.ended_at - self.began_at


async def drive(
    plan: Plan,
    target: Target,
    hear: Callable[[Ended], None],
    tell: Callable[[Run], None],
    first_number: int = 0,
    stop: asyncio.Event | None = None,
) -> Run:
    """Returns when every call that was begun has ended. ``tell`` is told each second, ``hear``
    of each call that ends. After ``stop`` no call begins, and those that run have a short time.

    Calls are numbered from ``first_number`` on: their voices tell them apart at the model.
    """
    run = Run(time.monotonic(), server_at_start=_usage(target.pid))
    stop = stop or asyncio.Event()
    running: set[asyncio.Task[None]] = set()

    async def one(visit: Visit) -> None:
        hear(await _one(visit, target, run, http))

    async with http_client() as http, asyncio.TaskGroup() as beside:
        watching = [
            beside.create_task(run.lateness.run()),
            beside.create_task(_sample(run, target, tell)),
            beside.create_task(_cut_off(run, running, stop)),
        ]
        async with asyncio.TaskGroup() as calls:

            def begin(visit: Visit) -> None:
                task = calls.create_task(one(visit))
                running.add(task)
                task.add_done_callback(running.discard)

            await _begin_calls(plan, run, first_number, begin, stop)
        for task in watching:
            task.cancel()
    run.ended_at = time.monotonic()
    run.lateness.stop()
    _note(run, target)
    return run


async def _begin_calls(
    plan: Plan,
    run: Run,
    first_number: int,
    begin: Callable[[Visit], None],
    stop: asyncio.Event,
) -> None:
    arrivals, mix = Arrivals(plan.stages, plan.calls), Mix(plan.scenarios)
    while not arrivals.over and not stop.is_set():
        for _ in range(arrivals.due(time.monotonic() - run.began_at, run.running)):
            begin(mix.visit(first_number + run.started))
            run.started += 1
            run.running += 1
            run.peak = max(run.peak, run.running)
        await asyncio.sleep(LOOK_S)
    run.interrupted = not arrivals.over
    run.missed = arrivals.missed(run.lost)


async def _cut_off(run: Run, running: set[asyncio.Task[None]], stop: asyncio.Event) -> None:
    await stop.wait()
    await asyncio.sleep(CUT_OFF_S)
    run.interrupted = True
    run.cut_off = len(running)
    for task in running:
        task.cancel()


async def _one(visit: Visit, target: Target, run: Run, http: httpx.AsyncClient) -> Ended:
    began_at = time.monotonic()
    try:
        result = await place_call(
            target.url,
            caller=visit.caller,
            account_sid=target.account_sid,
            auth_token=target.auth_token,
            from_number=target.from_number,
            to_number=target.to_number,
            stream_profile=visit.profile,
            to_bridge=visit.to_bridge,
            from_bridge=visit.from_bridge,
            http=http,
            time_limit_s=target.time_limit_s,
        )
    finally:
        run.running -= 1
    ended = Ended(
        visit.number, visit.scenario.name, visit.has_network, began_at, time.monotonic(), result
    )
    run.ended += 1
    run.calls_s += ended.ended_at - began_at
    run.lost += result.outcome != "completed" or result.ended_by != "caller"
    run.frames += sum(len(stream.sent_at) for stream in result.streams)
    if result.timings.first_audio_ms is not None:
        run.first_audio_ms.append(result.timings.first_audio_ms)
    return ended


async def _sample(run: Run, target: Target, tell: Callable[[Run], None]) -> None:
    due = run.began_at
    while True:
        due += SAMPLE_S
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        _note(run, target)
        tell(run)


def _note(run: Run, target: Target) -> None:
    late = run.lateness.late_ms[-round(SAMPLE_S / 0.02) :]
    run.samples.append(
        Sample(
            at_s=round(time.monotonic() - run.began_at, 2),
            running=run.running,
            started=run.started,
            ended=run.ended,
            lost=run.lost,
            late_ms=round(max(late, default=0.0), 3),
            frames=run.frames,
            server=_usage(target.pid),
        )
    )


def _usage(pid: int | None) -> Usage | None:
    try:
        return usage(pid) if pid is not None else None
    except NoSuchProcess:
        return None
