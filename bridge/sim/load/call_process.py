"""Calls placed by a process of its own, for a load tester whose own sockets are not asyncio's.

    python -m bridge.sim.load.call_process

One JSON object a line: ``CallAsked`` or ``{"hang_up": id}`` in, ``CallEnded`` out, in the order
in which calls end. The end of standard input ends the process, with all calls.
"""

import asyncio
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import httpx

from bridge.sim.carrier.result import CallResult
from bridge.sim.carrier.shell import http_client, place_call
from bridge.sim.load.evidence import Evidence
from bridge.sim.load.judge import judge
from bridge.sim.load.plan import PlanError, scenarios_of
from bridge.sim.load.scenarios import Mix, Visit

LONGEST_LINE_BYTES = 1 << 20


@dataclass(frozen=True)
class CallAsked:
    id: int
    webhook_url: str
    account_sid: str
    auth_token: str
    from_number: str
    to_number: str
    scenarios: str = "talk"  # as ``scenarios_of`` reads them
    time_limit_s: float = 60.0


@dataclass(frozen=True)
class CallEnded:
    """``problem`` is empty where the call was completed, each answer came and the carrier had
    nothing to object. Times are those of ``judge``."""

    id: int
    problem: str
    call_ms: float
    heard_bytes: int
    webhook_ms: float | None = None
    first_audio_ms: float | None = None  # the stream's start to the first audio
    answers_ms: tuple[float, ...] = ()  # end of speech to the answer's first audio


def problem_of(result: CallResult) -> str:
    """Without times and sids, so that the same problem of many calls is one."""
    if result.outcome != "completed":
        return f"the call ended as {result.outcome}"
    told = {f"{each.code} {each.text}" for each in (*result.errors, *result.warnings)}
    if any(record.timed_out for record in result.steps):
        told.add("an answer did not come")
    return "; ".join(sorted(told))


async def call(asked: CallAsked, visit: Visit, http: httpx.AsyncClient) -> CallEnded:
    """Where the visit's network is slow, its times are not told: they are not the bridge's."""
    began = time.monotonic()
    result = await place_call(
        asked.webhook_url,
        caller=visit.caller,
        account_sid=asked.account_sid,
        auth_token=asked.auth_token,
        from_number=asked.from_number,
        to_number=asked.to_number,
        stream_profile=visit.profile,
        to_bridge=visit.to_bridge,
        from_bridge=visit.from_bridge,
        http=http,
        time_limit_s=asked.time_limit_s,
    )
    ms = (time.monotonic() - began) * 1000
    problem, heard_bytes = problem_of(result), len(result.heard)
    if visit.has_network or not result.streams:
        return CallEnded(asked.id, problem, ms, heard_bytes)
    scenario = visit.scenario.name
    evidence = Evidence(visit.number, scenario, visit.has_network, result, session=None)
    findings = await asyncio.to_thread(judge, evidence)  # other callers speak meanwhile
    return CallEnded(
        asked.id,
        problem,
        ms,
        heard_bytes,
        webhook_ms=result.timings.webhook_ms,
        first_audio_ms=result.timings.first_audio_ms,
        answers_ms=tuple(findings.speech_to_audio_ms),
    )


class _Calls:
    """The running calls by id."""

    def __init__(self, http: httpx.AsyncClient, group: asyncio.TaskGroup) -> None:
        self._http = http
        self._group = group
        self._running: dict[int, asyncio.Task[None]] = {}
        self._mixes: dict[str, Mix] = {}

    def told(self, message: Mapping[str, Any]) -> None:
        if "hang_up" in message:
            if task := self._running.get(message["hang_up"]):
                task.cancel()
            return
        asked = CallAsked(**message)
        task = self._group.create_task(self._call(asked))
        self._running[asked.id] = task
        task.add_done_callback(lambda _: self._running.pop(asked.id))

    def hang_up(self) -> None:
        for task in list(self._running.values()):
            task.cancel()

    def _visit(self, asked: CallAsked) -> Visit:
        mix = self._mixes.get(asked.scenarios)
        if mix is None:
            mix = self._mixes[asked.scenarios] = Mix(scenarios_of(asked.scenarios))
        return mix.visit(asked.id)

    async def _call(self, asked: CallAsked) -> None:
        try:
            ended = await call(asked, self._visit(asked), self._http)
        except (PlanError, ValueError) as error:  # no such scenario; no URL of HTTP
            ended = CallEnded(asked.id, str(error), 0.0, 0)
        print(json.dumps(asdict(ended)), flush=True)


async def main() -> None:
    reader = asyncio.StreamReader(LONGEST_LINE_BYTES)
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    async with http_client() as http, asyncio.TaskGroup() as group:
        calls = _Calls(http, group)
        async for line in reader:
            calls.told(json.loads(line))
        calls.hang_up()


if __name__ == "__main__":
    asyncio.run(main())
