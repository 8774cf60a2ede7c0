"""The editor of whoever sits at the terminal."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import typer

from bridge.cli.console import USAGE, stop

USUAL: Final = ("sensible-editor", "nano", "vi")


def editor() -> Sequence[str]:
    """As a command, from $VISUAL or $EDITOR; ends with 2 where there is none."""
    given = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    try:
        words = shlex.split(given or "")
    except ValueError as error:
        stop(f"EDITOR: {given} is no command ({error}); set it to one such as nano", USAGE)
    words = words or [each for each in USUAL if shutil.which(each)][:1]
    if not words:
        stop("there is no editor; set EDITOR to one such as nano", USAGE)
    if shutil.which(words[0]) is None:
        stop(f"EDITOR: {words[0]} is not there; set it to an editor that is installed", USAGE)
    return words


def edited(command: Sequence[str], path: Path) -> int:
    """Its exit code, once it is closed. It has the terminal to itself meanwhile: Ctrl-C means
    something to many editors, and must not end us under one that is open."""
    before = signal.signal(signal.SIGINT, lambda number, frame: None)
    try:
        return subprocess.run([*command, str(path)], check=False).returncode
    finally:
        signal.signal(signal.SIGINT, before)


def asked(question: str) -> bool:
    """Yes, where somebody is there to say so."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    try:
        return typer.confirm(question, default=True, err=True)
    except typer.Abort:
        return False
