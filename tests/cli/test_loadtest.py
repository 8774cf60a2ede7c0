"""The load test as a command: what it refuses, what it reports, and when it counts for nothing."""

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.cli.offhook import offhook, reported

URL = "http://127.0.0.1:1/twilio/voice"
STOPPED_S, RUNNING_S = 0.15, 0.15
ONE = """\
scenarios: [{name: cut, behaviour: hang_up_mid_word}]
stages: [{seconds: 1, rate: 2}]
"""


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "--start"),
        ([URL, "--start"], "--start"),
        (["not-a-url"], "not-a-url is not a URL"),
        ([URL, "--plan", "/no/such.yaml"], "/no/such.yaml"),
        ([URL, "--slo", "happiness=1"], "slo.happiness: no such measure"),
        ([URL, "--slo", "calls_lost"], "has to be NAME=NUMBER"),
        ([URL, "--concurrency", "5", "--rate", "5"], "either --concurrency or --rate"),
        ([URL, "--calls", "0"], "--calls"),
        ([URL, "--pid", "99999999"], "--pid: process 99999999 is not there"),
        ([URL, "--html", "/no/such/folder/x.html"], "there is no folder"),
    ],
)
def test_bad_input_ends_with_2_and_says_what_is_wrong(options: list[str], told: str) -> None:
    done = offhook("loadtest", *options)
    assert done.returncode == 2, done.stderr
    assert told in done.stderr
    assert done.stdout == ""


def test_calls_that_nobody_answers_are_lost_and_end_with_1() -> None:
    done = offhook("loadtest", URL, "--calls", "2", "--json")
    assert done.returncode == 1, done.stderr
    found = reported(done)
    assert found["verdict"] == "broken"
    assert found["calls"]["lost"] == 2
    assert len(found["lost_calls"]) == 2
    assert found["correctness"]["model_errors"] is None  # no records: not measured
    assert any("--records" in note for note in found["notes"])


def test_a_generator_that_is_throttled_makes_the_run_invalid(tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(ONE)
    process = subprocess.Popen(
        [sys.executable, "-m", "bridge", "loadtest", "--start", "--plan", str(plan), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    over = threading.Event()
    throttling = threading.Thread(target=_throttle, args=(process, over))
    throttling.start()
    try:
        told, _ = process.communicate(timeout=120)
    finally:
        over.set()
        throttling.join()
        process.kill()
    found = json.loads(told)
    assert process.returncode == 3
    assert found["verdict"] == "invalid"
    assert "late" in found["invalid_because"][0]


def _throttle(process: "subprocess.Popen[bytes]", over: threading.Event) -> None:
    """Half of the time it may not run."""
    while not over.wait(RUNNING_S):
        if process.poll() is not None:
            return
        process.send_signal(signal.SIGSTOP)
        over.wait(STOPPED_S)
        process.send_signal(signal.SIGCONT)
