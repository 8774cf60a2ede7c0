"""Who makes a change."""

import getpass
import os
from typing import Annotated

import typer

from bridge.characters import control_problem
from bridge.cli.console import USAGE, stop
from bridge.store.audit import Change

AUTHOR = Annotated[
    str | None,
    typer.Option(help="Who makes the change. Without: the login name.", show_default=False),
]
NOTE = Annotated[str, typer.Option(help="Why, for those who look at it later.")]


def change_by(author: str | None, note: str = "") -> Change:
    """Ends with 2 for an author that a terminal would obey; the store looks at the note."""
    if told := control_problem(author or ""):
        stop(f"--author {told}", USAGE)
    return Change((author or "").strip() or login_name(), note)


def login_name() -> str:
    """A container's user may have none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return f"user {os.getuid()}" if hasattr(os, "getuid") else "unknown"
