"""The load test as a command: what it refuses, what it reports, and when it counts for nothing."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.cli.offhook import offhook, reported

URL = "http://127.0.0.1:1/twilio/voice"
STOPPED_S, RUNNING_S = 0.15, 0.15
LOOK_S, BETWEEN_S = 0.1, 0.5
JUDGING = "bridge.sim.load.judging"
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
        ([URL, "--html", "/proc"], "--html /proc: Is a directory"),
        ([URL, "--html", "/proc/x.html"], "--html /proc/x.html: "),
        ([URL, "--records", "nonsense"], "--records nonsense is not a URL"),
        ([URL, "--records", URL], f"--records {URL} cannot be read: "),
        ([URL, "--rate", "inf"], "--rate inf has to be a number"),
        ([URL, "--seconds", "inf"], "--seconds inf has to be a number"),
        ([URL, "--late-limit-ms", "nan"], "--late-limit-ms"),
        ([URL, "--scenarios", "talk=0"], "the weight of talk: 0.0 has to be a number"),
        ([URL, "--slo", "calls_lost=nan"], "--slo calls_lost: nan has to be a number"),
        ([URL, "--slo", "calls_lost=-1"], "--slo calls_lost: -1.0 has to be a number"),
        ([URL, "--find-capacity", "--rate", "5"], "leave --rate and --calls out"),
        ([URL, "--find-capacity", "--calls", "5"], "leave --rate and --calls out"),
        (["--start", "--records", URL], "leave --records and --pid out"),
        (["--start", "--pid", "1"], "leave --records and --pid out"),
    ],
)
def test_bad_input_ends_with_2_and_says_what_is_wrong(options: list[str], told: str) -> None:
    done = offhook("loadtest", *options)
    assert done.returncode == 2, done.stderr
    assert told in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--seconds", "5"], "--plan has all of it"),
        (["--find-capacity"], "stages: are not the plan's here; leave them out"),
    ],
)
def test_a_plan_is_not_overruled_in_silence(options: list[str], told: str, tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(ONE)
    done = offhook("loadtest", URL, "--plan", str(plan), *options)
    assert done.returncode == 2
    assert told in done.stderr


def test_a_page_that_cannot_be_written_leaves_no_file_behind(tmp_path: Path) -> None:
    page = tmp_path / "x.html"
    done = offhook("loadtest", URL, "--html", str(page), "--records", "nonsense")
    assert done.returncode == 2
    assert not page.exists()


def test_lost_calls_are_told_by_their_reason() -> None:
    done = offhook("loadtest", URL, "--calls", "3")
    assert done.returncode == 1
    assert "lost: 3 × 11205 connect: " in done.stdout
    assert "generator: - us a frame" in done.stdout


def test_a_rate_that_the_generator_cannot_give_makes_the_run_invalid() -> None:
    done = offhook("loadtest", URL, "--rate", "5000", "--seconds", "1", "--json")
    assert done.returncode == 3, done.stderr
    assert (
        "calls were begun; the generator cannot give that rate"
        in (reported(done)["invalid_because"][0])
    )


def test_a_bound_that_is_asked_for_and_cannot_be_measured_is_broken() -> None:
    options = ("--calls", "1", "--slo", "inbound_p99_ms=5", "--slo", "calls_lost=9")
    done = offhook("loadtest", URL, *options)
    assert done.returncode == 1
    assert "BROKEN: not measured" in done.stdout


@contextmanager
def loading(*options: str) -> Iterator["subprocess.Popen[bytes]"]:
    """The command with a server of its own, once calls run: until then it has written nothing."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bridge", "loadtest", "--start", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def children_of(pid: int) -> dict[str, int]:
    """The processes that were started by one, by what they do (proc(5))."""
    found: dict[str, int] = {}
    for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        words = Path(f"/proc/{each}/cmdline").read_bytes().decode().split("\0")
        found |= {word: int(each) for word in words if word in ("serve", "emulate", JUDGING)}
    return found


def calls_run(pid: int) -> bool:
    """The server is connected to the model."""
    children = children_of(pid)
    if not {"serve", "emulate", JUDGING} <= children.keys():
        return False
    server, model = (
        psutil.Process(children[each]).net_connections("tcp") for each in ("serve", "emulate")
    )
    at = {each.laddr.port for each in model if each.status == psutil.CONN_LISTEN}
    return any(each.raddr and each.raddr.port in at for each in server)


def is_there(pid: int) -> bool:
    """And is no child that nobody has asked for yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(happened: Callable[[], bool], within_s: float = 60.0) -> None:
    over = threading.Event()
    for _ in range(round(within_s / LOOK_S)):
        if happened():
            return
        over.wait(LOOK_S)
    raise AssertionError("it did not happen")


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_ends_a_run_in_order_with_its_figures(
    number: signal.Signals, code: int, tmp_path: Path
) -> None:
    page = tmp_path / "x.html"
    with loading("--rate", "5", "--seconds", "600", "--json", "--html", str(page)) as process:
        wait_until(lambda: calls_run(process.pid))
        started = children_of(process.pid)
        os.killpg(process.pid, number)
        told, _ = process.communicate(timeout=60)
        assert process.returncode == code
        assert not any(is_there(pid) for pid in started.values())
    found: dict[str, Any] = json.loads(told)
    assert found["verdict"] == "invalid"
    assert found["exit_code"] == code
    assert found["invalid_because"][0].startswith("interrupted: ")
    assert found["calls"]["started"] > 0
    assert "interrupted: " in page.read_text()


def test_the_second_signal_ends_it_at_once_and_without_figures() -> None:
    with loading("--rate", "5", "--seconds", "600", "--json") as process:
        wait_until(lambda: calls_run(process.pid))
        process.send_signal(signal.SIGINT)
        threading.Event().wait(BETWEEN_S)
        process.send_signal(signal.SIGINT)
        told, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert told == b""
    assert b"ended before there was anything to report" in errors
    assert b"Traceback" not in errors


def test_the_server_and_the_model_end_with_a_load_test_that_is_killed() -> None:
    with loading("--calls", "1") as process:
        wait_until(lambda: "serve" in children_of(process.pid))
        started = children_of(process.pid)
        process.kill()
        process.wait()
        wait_until(lambda: not any(is_there(pid) for pid in started.values()))


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
