"""What calls notice of a PostgreSQL that is stopped for ten seconds, and of one that is killed.

    python -m tests.bench.store_away

Twenty calls at a time for so many seconds, three times: undisturbed, with a stop, and with a kill.
Prints the latencies that are added both ways, and what went wrong in what was heard.
"""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from bridge.sim.load.local import ACCOUNT_SID, AUTH_TOKEN, Local, started
from tests.support.postgres import Postgres, postgres

AT_ONCE = 20
AWAY_S = 10.0


async def loaded(local: Local, seconds: float) -> dict[str, Any]:
    """The report of one load test."""
    command = (*("-m", "bridge", "loadtest", local.voice_url, "--records", local.records_url),)
    options = ("--pid", str(local.server_pid), "--concurrency", str(AT_ONCE))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *command, *options, "--seconds", str(seconds), "--json"),
        env={**os.environ, "TWILIO_AUTH_TOKEN": AUTH_TOKEN, "TWILIO_ACCOUNT_SID": ACCOUNT_SID},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    out, _ = await process.communicate()
    report: dict[str, Any] = json.loads(out)
    return report


async def nothing(server: Postgres) -> None:
    return


async def stop(server: Postgres) -> None:
    await asyncio.sleep(5)
    await asyncio.to_thread(server.stop)
    await asyncio.sleep(AWAY_S)
    await asyncio.to_thread(server.start)


async def kill(server: Postgres) -> None:
    await asyncio.sleep(5)
    await asyncio.to_thread(server.kill)
    await asyncio.sleep(1)
    await asyncio.to_thread(server.start)


def told(name: str, report: dict[str, Any]) -> str:
    latencies = " ".join(
        f"{what} {values['p50']:.2f}/{values['p99']:.2f}/{values['max']:.1f}"
        for what, values in report["latency_ms"].items()
        if values and what in ("inbound", "outbound", "added_latency")
    )
    calls = report["calls"]
    return (
        f"{name:12} {report['verdict']:8} calls {calls['answered']}, lost {calls['lost']}, "
        f"faults {len(report['faults'])}; p50/p99/max ms: {latencies}; "
        f"generator p99 {report['generator']['late_ms']['p99']:.1f}"
    )


async def main(seconds: float) -> None:
    disturbances: dict[str, Callable[[Postgres], Awaitable[None]]] = {
        "undisturbed": nothing,
        "stopped": stop,
        "killed": kill,
    }
    with postgres() as server:
        more = {"OFFHOOK_DATABASE_URL": server.new_url()}
        async with started("pcm16", more=more) as local:
            for name, disturb in disturbances.items():
                report, _ = await asyncio.gather(loaded(local, seconds), disturb(server))
                print(told(name, report), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    asyncio.run(main(parser.parse_args().seconds))
