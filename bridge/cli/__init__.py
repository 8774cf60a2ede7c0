"""The command line: one command a file.

Exit codes: 0 done, 1 what was tried failed, 2 settings or usage, 3 the run is invalid.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from errno import EIO, ENOSPC
from importlib import import_module
from typing import Any, cast

import typer
from typer.core import TyperGroup

# Each is a module here, with an ``app`` of several commands or a function of its own name.
COMMANDS = (
    *("demo", "serve", "emulate", "simulate", "loadtest", "rehearse", "say", "doctor"),
    *("agents", "routes", "calls", "tokens"),
)


class OnDemand(Mapping[str, Any]):
    """Commands by name. A module is loaded when its command is asked for: to list calls takes no
    web server, and to simulate one no store."""

    def __getitem__(self, name: str) -> Any:
        if name not in COMMANDS:
            raise KeyError(name)
        module = import_module(f"{__name__}.{name}")
        if hasattr(module, "app"):
            group = typer.main.get_group(module.app)
            group.name = name
            return group
        alone = typer.Typer(add_completion=False)
        alone.command(name)(getattr(module, name))
        return typer.main.get_command(alone)

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class Program(TyperGroup):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = cast(Any, OnDemand())


app = typer.Typer(
    cls=Program, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)


@app.callback()
def offhook() -> None:
    """A phone bridge for realtime voice models."""


def main() -> None:
    try:
        app()
    except OSError as error:
        # Of a file we wrote it would have the name: this is standard output.
        if error.errno not in (ENOSPC, EIO) or error.filename is not None:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left goes there
        sys.stderr.write(f"the output cannot be written ({error.strerror})\n")
        sys.exit(1)
