"""All checks together: none waits for another, and none can stop the others."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from bridge.doctor import Finding, examine
from bridge.doctor.apart import apart
from bridge.doctor.examination import NAMES, Check, checks, findings, wrong
from bridge.doctor.finding import good
from bridge.settings import Settings, SettingsError
from tests.doctor.patient import KEY, settings


async def broken() -> Sequence[Finding]:
    raise LookupError(f"with {KEY} in its words")


async def endless() -> Sequence[Finding]:
    await asyncio.Event().wait()
    raise AssertionError


async def well() -> Sequence[Finding]:
    return [good("well", f"told {KEY}")]


def run(*asked: Check) -> list[Finding]:
    return asyncio.run(findings(asked, [KEY]))


def test_a_check_that_raises_is_failed_by_its_name_and_the_others_go_on() -> None:
    first, second, third = run(Check(("a", "b"), broken), Check(("well",), well))
    assert (first.check, first.state, second.check, second.state) == ("a", "failed", "b", "failed")
    assert "LookupError" in first.told and first.mend
    assert third.state == "good"


def test_a_check_that_does_not_end_is_failed_in_its_time() -> None:
    began = time.monotonic()
    first, second = run(Check(("a",), endless, timeout_s=0.1), Check(("well",), well))
    assert time.monotonic() - began < 5
    assert (first.state, second.state) == ("failed", "good")
    assert "no result within 0.1 s" in first.told


def test_checks_run_at_the_same_time() -> None:
    together = asyncio.Barrier(3)

    async def waits() -> Sequence[Finding]:
        await together.wait()
        return [good("waits", "")]

    found = run(*(Check(("waits",), waits, timeout_s=5) for _ in range(3)))
    assert [each.state for each in found] == ["good"] * 3


def test_no_secret_is_in_any_finding() -> None:
    (finding,) = run(Check(("well",), well))
    assert finding.told == "told ***"


def test_each_name_is_found_once_and_in_order(tmp_path: Path) -> None:
    asked = settings(tmp_path)
    found = asyncio.run(examine(asked))
    assert tuple(each.check for each in found) == NAMES
    assert all(bool(each.mend) == (each.state == "failed") for each in found)
    named = [name for each in checks(asked, time.time) for name in each.names]
    assert (NAMES[0], *named) == NAMES


def test_warnings_of_the_settings_are_told(tmp_path: Path) -> None:
    first, *_ = asyncio.run(examine(settings(tmp_path, OFFHOOK_POTR="1")))
    assert first.state == "good" and "did you mean OFFHOOK_PORT?" in first.told


def test_wrong_settings_are_told_all_and_nothing_else_is_looked_at() -> None:
    with pytest.raises(SettingsError) as raised:
        Settings.from_env({"OFFHOOK_PORT": "x", "OFFHOOK_MODEL_PROVIDER": "azure"})
    first, *others = wrong(raised.value)
    assert first.state == "failed"
    assert len(first.told.splitlines()) == len(raised.value.problems) > 2
    assert [each.check for each in others] == list(NAMES[1:])
    assert {each.state for each in others} == {"skipped"}


def test_work_in_a_thread_returns_or_raises_here() -> None:
    def fails() -> None:
        raise KeyError("x")

    async def main() -> int:
        with pytest.raises(KeyError):
            await apart(fails)
        return await apart(lambda: 7)

    assert asyncio.run(main()) == 7


HANGS = """
import asyncio, threading
from bridge.doctor.apart import apart

async def main():
    async with asyncio.timeout(0.05):
        await apart(threading.Event().wait)

asyncio.run(main())
"""


def test_work_that_hangs_does_not_hold_up_the_end_of_the_program() -> None:
    command = [sys.executable, "-c", HANGS]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert "TimeoutError" in done.stderr
