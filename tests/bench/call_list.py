"""The list of 100,000 stored calls: how long a page takes, with every filter and every two.

``python -m tests.bench.call_list [--calls N] [--only sqlite|postgresql]`` prints the slowest pages
of each store and exits with 1 if one took longer than the bound.
"""

import asyncio
import itertools
import random
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

from sqlalchemy import insert

from bridge.store.call_tables import calls
from bridge.store.calls import CallFilters, CallStore
from bridge.store.database import Database
from bridge.store.migrate import migrate
from tests.support.postgres import postgres

BOUND_MS: Final = 100.0
CALLS: Final = 100_000
NEWEST: Final = datetime(2026, 1, 1, tzinfo=UTC)
SPAN_S: Final = 180 * 86_400
SHOWN: Final = 8
ROUNDS: Final = 3
AGENTS: Final = ("desk", "night", "orders", "sales", "shop", "survey")
OUTCOMES: Final = ("caller hung up", "completed", "carrier lost", "model lost", "time limit")
OFTEN: Final = (600, 330, 40, 20, 10)

# Values that many calls have, that few have, and that none has.
VALUES: Final[dict[str, tuple[Any, ...]]] = {
    "agent": ("shop", "survey", "nobody"),
    "version": (9, 1, 999),
    "route": ("+15005550001", "+15005550099", "+0"),
    "variant": ("published", "trial", "none"),
    "outcome": ("completed", "failed", "", "process died"),
    "caller": ("+4930100007", "anonymous", "+0"),
    "called": ("+15005550001", "+15005550099", "+0"),
    "since": (NEWEST - timedelta(days=1), NEWEST - timedelta(days=170), NEWEST),
    "until": (NEWEST, NEWEST - timedelta(days=100), NEWEST - timedelta(days=179.9)),
    "min_seconds": (0.0, 590.0, 10_000.0),
    "max_seconds": (10_000.0, 1.0, -1.0),
    "has_errors": (False, True),
}


@dataclass(frozen=True)
class Timed:
    filters: CallFilters
    page: str
    ms: float

    def __str__(self) -> str:
        given = (
            f"{each.name}={value}"
            for each in fields(self.filters)
            if (value := getattr(self.filters, each.name)) is not None
        )
        return f"{self.ms:8.1f} ms  {self.page:7}  {', '.join(given) or 'no filter'}"


def rows(count: int) -> Iterator[dict[str, Any]]:
    """Calls in no order, as several processes write them."""
    draw = random.Random(7)
    for number in draw.sample(range(count), count):
        started_at = NEWEST - timedelta(seconds=number * SPAN_S / count)
        outcome: str | None = draw.choices(OUTCOMES, OFTEN)[0]
        if number < 20:
            outcome = None
        elif draw.random() < 0.0001:
            outcome = "failed"
        called = "+15005550099" if draw.random() < 0.0005 else f"+1500555000{draw.randrange(5)}"
        caller = f"+4930100{draw.randrange(20_000):03}" if draw.random() < 0.9 else "anonymous"
        seconds = draw.expovariate(1 / 120)
        yield {
            "call_sid": f"CA{draw.getrandbits(128):032x}",
            "started_at": started_at,
            "ended_at": None if outcome is None else started_at + timedelta(seconds=seconds),
            "seconds": None if outcome is None else seconds,
            "process": f"{number % 4:032x}",
            "agent": draw.choices(AGENTS, (5, 4, 30, 10, 50, 1))[0],
            "version": draw.choices(range(1, 11), (1, 1, 2, 2, 4, 5, 5, 10, 60, 10))[0],
            "route": called,
            "variant": "trial" if draw.random() < 0.02 else "published",
            "caller": caller,
            "called": called,
            "model": "gpt-realtime",
            "outcome": outcome,
            "outcome_detail": "",
            "has_errors": outcome in ("failed", "model lost"),
            "turns": 5,
            "barge_ins": 1,
            "functions": 1,
            "latency_ms": draw.gauss(800, 150),
            "cost_micro": draw.randrange(500_000),
            "recording": None,
            "recording_days": None,
        }


def filters() -> Iterator[CallFilters]:
    """None, each alone, and each two of different kinds."""
    yield CallFilters()
    single = [(name, value) for name, values in VALUES.items() for value in values]
    for name, value in single:
        yield replace(CallFilters(), **{name: value})
    for (name, value), (other, its) in itertools.combinations(single, 2):
        if name != other:
            yield replace(CallFilters(), **{name: value, other: its})


async def fill(database: Database, count: int) -> None:
    await migrate(database)
    left = rows(count)
    while batch := list(itertools.islice(left, 1000)):
        async with database.begin() as connection:
            await connection.execute(insert(calls), batch)


async def timed(store: CallStore, wanted: CallFilters) -> list[Timed]:
    """The first page, the second, and one far behind, each the median of a few times."""
    found = []
    far = (await store.list(replace(CallFilters(), until=NEWEST - timedelta(days=90)))).next_cursor
    second = (await store.list(wanted)).next_cursor
    for name, cursor in (("first", None), ("second", second), ("far", far)):
        if cursor is None and name != "first":
            continue
        took = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            await store.list(wanted, cursor)
            took.append((time.perf_counter() - began) * 1000)
            if took[0] < BOUND_MS / 5:
                break  # nowhere near the bound
        found.append(Timed(wanted, name, median(took)))
    return found


async def measure(url: str, count: int) -> list[Timed]:
    database = await Database.open(url)
    try:
        began = time.perf_counter()
        await fill(database, count)
        print(f"  {count} calls written in {time.perf_counter() - began:.0f} s", flush=True)
        store = CallStore(database, Path())
        await store.list()
        found = [each for wanted in filters() for each in await timed(store, wanted)]
        began = time.perf_counter()
        await store.figures("shop")
        print(f"  figures of one agent: {(time.perf_counter() - began) * 1000:.0f} ms")
        return found
    finally:
        await database.close()


def report(found: list[Timed]) -> bool:
    """Whether all are within the bound."""
    slowest = sorted(found, key=lambda each: -each.ms)
    took = sorted(each.ms for each in found)
    print(f"  {len(found)} pages: median {median(took):.1f} ms, slowest:")
    for each in slowest[:SHOWN]:
        print(f"  {each}")
    return slowest[0].ms <= BOUND_MS


def main() -> int:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    given = parser.parse_args()
    within = True
    with TemporaryDirectory() as folder:
        if given.only != "postgresql":
            print("SQLite", flush=True)
            url = f"sqlite+aiosqlite:///{folder}/offhook.db"
            within &= report(asyncio.run(measure(url, given.calls)))
        if given.only != "sqlite":
            print("PostgreSQL", flush=True)
            with postgres() as server:
                within &= report(asyncio.run(measure(server.new_url(), given.calls)))
    print(f"every page within {BOUND_MS:g} ms: {'yes' if within else 'NO'}")
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
