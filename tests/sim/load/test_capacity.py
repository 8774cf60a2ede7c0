"""What a search for the capacity tells: its knee, and why there is no more."""

from typing import Any

from bridge.sim.load.loadtest import capacity_of


def step(calls: int, verdict: str = "passed", *broken: str) -> dict[str, Any]:
    because = ["it was late: use more machines"] if verdict == "invalid" else []
    told = {"concurrency": calls, "verdict": verdict, "broken": list(broken)}
    return told | {"invalid_because": because}


def test_it_tells_the_least_that_failed_and_what_broke_there_the_last_time() -> None:
    tried = [
        step(20),
        step(40),
        step(80, "invalid"),
        step(80, "broken", "model_errors"),
        step(60, "broken", "calls_lost"),
        step(60, "broken", "inbound_p99_ms", "playback_gaps"),
    ]
    found = capacity_of(40, tried)
    assert found["knee"] == 40
    assert found["why"] == "at 60 calls: inbound_p99_ms, playback_gaps"
    assert [each["concurrency"] for each in found["steps"]] == [20, 40, 60, 60, 80, 80]


def test_a_late_generator_is_no_limit_of_the_server() -> None:
    found = capacity_of(None, [step(20, "broken", "calls_lost"), step(20, "invalid")])
    assert found["knee"] is None
    assert found["why"] == "at 20 calls the run was invalid: it was late: use more machines"


def test_a_failure_that_passed_when_it_was_repeated_is_no_reason() -> None:
    found = capacity_of(40, [step(20), step(40, "broken", "calls_lost"), step(40)])
    assert found["why"] == "it held to the last step"
