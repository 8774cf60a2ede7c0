"""One command in a process of its own, without the others."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.cli.offhook import OF_THE_BRIDGE, TIMEOUT_S

CODE = """
import importlib, sys, typer
name = sys.argv.pop(1)
typer.run(getattr(importlib.import_module(f"bridge.cli.{name}"), name))
"""


def alone(
    command: str,
    *arguments: str | Path,
    settings: Mapping[str, str] | None = None,
    typed: str = "",
) -> subprocess.CompletedProcess[str]:
    """As ``offhook``; the module and the function in it are named alike."""
    plain = {
        name: value for name, value in os.environ.items() if not name.startswith(OF_THE_BRIDGE)
    }
    return subprocess.run(
        [sys.executable, "-c", CODE, command, *map(str, arguments)],
        env={**plain, "OFFHOOK_MODEL_PROVIDER": "local", "COLUMNS": "120", **(settings or {})},
        input=typed,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
