"""A load test over real sockets: a good server passes, each planted fault turns it red."""

import asyncio
from typing import Any

import pytest

from bridge.sim.load.loadtest import load_test
from bridge.sim.load.local import ACCOUNT_SID, AUTH_TOKEN, started
from bridge.sim.load.plan import Plan, Scenario, Stage
from bridge.sim.load.runner import Run, Target

CALLS = 4
STAGES = (Stage("steady", 1.0, "rate", CALLS),)
LONG, SHORT = Scenario("barge_in", "barge_in"), Scenario("cut", "hang_up_mid_word")
# Bounds of time are wide here: tests share the machine with others.
WIDE = {
    "inbound_p99_ms": 40,
    "outbound_p99_ms": 40,
    "added_latency_p99_ms": 80,
    "barge_in_to_clear_p99_ms": 60,
}


def load(
    scenario: Scenario,
    fault: str | None = None,
    slo: dict[str, float] | None = None,
    audio_format: str = "pcm16",
) -> dict[str, Any]:
    async def test() -> dict[str, Any]:
        launcher = ("-m", "tests.sim.load.faulty", fault) if fault else ("-m", "bridge")
        async with started(audio_format, launcher) as local:
            plan = Plan(STAGES, (scenario,), WIDE | (slo or {}), CALLS)
            target = Target(local.voice_url, ACCOUNT_SID, AUTH_TOKEN, pid=local.server_pid)
            return await load_test(plan, target, records_url=local.records_url, late_limit_ms=200.0)

    return asyncio.run(test())


def broken(found: dict[str, Any]) -> set[str]:
    return {each["name"] for each in found["slo"] if each["met"] is False}


@pytest.mark.parametrize("audio_format", ["pcm16", "g711_ulaw"])
def test_the_server_passes_and_everything_was_measured(audio_format: str) -> None:
    found = load(LONG, audio_format=audio_format)
    assert found["verdict"] == "passed", (broken(found), found["faults"])
    assert found["exit_code"] == 0
    assert [each["name"] for each in found["slo"] if each["met"] is None] == []
    assert found["calls"] == {
        "started": CALLS,
        "answered": CALLS,
        "lost": 0,
        "peak": CALLS,
        "unmatched": 0,
    }
    assert found["latency_ms"]["inbound"]["count"] > 100 * CALLS
    assert found["correctness"]["truncations"] == 2 * CALLS
    assert found["server"]["cpu_us_per_frame"] > 0


@pytest.mark.parametrize(
    ("fault", "measure"),
    [
        ("truncation", "truncation_error_p99_ms"),
        ("gap", "playback_gaps"),
        ("stale", "stale_frames"),
        ("lost", "caller_frames_lost"),
    ],
)
def test_a_planted_fault_turns_the_gate_red(fault: str, measure: str) -> None:
    found = load(SHORT, fault)
    assert found["verdict"] == "broken"
    assert found["exit_code"] == 1
    assert measure in broken(found)


def test_a_loop_that_stands_still_for_50_ms_turns_the_gate_red() -> None:
    found = load(SHORT, "block", {"inbound_p99_ms": 20})
    assert found["verdict"] == "broken"
    assert "inbound_p99_ms" in broken(found)


def test_records_that_cannot_be_read_make_a_run_invalid() -> None:
    plan = Plan((Stage("steady", 0.5, "rate", 4),), (SHORT,))
    target = Target("http://127.0.0.1:1/twilio/voice", ACCOUNT_SID, AUTH_TOKEN)
    records_url = "http://127.0.0.1:1/records"
    found = asyncio.run(load_test(plan, target, records_url=records_url, late_limit_ms=200.0))
    assert found["verdict"] == "invalid"
    assert found["exit_code"] == 3
    assert (
        "records of the model could not be read: http://127.0.0.1:1/"
        in (found["invalid_because"][0])
    )


def test_an_interrupted_run_tells_of_the_calls_that_had_begun() -> None:
    async def test() -> dict[str, Any]:
        stop = asyncio.Event()

        def tell(run: Run) -> None:
            if run.started:
                stop.set()

        plan = Plan((Stage("steady", 3600.0, "rate", 5),), (SHORT,))
        target = Target("http://127.0.0.1:1/twilio/voice", ACCOUNT_SID, AUTH_TOKEN)
        return await load_test(
            plan, target, records_url=None, late_limit_ms=200.0, tell=tell, stop=stop
        )

    found = asyncio.run(test())
    assert found["verdict"] == "invalid"
    assert found["invalid_because"][0].startswith("interrupted: ")
    assert 0 < found["calls"]["started"] == found["calls"]["lost"] < 10
