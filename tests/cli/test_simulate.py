"""When a simulated call is a good one, and what is refused before it."""

from dataclasses import replace
from pathlib import Path

import pytest

from bridge.cli.simulate import good
from tests.cli.offhook import offhook
from tests.sim.load.scene import call

URL = "http://127.0.0.1:1/twilio/voice"


def test_a_call_in_which_the_bridge_never_says_a_word_is_none() -> None:
    result = call().result()
    assert good(result)
    waited = [*result.steps[:-1], replace(result.steps[-1], timed_out=True)]
    assert not good(replace(result, steps=tuple(waited)))


def test_a_call_in_which_nothing_is_said_is_none() -> None:
    result = call().result()
    assert not good(replace(result, steps=result.steps[-1:]))


@pytest.mark.parametrize("out", ["/proc/nope", "/dev/null", "/dev/null/x"])
def test_a_folder_that_cannot_be_written_to_is_told_before_the_call(out: str) -> None:
    done = offhook("simulate", URL, "--caller", "tones", "--out", out)
    assert done.returncode == 2
    assert f"--out {out}: " in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_the_table_tells_of_calls_and_a_folder_is_made(tmp_path: Path) -> None:
    out = tmp_path / "a" / "b"
    done = offhook("simulate", URL, "--caller", "tones", "--out", str(out))
    assert done.returncode == 1
    assert "answer" in done.stdout
    assert len(list(out.iterdir())) == 1
