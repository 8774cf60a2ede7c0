"""How commands speak: reports on stdout, everything else on stderr."""

import json
import sys
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.text import Text

from bridge.characters import printable, without_control

DONE, FAILED, USAGE, INVALID = 0, 1, 2, 3

stdout = Console(soft_wrap=True, highlight=False)
stderr = Console(stderr=True, soft_wrap=True, highlight=False)


def report(data: dict[str, Any]) -> None:
    """One JSON object on stdout."""
    sys.stdout.write(json.dumps(data, indent=1) + "\n")
    sys.stdout.flush()


def line(text: str) -> None:
    """One line on stdout, at once: others may wait for it. Or a text of several."""
    sys.stdout.write(without_control(text) + "\n")
    sys.stdout.flush()


def cells(*texts: str) -> tuple[Text, ...]:
    """Of a table: what others wrote is shown and neither read as markup nor obeyed."""
    return tuple(Text("\n".join(map(printable, each.split("\n")))) for each in texts)


def stop(message: str, code: int) -> NoReturn:
    stderr.print(without_control(message), style="red", markup=False)
    raise typer.Exit(code)
