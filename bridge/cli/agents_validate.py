"""offhook agents validate: what is wrong with documents, before anybody hears them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from bridge.agents.problems import AgentError, Problem
from bridge.cli.agent_files import read, tests_beside, tests_path
from bridge.cli.agent_judged import check_tests, read_agent, warnings_of
from bridge.cli.agent_source import FILES
from bridge.cli.agent_texts import DRAFT, wanted
from bridge.cli.console import DONE, FAILED, USAGE, line, report, stderr, stop
from bridge.cli.environment import settings_from
from bridge.cli.store import in_store
from bridge.functions import Allowed
from bridge.settings import Settings
from bridge.store.agents import AgentStore


@dataclass(frozen=True)
class _Judged:
    """``problems`` know what they are in."""

    source: str
    problems: Sequence[tuple[str, Problem]]
    warnings: Sequence[str]


def agents_validate(
    names: Annotated[
        list[str], typer.Argument(metavar="NAME...", help="YAML files, or agents of the store.")
    ],
    draft: Annotated[bool, typer.Option("--draft", help="The draft; of the store.")] = False,
    version: Annotated[
        int | None,
        typer.Option(min=1, help="This version. Without: the draft, or else the published one."),
    ] = None,
    functions: Annotated[
        bool, typer.Option("--functions/--no-functions", help="Whether they can be loaded here.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Say what is wrong with documents and their test conversations, each with line and mend.

    Files need no store. Ends with 1 where something is wrong.
    """
    if draft and version is not None:
        stop("--draft and --version exclude each other; give one of them", USAGE)
    which = DRAFT if draft else str(version) if version is not None else None
    found = [_judged(name, which, functions) for name in names]
    if as_json:
        report({"documents": [_facts(each) for each in found]})
    else:
        for each in found:
            _tell(each)
    raise typer.Exit(FAILED if any(each.problems for each in found) else DONE)


def _judged(name: str, which: str | None, functions: bool) -> _Judged:
    settings = None if name.endswith(FILES) else settings_from(telephone=False, model=False)
    allowed = None if settings is None else Allowed(settings.store.functions)
    source, text, tests, tests_source = _texts(name, which, settings)
    problems: list[tuple[str, Problem]] = []
    warnings: Sequence[str] = ()
    try:
        warnings = warnings_of(read_agent(text, source, functions=functions, allowed=allowed))
    except AgentError as error:
        problems += [(source, each) for each in error.problems]
    try:
        check_tests(tests, tests_source)
    except AgentError as error:
        problems += [(tests_source, each) for each in error.problems]
    return _Judged(source, problems, warnings)


def _texts(name: str, which: str | None, settings: Settings | None) -> tuple[str, str, str, str]:
    """What the document is called, its text, its tests and what they are called. ``settings``
    None: it is a file."""
    if settings is not None:
        found = in_store(lambda database: wanted(AgentStore(database), name, which), "", settings)
        source = f"{name}, {found.which}"
        return source, found.text, found.tests, f"the tests of {source}"
    if which is not None:
        stop(f"{name} is a file: it has no drafts and no versions", USAGE)
    path = Path(name)
    try:
        tests = tests_beside(path) or ""
        return name, read(path), tests, str(tests_path(path))
    except AgentError as error:
        stop(str(error), USAGE)


def _tell(judged: _Judged) -> None:
    for source, problem in judged.problems:
        stderr.print(str(AgentError(source, [problem])), style="red", markup=False)
    for warning in judged.warnings:
        stderr.print(f"{judged.source}: warning: {warning}", style="yellow", markup=False)
    if not judged.problems:
        line(f"{judged.source}: valid")


def _facts(judged: _Judged) -> dict[str, object]:
    return {
        "source": judged.source,
        "valid": not judged.problems,
        "problems": [{"source": source, **vars(each)} for source, each in judged.problems],
        "warnings": list(judged.warnings),
    }
