"""The test conversations that a draft has to pass before it is published."""

from bridge.agents.document import Agent
from bridge.agents.problems import AgentError, Problem
from bridge.cli.agent_source import local_replies
from bridge.cli.console import stderr
from bridge.functions import FunctionsError
from bridge.settings import Settings
from bridge.store.agents import AgentStore, Check, Draft
from bridge.store.problems import Invalid
from bridge.trials.running import run_tests
from bridge.trials.table import results_table


async def check_of(agents: AgentStore, name: str, settings: Settings) -> Check | None:
    """What a publish of this agent has to pass; None: nothing of the kind."""
    required = (await agents.get(name)).tests_required
    return tests_check(settings) if required else None


def tests_check(settings: Settings) -> Check:
    """As ``offhook agents test`` holds them; those that fail are shown."""

    async def check(draft: Draft, agent: Agent) -> None:
        if not draft.tests.strip():
            raise _invalid(
                f"are required and there are none; write some: offhook agents edit {draft.agent}"
                " --tests"
            )
        try:
            results = await run_tests(
                agent, draft.tests, limits=settings.limits, replies=local_replies(settings)
            )
        except AgentError as error:
            raise Invalid("tests", error.problems) from None
        except FunctionsError as error:
            raise _invalid(f"cannot be held: {error}") from None
        failed = [each.name for each in results if not each.passed]
        if failed:
            stderr.print(results_table(results))
            mend = "mend the document or its tests"
            raise _invalid(f"{len(failed)} of {len(results)} failed: {', '.join(failed)}; {mend}")

    return check


def _invalid(message: str) -> Invalid:
    return Invalid("tests", [Problem(1, 1, "", message)])
