"""Resamplers side by side: what they let through, how long they hold audio, what they cost.

    python -m tests.bench.codec_table [--json] [--rounds 40]

Quality is measured as in ``tests/codecs/measure.py``, from 4.0 kHz up and from 200 Hz to 3.4 kHz.
Time is processor time of this thread for one 20 ms frame, PCM16 bytes in and out; the contenders
take turns within every round, and the median of the rounds is told. The rows "on a call" add what
surrounds a resampler there: base64 and mu-law on one side of it, base64 on the other. Ratios are
to soxr LQ, for the rows on a call to soxr LQ on a call.
"""

import argparse
import base64
import json
import statistics
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import soxr

from telcodecs import g711
from telcodecs.resample import Downsampler, Upsampler
from tests.codecs import measure
from tests.codecs.measure import HIGH_HZ, LOW_HZ, Fresh, Push

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "'audioop' is deprecated", DeprecationWarning)
    import audioop

FRAMES = 50  # timed at a stretch: one second of audio
IMAGES_OF = (213, 1013, 2203, 3001, 3301, *range(3403, 3990, 41))
ALIASES_OF = (*range(4010, 4600, 41), 5003, 6007, 7019, 7950, 8103, 9001, 10007, 11003, 11970)
SPEECH = (200, 317, 500, 731, 1013, 1459, 1999, 2503, 2801, 3001, 3203, 3301, 3389, 3400)
OURS, REFERENCE = "telcodecs", "soxr LQ"
ON_A_CALL = " on a call"


@dataclass(frozen=True)
class Contender:
    up: Fresh
    down: Fresh


@dataclass(frozen=True)
class Quality:
    image_db: float  # rejection, the worst of the sweep
    alias_db: float
    ripple_up_db: float  # largest deviation from a gain of one
    ripple_down_db: float
    delay_up_ms: float
    delay_down_ms: float


@dataclass(frozen=True)
class Cost:
    up_us: float  # for 20 ms
    down_us: float
    up_ratio: float  # of soxr LQ's
    down_ratio: float


def soxr_stream(from_hz: int, to_hz: int, quality: str) -> Fresh:
    def fresh() -> Push:
        stream = soxr.ResampleStream(from_hz, to_hz, 1, dtype="int16", quality=quality)

        def push(pcm: bytes) -> bytes:
            return bytes(stream.resample_chunk(np.frombuffer(pcm, np.int16)).tobytes())

        return push

    return fresh


def ratecv_stream(from_hz: int, to_hz: int) -> Fresh:
    def fresh() -> Push:
        state: Any = None  # ratecv's own, opaque

        def push(pcm: bytes) -> bytes:
            nonlocal state
            out: bytes
            out, state = audioop.ratecv(pcm, 2, 1, from_hz, to_hz, state)
            return out

        return push

    return fresh


def contenders() -> dict[str, Contender]:
    found = {OURS: Contender(lambda: Upsampler().push, lambda: Downsampler().push)}
    for quality in ("QQ", "LQ", "MQ", "HQ", "VHQ"):
        found[f"soxr {quality}"] = Contender(
            soxr_stream(LOW_HZ, HIGH_HZ, quality), soxr_stream(HIGH_HZ, LOW_HZ, quality)
        )
    found["audioop.ratecv"] = Contender(
        ratecv_stream(LOW_HZ, HIGH_HZ), ratecv_stream(HIGH_HZ, LOW_HZ)
    )
    return found


def call_up(fresh: Fresh) -> Push:
    push = fresh()
    return lambda text: base64.b64encode(push(g711.ulaw_decode(base64.b64decode(text))))


def call_down(fresh: Fresh) -> Push:
    push = fresh()
    return lambda text: base64.b64encode(g711.ulaw_encode(push(base64.b64decode(text))))


