"""offhook agents new: an agent with a first draft."""

from pathlib import Path
from typing import Annotated

import typer

from bridge.agents.default import first_text
from bridge.agents.problems import AgentError
from bridge.cli.agent_files import read, tests_beside
from bridge.cli.author import AUTHOR, change_by
from bridge.cli.console import USAGE, line, stop
from bridge.cli.store import in_store
from bridge.store.agents import AgentStore


def agents_new(
    name: Annotated[str, typer.Argument(help="Small letters, digits and -, such as front-desk.")],
    source: Annotated[
        Path | None,
        typer.Option("--from", help="A YAML file. Without: a plain assistant, to be edited."),
    ] = None,
    author: AUTHOR = None,
) -> None:
    """Make an agent. It has a draft then, and answers nobody until that is published."""
    try:
        text = first_text(_title(name)) if source is None else read(source)
        tests = (tests_beside(source) if source else None) or ""
    except AgentError as error:
        stop(str(error), USAGE)
    change = change_by(author)
    in_store(lambda database: AgentStore(database).create(name, text, change, tests))
    line(f"{name}: draft 1; work on it with: offhook agents edit {name}")


def _title(name: str) -> str:
    return name.replace("-", " ").capitalize()
