"""What is wrong with an agent's texts, as a publish would see them."""

from bridge.agents.document import Agent, load
from bridge.agents.problems import AgentError
from bridge.functions import Allowed
from bridge.functions.placed import unloadable
from bridge.trials.reading import load_conversations

DIALECTS = ("ga", "preview", "preview-2024-10")


def read_agent(
    text: str, source: str, *, functions: bool = True, allowed: Allowed | None = None
) -> Agent:
    """A document that calls can use. ``functions`` False: they need not be installed here.
    ``allowed`` None: it is a file, and stays one. Raises ``AgentError`` with every problem."""
    agent = load(text, source=source)
    if functions and (problems := unloadable(agent, text, allowed)):
        raise AgentError(source, problems)
    return agent


def draft_warnings(text: str, source: str, allowed: Allowed) -> list[str]:
    """Of a text that can be a draft. A function that is not installed here may be where calls are,
    so it is told of in a warning. Raises ``AgentError`` with every problem."""
    agent = read_agent(text, source, functions=False)
    unusable = [str(AgentError(source, [each])) for each in unloadable(agent, text, allowed)]
    return [*unusable, *warnings_of(agent)]


def check_tests(tests: str, source: str) -> None:
    """Raises ``AgentError`` with every problem; none are as good as some."""
    load_conversations(tests, source=source)


def warnings_of(agent: Agent) -> list[str]:
    """A warning that holds for every dialect is told once."""
    told: dict[str, list[str]] = {}
    for dialect in DIALECTS:
        for warning in agent.warnings(dialect):
            told.setdefault(warning, []).append(dialect)
    return [
        warning if len(names) == len(DIALECTS) else f"{', '.join(names)}: {warning}"
        for warning, names in told.items()
    ]