def quality(contender: Contender) -> Quality:
    up, down = contender.up, contender.down
    return Quality(
        image_db=measure.worst(measure.image_rejection, up, IMAGES_OF),
        alias_db=measure.worst(measure.alias_rejection, down, ALIASES_OF),
        ripple_up_db=measure.ripple(measure.gain_up, up, SPEECH),
        ripple_down_db=measure.ripple(measure.gain_down, down, SPEECH),
        delay_up_ms=measure.delay_ms(up, LOW_HZ, HIGH_HZ),
        delay_down_ms=measure.delay_ms(down, HIGH_HZ, LOW_HZ),
    )


def frames(rate_hz: int) -> list[bytes]:
    noise = np.random.default_rng(1).normal(0, 3000, (FRAMES, rate_hz // 50))
    return [measure.pcm16(frame) for frame in noise]


def microseconds(push: Push, audio: Sequence[bytes]) -> float:
    started = time.thread_time_ns()
    for frame in audio:
        push(frame)
    return (time.thread_time_ns() - started) / 1000 / len(audio)


def medians(jobs: Mapping[str, tuple[Push, Sequence[bytes]]], rounds: int) -> dict[str, float]:
    taken: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, (push, audio) in jobs.items():
            taken[name].append(microseconds(push, audio))
    return {name: statistics.median(values) for name, values in taken.items()}


def costs(field: Mapping[str, Contender], rounds: int) -> dict[str, Cost]:
    low, high = frames(LOW_HZ), frames(HIGH_HZ)
    up = {name: (contender.up(), low) for name, contender in field.items()}
    down = {name: (contender.down(), high) for name, contender in field.items()}
    low_texts = [base64.b64encode(g711.ulaw_encode(frame)) for frame in low]
    high_texts = [base64.b64encode(frame) for frame in high]
    for name in (OURS, REFERENCE):
        up[name + ON_A_CALL] = (call_up(field[name].up), low_texts)
        down[name + ON_A_CALL] = (call_down(field[name].down), high_texts)
    up_us, down_us = medians(up, rounds), medians(down, rounds)
    return {name: beside_reference(name, up_us, down_us) for name in up}


def beside_reference(name: str, up_us: Mapping[str, float], down_us: Mapping[str, float]) -> Cost:
    reference = REFERENCE + ON_A_CALL if name.endswith(ON_A_CALL) else REFERENCE
    return Cost(
        up_us=up_us[name],
        down_us=down_us[name],
        up_ratio=up_us[name] / up_us[reference],
        down_ratio=down_us[name] / down_us[reference],
    )


Row = dict[str, float]


def table(rounds: int) -> dict[str, Row]:
    """Every contender's figures; the rows on a call have costs only."""
    field = contenders()
    cost = {name: asdict(value) for name, value in costs(field, rounds).items()}
    heard: dict[str, Row] = {name: asdict(quality(it)) for name, it in field.items()}
    return {name: heard.get(name, {}) | cost[name] for name in cost}


COLUMNS: tuple[tuple[str, str, Callable[[float], str]], ...] = (
    ("image_db", "image dB", "{:.1f}".format),
    ("alias_db", "alias dB", "{:.1f}".format),
    ("ripple_up_db", "ripple up dB", "{:.3f}".format),
    ("ripple_down_db", "down dB", "{:.3f}".format),
    ("delay_up_ms", "delay up ms", "{:.2f}".format),
    ("delay_down_ms", "down ms", "{:.2f}".format),
    ("up_us", "up us", "{:.1f}".format),
    ("down_us", "down us", "{:.1f}".format),
    ("up_ratio", "up/LQ", "{:.2f}".format),
    ("down_ratio", "down/LQ", "{:.2f}".format),
)


def text(rows: Mapping[str, Row]) -> str:
    lines = [f"{'':21}" + "".join(f"{head:>13}" for _, head, _ in COLUMNS)]
    for name, row in rows.items():
        cells = [shown(row[key]) if key in row else "" for key, _, shown in COLUMNS]
        lines.append(f"{name:21}" + "".join(f"{cell:>13}" for cell in cells))
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="telcodecs beside soxr and audioop.ratecv")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--rounds", type=int, default=40, help="timed rounds (default 40)")
    asked = parser.parse_args()
    rows = table(asked.rounds)
    print(json.dumps(rows, indent=2) if asked.json else text(rows))


if __name__ == "__main__":
    main()
