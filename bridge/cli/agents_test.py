"""offhook agents test: an agent's own test conversations."""

import os
from collections.abc import Sequence
from typing import Annotated

import typer

from bridge import endpoint
from bridge.agents.canonical import write
from bridge.agents.problems import AgentError
from bridge.cli.agent_source import DRAFT, NAME, VERSION, Source, replies_text, source
from bridge.cli.console import DONE, FAILED, USAGE, report, stderr, stdout, stop
from bridge.cli.environment import settings_from
from bridge.cli.loop import run
from bridge.functions import FunctionsError
from bridge.settings import LocalSettings, Settings
from bridge.transport.model import ModelUnavailable
from bridge.trials.apart import TIMEOUT_S, Asked, run_apart
from bridge.trials.judging import ConversationResult
from bridge.trials.running import run_tests
from bridge.trials.table import results_facts, results_table

LOCAL = "the local model, in virtual time"


def agents_test(
    name: NAME,
    draft: DRAFT = False,
    version: VERSION = None,
    real: Annotated[
        bool, typer.Option("--real", help="Against the configured model, text by text.")
    ] = False,
    time_limit: Annotated[
        float,
        typer.Option(min=1, metavar="SECONDS", help="For all of them; not with --real."),
    ] = TIMEOUT_S,
    as_json: Annotated[bool, typer.Option("--json", help="The results as JSON.")] = False,
) -> None:
    """Hold an agent's test conversations and compare what it says and does.

    They are in NAME.tests.yaml beside the document. Ends with 1 when one fails.
    """
    settings = settings_from(telephone=False)
    if real and isinstance(settings.model, LocalSettings):
        stop("--real needs a model: set AZURE_OPENAI_ENDPOINT or OPENAI_API_KEY", USAGE)
    found = source(name, settings, draft=draft, version=version)
    if not found.tests.strip():
        stop(f"{found.title} has no test conversations; write {found.tests_source}", USAGE)
    results = _results(settings, found, None if real else time_limit)
    model = settings.model.describe() if real else LOCAL
    if as_json:
        report(results_facts(found.title, model, results))
    else:
        stdout.print(results_table(results))
        passed = sum(each.passed for each in results)
        stdout.print(f"{passed} of {len(results)} passed: {found.title}, {model}", markup=False)
    raise typer.Exit(DONE if all(each.passed for each in results) else FAILED)


def _results(
    settings: Settings, found: Source, time_limit_s: float | None
) -> Sequence[ConversationResult]:
    """``time_limit_s`` None: against the real model."""
    try:
        if time_limit_s is None:
            return run(_with_model(settings, found))
        return _in_virtual_time(settings, found, time_limit_s)
    except (AgentError, FunctionsError) as error:
        stop(str(error), USAGE)
    except ModelUnavailable as error:
        stop(str(error), FAILED)


def _in_virtual_time(
    settings: Settings, found: Source, time_limit_s: float
) -> Sequence[ConversationResult]:
    """In a process that can be ended: a regular expression may take for ever."""
    asked = Asked(
        write(found.agent),
        found.tests,
        source=found.tests_source,
        replies=replies_text(settings),
        limits=settings.limits,
        timeout_s=time_limit_s,
    )
    # The functions are run for whoever types this, with all that is theirs.
    answered = run(run_apart(asked, os.environ))
    if answered.problems:
        raise AgentError(found.tests_source, answered.problems)
    if answered.functions:
        raise FunctionsError(answered.functions)
    if answered.broken:
        stop(f"{found.tests_source}: they {answered.broken}", FAILED)
    return answered.results


async def _with_model(settings: Settings, found: Source) -> Sequence[ConversationResult]:
    async with endpoint.opened(settings.model) as endpoints:
        return await run_tests(
            found.agent,
            found.tests,
            model=endpoints.of(found.agent.model),
            limits=settings.limits,
            source=found.tests_source,
            tell=_progress,
        )


def _progress(result: ConversationResult) -> None:
    """A real model takes its time."""
    told = "passed" if result.passed else "failed"
    stderr.print(f"{result.name}: {told}", markup=False)
