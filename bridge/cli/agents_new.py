"""offhook agents new: an agent with a first draft."""

from pathlib import Path
from typing import Annotated

import typer

from bridge.agents.default import first_text
from bridge.agents.problems import AgentError
from bridge.cli.agent_files import read, tests_beside, tests_path
from bridge.cli.agent_judged import check_tests, draft_warnings
from bridge.cli.author import AUTHOR, change_by
from bridge.cli.console import FAILED, USAGE, line, stderr, stop
from bridge.cli.environment import settings_from
from bridge.cli.store import in_store
from bridge.functions import Allowed
from bridge.store.agents import AgentStore


def agents_new(
    name: Annotated[str, typer.Argument(help="Small letters, digits and -, such as front-desk.")],
    source: Annotated[
        Path | None,
        typer.Option("--from", help="A YAML file. Without: a plain assistant, to be edited."),
    ] = None,
    author: AUTHOR = None,
) -> None:
    """Make an agent. It has a draft then, and answers nobody until that is published.

    Ends with 1 where the file is not valid.
    """
    try:
        text = first_text(_title(name)) if source is None else read(source)
        tests = (tests_beside(source) if source else None) or ""
    except AgentError as error:
        stop(str(error), USAGE)
    settings, change = settings_from(telephone=False, model=False), change_by(author)
    if source is not None:
        _judge(text, tests, source, Allowed(settings.store.functions))
    about = str(source or name)
    in_store(
        lambda database: AgentStore(database).create(name, text, change, tests), about, settings
    )
    line(f"{name}: draft 1; work on it with: offhook agents edit {name}")


def _judge(text: str, tests: str, source: Path, allowed: Allowed) -> None:
    try:
        warnings = draft_warnings(text, str(source), allowed)
        check_tests(tests, str(tests_path(source)))
    except AgentError as error:
        stop(str(error), FAILED)
    for warning in warnings:
        stderr.print(f"warning: {warning}", style="yellow", markup=False)


def _title(name: str) -> str:
    return name.replace("-", " ").capitalize()
