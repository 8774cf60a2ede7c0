"""offhook agents edit: the draft in your own editor."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Annotated

import typer

from bridge.agents.problems import AgentError
from bridge.cli.agent_files import SUFFIX, TESTS_SUFFIX, read
from bridge.cli.agent_judged import check_tests, draft_warnings
from bridge.cli.agent_source import opened_store
from bridge.cli.agent_texts import wanted
from bridge.cli.author import AUTHOR, change_by
from bridge.cli.console import FAILED, line, stderr, stop
from bridge.cli.editor import asked, edited, editor
from bridge.cli.environment import settings_from
from bridge.cli.loop import run
from bridge.cli.store import opened, told
from bridge.functions import Allowed
from bridge.settings import Settings
from bridge.store.agents import EDITED, AgentStore, Draft
from bridge.store.audit import Change
from bridge.store.problems import Conflict, StoreProblem


@dataclass(frozen=True)
class Begun:
    """What is edited. ``revision`` None: there was no draft, and one is made of what was
    ``published``."""

    text: str
    tests: str
    revision: int | None
    published: int | None


@dataclass(frozen=True)
class _Work:
    """``path`` holds what is edited, the document or its tests. ``allowed``: the functions that
    it may name."""

    name: str
    begun: Begun
    path: Path
    tests: bool
    allowed: Allowed

    @property
    def before(self) -> str:
        return self.begun.tests if self.tests else self.begun.text


def agents_edit(
    name: Annotated[str, typer.Argument(help="An agent of the store.")],
    tests: Annotated[bool, typer.Option("--tests", help="Its test conversations.")] = False,
    author: AUTHOR = None,
) -> None:
    """Open the draft in $VISUAL or $EDITOR; where there is none it is made of what is published.

    What is not valid is not saved, and not lost: you can edit it again, or find it in a file.
    Somebody else's change meanwhile is not overwritten.
    """
    settings = settings_from(telephone=False, model=False)
    command = editor()
    change = change_by(author)
    begun = run(_begun(settings, name))
    # For its owner alone, as ``mkdtemp`` makes it: instructions may be confidential.
    path = Path(mkdtemp(prefix="offhook-")) / f"{name}{TESTS_SUFFIX if tests else SUFFIX}"
    work = _Work(name, begun, path, tests, Allowed(settings.store.functions))
    path.write_bytes(work.before.encode())
    text = _worked_on(work, command)
    if text == work.before:
        line(f"{name}: nothing changed")
    else:
        draft = run(_saved(settings, work, text, change))
        line(
            f"{name}: draft {draft.revision} saved; publish it with: offhook agents publish {name}"
        )
    shutil.rmtree(path.parent)


async def _begun(settings: Settings, name: str) -> Begun:
    async with opened(settings) as database:
        agents = AgentStore(database)
        row = await agents.get(name)
        if row.draft_revision is not None:
            draft = await agents.draft(name)
            return Begun(draft.text, draft.tests, draft.revision, row.published)
        found = await wanted(agents, name, None)
        return Begun(found.text, found.tests, None, row.published)


def _worked_on(work: _Work, command: Sequence[str]) -> str:
    """A text that is valid, or as it was; ends with 1 where there is none."""
    while True:
        code = edited(command, work.path)
        if code:
            stop(f"the editor ended with {code}; {_kept(work)}", FAILED)
        try:
            text = read(work.path)
            if text != work.before:
                _check(work, text)
            return text
        except AgentError as error:
            stderr.print(str(error), style="red", markup=False)
        if not asked("Edit it again?"):
            stop(_kept(work), FAILED)


def _check(work: _Work, text: str) -> None:
    """Raises ``AgentError``."""
    source = str(work.path)
    if work.tests:
        return check_tests(text, source)
    for warning in draft_warnings(text, source, work.allowed):
        stderr.print(f"warning: {warning}", style="yellow", markup=False)
    return None


async def _saved(settings: Settings, work: _Work, text: str, change: Change) -> Draft:
    begun = work.begun
    document, tests = (begun.text, text) if work.tests else (text, None)
    try:
        async with opened_store(settings) as database:
            agents = AgentStore(database)
            if (await agents.get(work.name)).published != begun.published:
                raise Conflict("published", EDITED)  # by a draft that came and went meanwhile
            return await agents.save_draft(
                work.name, document, revision=begun.revision, change=change, tests=tests
            )
    except StoreProblem as problem:
        stop(f"{told(problem, str(work.path))}\n{_kept(work)}", FAILED)


def _kept(work: _Work) -> str:
    return f"nothing is saved; your text is in {work.path}"
