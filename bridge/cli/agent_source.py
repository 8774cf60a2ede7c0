"""The agent that a command is about: of the store, or a file."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from bridge.agents.document import Agent, load, load_file
from bridge.agents.problems import AgentError
from bridge.cli.console import FAILED, USAGE, stop
from bridge.cli.loop import run
from bridge.functions import Allowed
from bridge.functions.placed import refused
from bridge.settings import LocalSettings, Settings
from bridge.sim.model.rules import PatternError, Patterns, load_patterns
from bridge.store.agents import AgentStore, Draft, Version
from bridge.store.database import Database, store_url
from bridge.store.migrate import migrate
from bridge.store.problems import NotFound, StoreProblem, StoreUnavailable

NAME = Annotated[str, typer.Argument(help="An agent of the store, or a YAML file.")]
DRAFT = Annotated[bool, typer.Option("--draft", help="The draft; an error where there is none.")]
VERSION = Annotated[
    int | None,
    typer.Option(min=1, help="This version. Without: the draft, or else the published one."),
]
FILES = (".yaml", ".yml")


@dataclass(frozen=True)
class Source:
    """``title`` says which text it is; ``tests`` may be empty, they are named ``tests_source``."""

    title: str
    agent: Agent
    tests: str
    tests_source: str


def source(name: str, settings: Settings, *, draft: bool, version: int | None) -> Source:
    """Ends with 2 where there is none, or where it is not valid."""
    if draft and version is not None:
        stop("--draft and --version exclude each other; give one of them", USAGE)
    is_file = name.endswith(FILES)
    if is_file and (draft or version is not None):
        stop(f"{name} is a file: it has no drafts and no versions", USAGE)
    try:
        return from_file(Path(name)) if is_file else run(_stored(name, settings, draft, version))
    except StoreUnavailable as error:
        stop(str(error), FAILED)
    except (AgentError, StoreProblem) as error:
        stop(str(error), USAGE)


def from_file(path: Path) -> Source:
    """The tests of ``NAME.yaml`` are in ``NAME.tests.yaml``. Raises ``AgentError``."""
    agent = load_file(path)
    beside = path.with_name(f"{path.stem}.tests.yaml")
    tests = beside.read_text(encoding="utf-8") if beside.is_file() else ""
    return Source(str(path), agent, tests, str(beside))


@asynccontextmanager
async def opened_store(settings: Settings) -> AsyncIterator[Database]:
    """The database, with its tables. Raises ``StoreUnavailable``."""
    database = await Database.open(store_url(settings.store.database_url, settings.state_dir))
    try:
        await migrate(database)
        yield database
    finally:
        await database.close()


async def _stored(name: str, settings: Settings, draft: bool, version: int | None) -> Source:
    async with opened_store(settings) as database:
        text = await _text(AgentStore(database), name, draft, version)
    which = f"draft {text.revision}" if isinstance(text, Draft) else f"version {text.number}"
    title = f"{name}, {which}"
    agent = load(text.text, source=title)
    if problems := refused(agent, text.text, Allowed(settings.store.functions)):
        raise AgentError(title, problems)
    return Source(title, agent, text.tests, f"the tests of {title}")


async def _text(agents: AgentStore, name: str, draft: bool, version: int | None) -> Draft | Version:
    if version is not None:
        return await agents.version(name, version)
    row = await agents.get(name)
    if draft or row.draft_revision is not None:
        return await agents.draft(name)
    if row.published is None:
        raise NotFound("name", f"agent {name} has neither draft nor published version; save one")
    return await agents.version(name, row.published)


def local_replies(settings: Settings) -> Patterns | None:
    """How the local model answers where nothing else says so; ends with 2 for a bad file."""
    read = _replies(settings)
    return read and read[1]


def replies_text(settings: Settings) -> str | None:
    """The same as it is written."""
    read = _replies(settings)
    return read and read[0]


def _replies(settings: Settings) -> tuple[str, Patterns] | None:
    model = settings.model
    if not isinstance(model, LocalSettings) or model.replies is None:
        return None
    try:
        text = model.replies.read_text(encoding="utf-8")
        return text, load_patterns(text)
    except (OSError, PatternError) as error:
        stop(f"{model.replies}: {error}", USAGE)
