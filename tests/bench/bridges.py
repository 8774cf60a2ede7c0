"""Whole processes side by side: ``serve`` in both formats, and a plain bridge.

    python -m tests.bench.bridges [--calls 100] [--seconds 10] [--rounds 3] [--tls] [--json]

Each server is a process on a processor of its own; this process is the carrier and the model of
all of them, on another one. A round loads one server after the other with so many calls, and once
all run it takes the server's processor time (user and system) over so many seconds. Setting calls
up and ending them is not counted. Figures are medians of the rounds, ratios are of one run.

Latency is from the write of a message at one end to the reading of its sound at the other; of
transcoding, the filter's share is added (inbound; outbound it is in the cutting into frames).
"""

import argparse
import asyncio
import gc
import json
import os
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from bridge.cli.loop import run
from tests.bench.load import Load, Sessions, make_authority, model
from tests.bench.machine import machine
from tests.bench.one_call import AGENT, FILTER_MS, percentile, pinned
from tests.support.house import environ, until
from tests.support.program import serving

PLAIN, TRANSCODING, PASSING = "plain bridge, mu-law", "offhook, pcm16", "offhook, g711_ulaw"
FORMATS = {TRANSCODING: "pcm16", PASSING: "g711_ulaw"}
BRIEF_CALLS = 20
LATE_MS = 5.0  # a generator whose 99th percentile is later than this measures itself


@dataclass(frozen=True)
class Subject:
    """A server under test."""

    name: str
    voice_url: str
    process: psutil.Process


@dataclass(frozen=True)
class Round:
    cpu_us_per_frame: float
    core_percent_per_call: float
    in_p50_ms: float
    in_p99_ms: float
    out_p50_ms: float
    out_p99_ms: float
    kb_per_call: float
    idle_mb: float  # memory without a call
    brief_call_ms: float  # processor time to begin and to end a call
    files_per_call: float  # descriptors
    from_carrier_kbps: float  # kilobits a second and call, of WebSocket frames
    to_carrier_kbps: float
    from_model_kbps: float
    to_model_kbps: float
    generator_late_p99_ms: float
    calls_alive: int


@dataclass(frozen=True)
class Idle:
    """A server without a call."""

    kb: float
    files: int
    brief_call_ms: float


@dataclass(frozen=True)
class Result:
    name: str
    median: Round
    ratio: float  # processor time, to the plain bridge
    rounds: tuple[Round, ...]


@asynccontextmanager
async def offhook(
    name: str, sessions: Sessions, folder: Path, calls: int
) -> AsyncIterator[Subject]:
    agent = folder / f"{FORMATS[name]}.yaml"
    agent.write_text(AGENT.format(audio_format=FORMATS[name]))
    settings = environ(f"http{sessions.origin}", folder / FORMATS[name]) | trust(sessions)
    settings |= {"OFFHOOK_AGENT": str(agent), "OFFHOOK_MAX_CALLS": str(calls + 10)}
    async with serving(settings, *pinned()) as program:
        yield Subject(name, program.voice_url, psutil.Process(program.process.pid))


