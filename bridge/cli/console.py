"""How commands speak: reports on stdout, everything else on stderr."""

import json
import sys
from typing import Any, NoReturn

import typer
from rich.console import Console

DONE, FAILED, USAGE, INVALID = 0, 1, 2, 3

stdout = Console(soft_wrap=True, highlight=False)
stderr = Console(stderr=True, soft_wrap=True, highlight=False)


def report(data: dict[str, Any]) -> None:
    """One JSON object on stdout."""
    sys.stdout.write(json.dumps(data, indent=1) + "\n")
    sys.stdout.flush()


def line(text: str) -> None:
    """One line on stdout, at once: others may wait for it."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def stop(message: str, code: int) -> NoReturn:
    stderr.print(message, style="red", markup=False)
    raise typer.Exit(code)
