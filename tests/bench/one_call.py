"""What one call costs in milliseconds, and that it costs the sound nothing.

    python -m tests.bench.one_call [--json] [--rounds 100]

Server, model and carrier are processes of their own on real sockets; where there are two
processors the server has one for itself. All times are of CLOCK_MONOTONIC, which the processes
share. Ends with 1 when a bar is missed.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.bench.carrier import Carried, carry
from tests.bench.fast_model import ANSWER_MS, GREETING_MS, QUIET_S, TALKED_FOR_S, Record
from tests.bench.fidelity import Fidelity, fidelity
from tests.support.house import environ, until
from tests.support.program import Program, serving

FILTER_MS = 2.0  # a frame's last sample leaves the filter so much later
SKIPPED_FRAMES = 50  # the first ones were held until the greeting ran
WARM_CALLS = 5  # of which the start of the stream is timed
AGENT = """\
name: Bench
instructions: Keep time.
greeting: Hello.
audio_format: {audio_format}
"""


@dataclass(frozen=True)
class Bar:
    what: str
    value: float
    limit: str
    met: bool


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def at_most(what: str, value: float, limit: float, unit: str) -> Bar:
    return Bar(what, round(value, 3), f"<= {limit:g} {unit}", value <= limit)


def to_model_ms(carried: Carried, record: Record) -> list[float]:
    """Of each caller frame, the filter's share included."""
    pairs = zip(carried.media_at, record.appended_at, strict=False)
    return [(there - here) * 1000 + FILTER_MS for here, there in pairs][SKIPPED_FRAMES:]


def to_clear_ms(carried: Carried, record: Record) -> list[float]:
    pairs = zip(record.speech_started_at, carried.clear_at, strict=True)
    return [(cleared - said) * 1000 for said, cleared in pairs]


def first_audio_ms(carried: Carried) -> float:
    if carried.first_audio_at is None:
        return float("inf")
    return (carried.first_audio_at - carried.started_at) * 1000


def call_s(rounds: int) -> float:
    each_s = TALKED_FOR_S + QUIET_S + 0.05
    return GREETING_MS / 1000 + 2 + rounds * each_s + ANSWER_MS / 1000


@asynccontextmanager
async def served(folder: Path, audio_format: str, rounds: int) -> AsyncIterator[Program]:
    """The server and its model, which writes its records into the folder."""
    agent = folder / "agent.yaml"
    agent.write_text(AGENT.format(audio_format=audio_format))
    model = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.fast_model"),
        *("--records", str(folder), "--rounds", str(rounds)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert model.stdout is not None
    try:
        port = int(await model.stdout.readline())
        settings = environ(f"http://127.0.0.1:{port}", folder) | {"OFFHOOK_AGENT": str(agent)}
        async with serving(settings, *pinned()) as program:
            yield program
    finally:
        model.kill()
        await model.communicate()


def pinned() -> tuple[str, ...]:
    """The server's processor is its own, where there is a second one for the others."""
    processors = sorted(os.sched_getaffinity(0))
    if len(processors) < 2 or shutil.which("taskset") is None:
        return ()
    return ("taskset", "-c", str(processors[0]))


async def one_call(
    audio_format: str, rounds: int, starts: int = 0
) -> tuple[Carried, Record, list[float]]:
    """One long call, and the starts of so many short ones before it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with served(folder, audio_format, rounds) as program:
            origin = program.voice_url.removesuffix("/twilio/voice")
            firsts = [first_audio_ms(await carry(origin, n, 0.6)) for n in range(starts)]
            carried = await carry(origin, 999, call_s(rounds))
            record = folder / f"{starts}.json"
            await until(record.exists)
            return carried, Record.read(record), firsts


def bars(
    carried: Carried, record: Record, firsts: list[float], wide: Fidelity, narrow: Fidelity
) -> list[Bar]:
    model, clear = to_model_ms(carried, record), to_clear_ms(carried, record)
    return [
        at_most("caller frame to model, p50", percentile(model, 0.5), 4, "ms"),
        at_most("caller frame to model, p99", percentile(model, 0.99), 5, "ms"),
        at_most("speech_started to clear, p50", percentile(clear, 0.5), 5, "ms"),
        at_most("speech_started to clear, p99", percentile(clear, 0.99), 5, "ms"),
        at_most("stream start to first audio, warm", max(firsts), 150, "ms"),
        at_most("inbound frames lost", wide.frames_lost + narrow.frames_lost, 0, ""),
        at_most("gaps in what is heard", wide.gaps + narrow.gaps, 0, ""),
        at_most("gain to the model", abs(wide.gain_in_db), 0.5, "dB"),
        at_most("gain to the caller", abs(wide.gain_out_db), 0.5, "dB"),
        at_most("pass-through differs, inbound", float(not narrow.identical_in), 0, ""),
        at_most("pass-through differs, outbound", float(not narrow.identical_out), 0, ""),
    ]


async def measured(rounds: int) -> list[Bar]:
    carried, record, firsts = await one_call("pcm16", rounds, WARM_CALLS)
    wide = fidelity(carried, record, "pcm16")
    passed, passed_record, _ = await one_call("g711_ulaw", 0)
    narrow = fidelity(passed, passed_record, "g711_ulaw")
    return bars(carried, record, firsts, wide, narrow)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=100, help="barge-ins")
    asked = parser.parse_args()
    found = asyncio.run(measured(asked.rounds))
    if asked.json:
        print(json.dumps([asdict(bar) for bar in found], indent=1))
    else:
        for bar in found:
            print(f"{bar.what:<36}{bar.value:>10.3f}  {bar.limit:<10}", "met" if bar.met else "NO")
    sys.exit(0 if all(bar.met for bar in found) else 1)


if __name__ == "__main__":
    main()
