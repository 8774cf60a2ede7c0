"""offhook agents publish, rollback, require-tests, discard and delete: what new calls get."""

from typing import Annotated

import typer

from bridge.cli.author import AUTHOR, NOTE, change_by
from bridge.cli.console import line
from bridge.cli.environment import settings_from
from bridge.cli.store import in_store
from bridge.cli.tests_required import check_of
from bridge.cli.trials_left import trials_left
from bridge.functions import Allowed
from bridge.store.agents import AgentStore
from bridge.store.database import Database
from bridge.store.problems import NotFound

NAME = Annotated[str, typer.Argument(help="An agent of the store.")]


def agents_publish(
    name: NAME,
    note: NOTE = "",
    revision: Annotated[
        int | None, typer.Option(min=1, help="Only if the draft is still this one.")
    ] = None,
    author: AUTHOR = None,
) -> None:
    """Make the draft the next version, to the byte. New calls get it, running ones stay on theirs.

    Ends with 1 where the draft is not valid, its functions cannot be loaded, or tests that are
    required do not pass.
    """
    settings = settings_from(telephone=False, model=False)
    change = change_by(author, note)

    async def publish(database: Database) -> list[str]:
        agents = AgentStore(database, Allowed(settings.store.functions))
        seen = revision or (await agents.draft(name)).revision
        check = await check_of(agents, name, settings)
        version = await agents.publish(name, revision=seen, change=change, check=check)
        told = f"{name}: version {version.number} is published"
        return [told, *await trials_left(database, version)]

    line("\n".join(in_store(publish, name, settings)))


def agents_rollback(
    name: NAME,
    number: Annotated[int, typer.Argument(min=1, help="The version that new calls get again.")],
    note: NOTE = "",
    author: AUTHOR = None,
) -> None:
    """Give new calls an older version again, as it was.

    A trial goes on: the routes that lead to another version are named, and how to end it there.
    """
    settings = settings_from(telephone=False, model=False)
    change, allowed = change_by(author, note), Allowed(settings.store.functions)

    async def roll_back(database: Database) -> list[str]:
        version = await AgentStore(database, allowed).rollback(name, number, change)
        told = f"{name}: version {number} is published again"
        return [told, *await trials_left(database, version)]

    line("\n".join(in_store(roll_back, name, settings)))


def agents_require_tests(
    name: NAME,
    off: Annotated[bool, typer.Option("--off", help="No longer.")] = False,
    author: AUTHOR = None,
) -> None:
    """Let an agent be published only when its test conversations pass."""
    change = change_by(author)
    in_store(lambda database: AgentStore(database).require_tests(name, not off, change))
    line(f"{name}: tests are {'not required' if off else 'required'} to publish")


def agents_discard(name: NAME, author: AUTHOR = None) -> None:
    """Drop the draft. What is published stays; the audit keeps the text."""
    change = change_by(author)

    async def discard(database: Database) -> int:
        agents = AgentStore(database)
        revision = (await agents.get(name)).draft_revision
        if revision is None:
            raise NotFound("draft", f"agent {name} has none; there is nothing to discard")
        await agents.discard_draft(name, revision=revision, change=change)
        return revision

    line(f"{name}: draft {in_store(discard)} is discarded")


def agents_delete(
    name: NAME,
    yes: Annotated[bool, typer.Option("--yes", help="Without asking.")] = False,
    author: AUTHOR = None,
) -> None:
    """Remove an agent with all its versions. Not while a route leads to it."""
    if not yes:
        typer.confirm(f"Remove {name} with all its versions?", abort=True, err=True)
    change = change_by(author)
    in_store(lambda database: AgentStore(database).delete(name, change))
    line(f"{name}: deleted")