@asynccontextmanager
async def plain(sessions: Sessions) -> AsyncIterator[Subject]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"ws{sessions.origin}/v1/realtime?model=x"
    process = await asyncio.create_subprocess_exec(
        *(*pinned(), sys.executable, "-m", "tests.bench.plain_bridge"),
        *("--port", str(port), "--model", url),
        env=os.environ | trust(sessions),
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await until(lambda: listens(port))
        voice_url = f"http://127.0.0.1:{port}/twilio/voice"
        yield Subject(PLAIN, voice_url, psutil.Process(process.pid))
    finally:
        process.kill()
        await process.wait()


def trust(sessions: Sessions) -> dict[str, str]:
    return {"SSL_CERT_FILE": str(sessions.authority)} if sessions.authority else {}


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


class Bench:
    def __init__(self, sessions: Sessions, calls: int, seconds: float) -> None:
        self._sessions = sessions
        self._calls = calls
        self._seconds = seconds
        self._next_call = 1
        self._idle: dict[str, Idle] = {}

    async def warm(self, subject: Subject) -> None:
        """A few calls first: what is loaded once belongs to no call. Then what it takes to begin
        and to end one."""
        await (await self._started(subject, 3)).stop()
        spent = cpu_s(subject.process)
        await (await self._started(subject, BRIEF_CALLS, settle_s=0.0)).stop()
        spent = cpu_s(subject.process) - spent
        self._idle[subject.name] = Idle(
            kb=subject.process.memory_info().rss / 1024,
            files=subject.process.num_fds(),
            brief_call_ms=1000 * spent / BRIEF_CALLS,
        )

    async def _started(self, subject: Subject, calls: int, **options: float) -> Load:
        load = Load(subject.voice_url, self._sessions)
        await load.start(self._next_call, calls, **options)
        self._next_call += calls
        return load

    async def round(self, subject: Subject) -> Round:
        idle = self._idle[subject.name]
        load = await self._started(subject, self._calls)
        load.measure()
        began, spent = time.monotonic(), cpu_s(subject.process)
        await asyncio.sleep(self._seconds)
        spent = cpu_s(subject.process) - spent
        took_s = time.monotonic() - began
        kb = subject.process.memory_info().rss / 1024 - idle.kb
        n_files = subject.process.num_fds() - idle.files
        alive, found = load.alive, load.measured
        await load.stop()
        kbps = 8 / 1000 / took_s / self._calls
        filter_s = FILTER_MS / 1000 if subject.name == TRANSCODING else 0.0
        inbound = [1000 * (taken + filter_s) for taken in found.inbound] or [float("inf")]
        outbound = [1000 * taken for taken in found.outbound] or [float("inf")]
        return Round(
            cpu_us_per_frame=1e6 * spent / (self._calls * 50 * took_s),
            core_percent_per_call=100 * spent / took_s / self._calls,
            in_p50_ms=percentile(inbound, 0.5),
            in_p99_ms=percentile(inbound, 0.99),
            out_p50_ms=percentile(outbound, 0.5),
            out_p99_ms=percentile(outbound, 0.99),
            kb_per_call=kb / self._calls,
            idle_mb=idle.kb / 1024,
            brief_call_ms=idle.brief_call_ms,
            files_per_call=n_files / self._calls,
            from_carrier_kbps=found.from_carrier_bytes * kbps,
            to_carrier_kbps=found.to_carrier_bytes * kbps,
            from_model_kbps=found.from_model_bytes * kbps,
            to_model_kbps=found.to_model_bytes * kbps,
            generator_late_p99_ms=1000 * percentile(found.late, 0.99),
            calls_alive=alive,
        )


def median(rounds: list[Round]) -> Round:
    rows = [asdict(each) for each in rounds]
    return Round(**{key: statistics.median(row[key] for row in rows) for key in rows[0]})


async def bridges(calls: int, seconds: float, rounds: int, tls: bool = False) -> list[Result]:
    """The plain bridge comes last."""
    found: dict[str, list[Round]] = {}
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        authority = make_authority(folder / "model.pem") if tls else None
        sessions = await stack.enter_async_context(model(authority))
        subjects = [
            await stack.enter_async_context(offhook(name, sessions, folder, calls))
            for name in FORMATS
        ]
        subjects.append(await stack.enter_async_context(plain(sessions)))
        keep_off()
        bench = Bench(sessions, calls, seconds)
        for subject in subjects:
            await bench.warm(subject)
        gc.collect()
        gc.freeze()  # the generator's own pauses
        for _ in range(rounds):
            for subject in subjects:
                found.setdefault(subject.name, []).append(await bench.round(subject))
    medians = {name: median(each) for name, each in found.items()}
    reference = medians[PLAIN].cpu_us_per_frame
    return [
        Result(name, each, each.cpu_us_per_frame / reference, tuple(found[name]))
        for name, each in medians.items()
    ]


def keep_off() -> None:
    """Leave the servers' processor to them."""
    processors = sorted(os.sched_getaffinity(0))
    if len(processors) > 1:
        os.sched_setaffinity(0, processors[1:])


COLUMNS = (
    ("cpu_us_per_frame", "CPU us/frame", "{:.1f}"),
    ("core_percent_per_call", "% core/call", "{:.3f}"),
    ("in_p50_ms", "in p50 ms", "{:.2f}"),
    ("in_p99_ms", "in p99 ms", "{:.2f}"),
    ("out_p50_ms", "out p50 ms", "{:.2f}"),
    ("out_p99_ms", "out p99 ms", "{:.2f}"),
    ("kb_per_call", "kB/call", "{:.0f}"),
    ("generator_late_p99_ms", "gen. late p99", "{:.2f}"),
    ("calls_alive", "alive", "{:.0f}"),
)


def text(results: list[Result]) -> str:
    heads = "".join(f"{head:>14}" for _, head, _ in COLUMNS)
    lines = [f"{'':22}{'ratio':>7}{heads}"]
    for result in results:
        row = asdict(result.median)
        cells = "".join(f"{form.format(row[key]):>14}" for key, _, form in COLUMNS)
        lines.append(f"{result.name:22}{result.ratio:>7.3f}{cells}")
    return "\n".join(lines)


def late(results: list[Result]) -> bool:
    """The generator itself was: the run means nothing."""
    return any(result.median.generator_late_p99_ms > LATE_MS for result in results)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tls", action="store_true", help="between the servers and the model")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    described = machine()  # before this process leaves a core to the servers
    results = run(bridges(asked.calls, asked.seconds, asked.rounds, asked.tls))
    if asked.json:
        rows = [asdict(result) for result in results]
        print(json.dumps({"machine": described, "bridges": rows}, indent=1))
    else:
        print("\n".join(f"{key:12}{value}" for key, value in described.items()), end="\n\n")
        print(f"{asked.calls} calls, {asked.rounds} rounds of {asked.seconds:g} s\n{text(results)}")
    if late(results):
        print("the generator was late: the run is invalid", file=sys.stderr)
        sys.exit(3)


if __name__ == "__main__":
    main()
