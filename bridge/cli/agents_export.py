"""offhook agents export: agents as files."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from bridge.cli.agent_files import write
from bridge.cli.agent_texts import DRAFT, PUBLISHED, Text, text_of
from bridge.cli.console import USAGE, line, stop
from bridge.cli.store import in_store
from bridge.store.agents import AgentStore
from bridge.store.database import Database


def agents_export(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Without: all agents.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="A folder, for NAME.yaml and NAME.tests.yaml. Without: one, on stdout."),
    ] = None,
    draft: Annotated[bool, typer.Option("--draft", help="Drafts.")] = False,
    version: Annotated[
        int | None, typer.Option(min=1, help="This version. Without: the published one.")
    ] = None,
) -> None:
    """Write agents as they were published, to the byte."""
    if draft and version is not None:
        stop("--draft and --version exclude each other; give one of them", USAGE)
    if (out is None or version is not None) and len(names or ()) != 1:
        stop("name one agent; several go into a folder: --out FOLDER", USAGE)
    which = DRAFT if draft else PUBLISHED if version is None else str(version)
    found = in_store(lambda database: _texts(database, names or (), which))
    if out is None:
        ((_, text),) = found
        sys.stdout.buffer.write(text.text.encode())
        sys.stdout.flush()
        return
    try:
        for name, text in found:
            for path in write(out, name, text.text, text.tests):
                line(str(path))
    except OSError as error:
        stop(f"--out {out}: {error.strerror}; name a folder that can be written", USAGE)


async def _texts(
    database: Database, names: Sequence[str], which: str
) -> Sequence[tuple[str, Text]]:
    """Of agents that are not named, those that have such a text."""
    agents = AgentStore(database)
    if not names:
        rows = await agents.list()
        names = [
            row.name
            for row in rows
            if (row.draft_revision if which == DRAFT else row.published) is not None
        ]
    return [(name, await text_of(agents, name, which)) for name in names]
