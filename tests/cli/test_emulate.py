"""offhook emulate as a process that a load test asks afterwards."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.cli.offhook import offhook


@contextmanager
def emulated(*options: str) -> Iterator[str]:
    """Its origin."""
    command = [sys.executable, "-m", "bridge", "emulate", "--voice", "tones", "--port", "0"]
    with subprocess.Popen([*command, "--json", *options], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["origin"]
        finally:
            process.terminate()


def test_records_are_told_where_they_are_asked_for() -> None:
    with (
        emulated("--records") as origin,
        urllib.request.urlopen(f"{origin}/records", timeout=10) as answer,
    ):
        assert answer.headers["Content-Type"] == "application/json"
        assert json.load(answer)["sessions"] == []


def test_there_are_no_records_otherwise() -> None:
    with emulated() as origin, pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{origin}/records", timeout=10)
    with caught.value as refused:
        assert refused.code == 404


def test_records_are_for_this_machine_alone() -> None:
    done = offhook("emulate", "--records", "--host", "0.0.0.0")
    assert done.returncode == 2
    assert "0.0.0.0 is not loopback" in done.stderr
