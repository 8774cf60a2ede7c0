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
from bridge.cli.agent_judged import check_tests, read_agent, warnings_of
from bridge.cli.agent_source import opened_store
from bridge.cli.agent_texts import Text, wanted
from bridge.cli.author import AUTHOR, change_by
from bridge.cli.console import FAILED, line, stderr, stop
from bridge.cli.editor import edited, editor, is_interactive
from bridge.cli.environment import settings_from
from bridge.cli.loop import run
from bridge.cli.store import opened, told
from bridge.functions.placed import unloadable
from bridge.settings import Settings
from bridge.store.agents import AgentStore, Draft
from bridge.store.audit import Change
from bridge.store.problems import StoreProblem


@dataclass(frozen=True)
class _Work:
    """``revision`` is that of the draft that is edited; None: there was none, and one is made of
    what is published. ``path`` holds what is edited, the document or its tests."""

    name: str
    begun: Text
    revision: int | None
    path: Path
    tests: bool

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
    settings = settings_from(telephone=False)
    command = editor()
    change = change_by(author)
    begun, revision = run(_begun(settings, name))
    # For its owner alone, as ``mkdtemp`` makes it: instructions may be confidential.
    path = Path(mkdtemp(prefix="offhook-")) / f"{name}{TESTS_SUFFIX if tests else SUFFIX}"
    work = _Work(name, begun, revision, path, tests)
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


async def _begun(settings: Settings, name: str) -> tuple[Text, int | None]:
    async with opened(settings) as database:
        agents = AgentStore(database)
        row = await agents.get(name)
        if row.draft_revision is None:
            return await wanted(agents, name, None), None
        draft = await agents.draft(name)
        return Text("draft", draft.text, draft.tests), draft.revision


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
        if not (is_interactive() and typer.confirm("Edit it again?", default=True, err=True)):
            stop(_kept(work), FAILED)


def _check(work: _Work, text: str) -> None:
    """Raises ``AgentError``. A function that is not installed here may be where calls are."""
    source = str(work.path)
    if work.tests:
        return check_tests(text, source)
    agent = read_agent(text, source, functions=False)
    missing = [str(AgentError(source, [each])) for each in unloadable(agent, text)]
    for warning in [*missing, *warnings_of(agent)]:
        stderr.print(f"warning: {warning}", style="yellow", markup=False)
    return None


async def _saved(settings: Settings, work: _Work, text: str, change: Change) -> Draft:
    document, tests = (work.begun.text, text) if work.tests else (text, None)
    try:
        async with opened_store(settings) as database:
            return await AgentStore(database).save_draft(
                work.name, document, revision=work.revision, change=change, tests=tests
            )
    except StoreProblem as problem:
        stop(f"{told(problem, str(work.path))}\n{_kept(work)}", FAILED)


def _kept(work: _Work) -> str:
    return f"nothing is saved; your text is in {work.path}"
