"""The command in a process of its own, as a person runs it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

TIMEOUT_S = 150
OF_THE_BRIDGE = ("OFFHOOK_", "AZURE_OPENAI_", "OPENAI_", "TWILIO_")


def offhook(
    *arguments: str, settings: Mapping[str, str] | None = None, typed: str = ""
) -> subprocess.CompletedProcess[str]:
    """``settings`` are all there are; ``typed`` is standard input."""
    plain = {
        name: value for name, value in os.environ.items() if not name.startswith(OF_THE_BRIDGE)
    }
    return subprocess.run(
        [sys.executable, "-m", "bridge", *arguments],
        env={**plain, **(settings or {})},
        input=typed,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


def reported(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The report: the one JSON object that is all of standard output."""
    report = json.loads(done.stdout)
    assert isinstance(report, dict)
    return report
