"""offhook agents import: files become drafts, or versions."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from bridge.agents.problems import AgentError
from bridge.cli.agent_files import AgentFile, files_of, tests_path
from bridge.cli.agent_judged import check_tests, read_agent
from bridge.cli.author import AUTHOR, NOTE, change_by
from bridge.cli.console import FAILED, USAGE, line, stop
from bridge.cli.environment import settings_from
from bridge.cli.store import in_store
from bridge.cli.tests_required import check_of
from bridge.cli.trials_left import trials_left
from bridge.functions import Allowed
from bridge.settings import Settings
from bridge.store.agents import AgentStore, Draft, Version
from bridge.store.audit import Change
from bridge.store.database import Database
from bridge.store.problems import Conflict, NotFound


def agents_import(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Files NAME.yaml, or folders of them.")
    ],
    publish: Annotated[bool, typer.Option("--publish", help="Publish them as well.")] = False,
    note: NOTE = "",
    replace_draft: Annotated[
        bool, typer.Option("--replace-draft", help="Even where it is somebody else's.")
    ] = False,
    author: AUTHOR = None,
) -> None:
    """Make drafts of files; NAME.tests.yaml beside one holds its test conversations.

    What is published already is left alone. Nothing is imported unless every file is valid.
    """
    settings = settings_from(telephone=False, model=False)
    files = _files(paths, Allowed(settings.store.functions), functions=publish)
    change = change_by(author, note)
    for each in files:
        importing = _Importing(settings, each, change, publish, replace_draft)
        line(f"{each.name}: {in_store(importing.done, str(each.path), settings)}")


def _files(paths: Sequence[Path], allowed: Allowed, *, functions: bool) -> Sequence[AgentFile]:
    """A draft's functions need not be installed here."""
    try:
        files = files_of(paths)
    except AgentError as error:
        stop(str(error), USAGE)
    problems = []
    for each in files:
        try:
            read_agent(each.text, str(each.path), functions=functions, allowed=allowed)
            check_tests(each.tests or "", str(tests_path(each.path)))
        except AgentError as error:
            problems.append(str(error))
    if problems:
        stop("\n".join([*problems, "nothing is imported"]), FAILED)
    return files


class _Importing:
    """One file, of which ``done`` says what became."""

    def __init__(
        self, settings: Settings, file: AgentFile, change: Change, publish: bool, replace: bool
    ) -> None:
        self._settings = settings
        self._file = file
        self._change = change
        self._publish = publish
        self._replace = replace

    async def done(self, database: Database) -> str:
        allowed = Allowed(self._settings.store.functions)
        agents, file = AgentStore(database, allowed), self._file
        try:
            row = await agents.get(file.name)
        except NotFound:
            made = await agents.create(file.name, file.text, self._change, file.tests or "")
            return await self._kept(database, agents, made)
        if row.published is not None:
            version = await agents.version(file.name, row.published)
            if self._is(version):
                return f"is version {version.number} already, nothing changed"
        seen = None if row.draft_revision is None else await agents.draft(file.name)
        if seen is not None and self._is(seen):
            if self._publish:
                return await self._kept(database, agents, seen)
            return f"is draft {seen.revision} already, nothing changed"
        return await self._kept(database, agents, await self._saved(agents, seen))

    def _is(self, kept: Draft | Version) -> bool:
        return self._file.text == kept.text and self._file.tests in (None, kept.tests)

    async def _saved(self, agents: AgentStore, seen: Draft | None) -> Draft:
        if seen is not None and seen.author != self._change.who and not self._replace:
            told = (
                f"agent {seen.agent} has one by {seen.author}; publish or discard it first, or"
                " replace it with --replace-draft"
            )
            raise Conflict("draft", told, seen.revision)
        return await agents.save_draft(
            self._file.name,
            self._file.text,
            revision=seen.revision if seen else None,
            change=self._change,
            tests=self._file.tests,
        )

    async def _kept(self, database: Database, agents: AgentStore, draft: Draft) -> str:
        if not self._publish:
            return f"draft {draft.revision}"
        check = await check_of(agents, draft.agent, self._settings)
        version = await agents.publish(
            draft.agent, revision=draft.revision, change=self._change, check=check
        )
        told = f"version {version.number} is published"
        return "\n".join([told, *await trials_left(database, version)])
