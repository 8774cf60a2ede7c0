"""The test conversations that a draft has to pass before it is published."""

import os

from bridge.agents.document import Agent
from bridge.agents.problems import Problem
from bridge.cli.agent_source import replies_text
from bridge.cli.console import stderr
from bridge.settings import Settings
from bridge.store.agents import AgentStore, Check, Draft
from bridge.store.problems import Invalid
from bridge.trials.apart import Asked, run_apart
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
        asked = Asked(
            draft.text, draft.tests, replies=replies_text(settings), limits=settings.limits
        )
        answered = await run_apart(asked, environ=os.environ)
        results = answered.results
        if answered.problems:
            raise Invalid("tests", answered.problems)
        if answered.functions:
            raise _invalid("cannot be held: " + "\n".join(answered.functions))
        if answered.broken:
            raise _invalid(answered.broken)
        failed = [each.name for each in results if not each.passed]
        if failed:
            stderr.print(results_table(results))
            mend = "mend the document or its tests"
            raise _invalid(f"{len(failed)} of {len(results)} failed: {', '.join(failed)}; {mend}")

    return check


def _invalid(message: str) -> Invalid:
    return Invalid("tests", [Problem(1, 1, "", message)])
