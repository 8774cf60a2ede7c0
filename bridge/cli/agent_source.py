"""The agent that a command is about."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from bridge.agents.document import Agent, load_file
from bridge.agents.problems import AgentError
from bridge.cli.console import USAGE, stop
from bridge.settings import LocalSettings, Settings
from bridge.sim.model.rules import PatternError, Patterns, load_patterns

NAME = Annotated[str, typer.Argument(help="An agent of the store, or a YAML file.")]
DRAFT = Annotated[bool, typer.Option("--draft", help="The draft; an error where there is none.")]
VERSION = Annotated[int | None, typer.Option(min=1, help="This version.")]
FILES = (".yaml", ".yml")


@dataclass(frozen=True)
class Source:
    """``title`` says which text it is; ``tests`` may be empty, they are named ``tests_source``."""

    title: str
    agent: Agent
    tests: str
    tests_source: str


def source(name: str, *, draft: bool, version: int | None) -> Source:
    """Ends with 2 where there is none, or where it is not valid."""
    if draft and version is not None:
        stop("--draft and --version exclude each other; give one of them", USAGE)
    if not name.endswith(FILES):
        stop(f"{name}: only YAML files can be tried yet; give a path", USAGE)
    if draft or version is not None:
        stop(f"{name} is a file: it has no drafts and no versions", USAGE)
    try:
        return from_file(Path(name))
    except AgentError as error:
        stop(str(error), USAGE)


def from_file(path: Path) -> Source:
    """The tests of ``NAME.yaml`` are in ``NAME.tests.yaml``. Raises ``AgentError``."""
    agent = load_file(path)
    beside = path.with_name(f"{path.stem}.tests.yaml")
    tests = beside.read_text(encoding="utf-8") if beside.is_file() else ""
    return Source(str(path), agent, tests, str(beside))


def local_replies(settings: Settings) -> Patterns | None:
    """How the local model answers where nothing else says so; ends with 2 for a bad file."""
    model = settings.model
    if not isinstance(model, LocalSettings) or model.replies is None:
        return None
    try:
        return load_patterns(model.replies.read_text(encoding="utf-8"))
    except (OSError, PatternError) as error:
        stop(f"{model.replies}: {error}", USAGE)
